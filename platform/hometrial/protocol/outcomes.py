"""Outcomes, endpoints and responders: what is compared with what, and what counts as a response."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, PositiveInt, Tag, model_validator

from hometrial.protocol.arms import Anchor
from hometrial.protocol.declared import (
    Declaration,
    Distinct,
    Id,
    Line,
    Name,
    Several,
    Share,
)

Direction = Literal["higher_better", "higher_worse", "neither"]
Population = Literal["ENR", "FAS", "PP", "SAF"]


class _Outcome(Declaration):
    id: Name
    label: Line
    direction: Direction


class _Averaged(_Outcome):
    """`over_days` and `at_least_days`: a mean over so many days, of which so many must be known."""

    over_days: PositiveInt | None = None
    at_least_days: PositiveInt | None = None

    @model_validator(mode="after")
    def _enough_of_the_days(self) -> Self:
        if (self.over_days is None) != (self.at_least_days is None):
            raise ValueError("over_days and at_least_days belong together: give both or neither")
        if (self.at_least_days or 0) > (self.over_days or 0):
            raise ValueError("at_least_days is more than over_days; lower it")
        return self


class FormOutcome(_Averaged):
    """A score, or an item, of a form."""

    source: Literal["form"]
    form: Name
    score: Name


class WearableOutcome(_Averaged):
    """A daily metric of the wearable."""

    source: Literal["wearable"]
    metric: Name


class LaboratoryOutcome(_Outcome):
    """An analyte on a laboratory's form, in `unit`."""

    source: Literal["laboratory"]
    form: Name
    analyte: Name
    unit: Line


class EventOutcome(_Outcome):
    """A count of events of one kind."""

    source: Literal["events"]
    counts: Literal["adverse_events", "serious_adverse_events", "discontinuations", "crash_days"]


Outcome = Annotated[
    FormOutcome | WearableOutcome | LaboratoryOutcome | EventOutcome, Field(discriminator="source")
]


class AtVisit(Declaration):
    """At the last of these visits that was held; several where arms have different ones."""

    visits: Distinct[Id] = Field(min_length=1)


class AtDays(Declaration):
    """From one day to another after an anchor, both included."""

    anchor: Anchor
    from_day: int
    to_day: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_day < self.from_day:
            raise ValueError(f"day {self.to_day} is before day {self.from_day}; swap them")
        return self


class DuringEpoch(Declaration):
    """During an epoch."""

    epoch: Name


def _when(said: Any) -> str:
    fields = said if isinstance(said, dict) else vars(said) if isinstance(said, Declaration) else {}
    return next((name for name in ("visits", "epoch") if name in fields), "days")


When = Annotated[
    Annotated[AtVisit, Tag("visits")]
    | Annotated[DuringEpoch, Tag("epoch")]
    | Annotated[AtDays, Tag("days")],
    Discriminator(_when),
]


class Endpoint(Declaration):
    """An outcome or a responder's share, `at` a time, as change `against` a time or between the arms."""

    id: Id
    outcome: Name
    at: When
    against: When | None = None
    between_arms: bool = False
    population: Population
    estimand: Literal["treatment_policy", "while_on_drug"]


class Feasibility(Declaration):
    """A measure of whether the trial can be done, with the share it must reach."""

    id: Id
    text: Line
    at_least: Share | None = None


class Endpoints(Declaration):
    """What the trial is judged by."""

    feasibility: Several[Feasibility] = ()
    primary: Several[Endpoint] = Field(min_length=1)
    secondary: Several[Endpoint] = ()

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """Primary endpoints first."""
        return (*self.primary, *self.secondary)


class Mark(Declaration):
    """What one outcome must do: exactly one of a change (positive: a fall, a rise) or a limit."""

    outcome: Name
    falls_by: Annotated[float | None, Field(gt=0)] = None
    rises_by: Annotated[float | None, Field(gt=0)] = None
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one_mark(self) -> Self:
        given = self.model_dump(exclude={"outcome"}, exclude_none=True)
        if len(given) != 1:
            raise ValueError("give one of falls_by, rises_by, below, at_most, at_least")
        return self

    @property
    def needs_baseline(self) -> bool:
        """Whether it is about a change."""
        return self.falls_by is not None or self.rises_by is not None

    def reached(self, before: float | None, now: float | None) -> bool | None:
        """Say whether it is reached; None while a value that it needs is unknown."""
        if now is None:
            return None
        if self.needs_baseline:
            return None if before is None else self._changed(now - before)
        return self._within(now)

    def _changed(self, change: float) -> bool:
        return -change >= self.falls_by if self.falls_by is not None else change >= self._rise

    @property
    def _rise(self) -> float:
        return float("inf") if self.rises_by is None else self.rises_by

    def _within(self, now: float) -> bool:
        if self.below is not None:
            return now < self.below
        if self.at_most is not None:
            return now <= self.at_most
        return self.at_least is not None and now >= self.at_least


class Responder(Declaration):
    """Who counts as a responder: all marks are reached. `label` says on what the thresholds rest."""

    id: Name
    label: Line
    marks: Several[Mark] = Field(min_length=1)
