"""The dose plan of an arm: steps, and the rules by which a dose goes up, waits, goes down or stops."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from hometrial.protocol.declared import (
    Days,
    Declaration,
    Id,
    Line,
    Milligrams,
    Rule,
    Several,
    Share,
)

TimeOfDay = Literal["morning", "evening"]
Grade = Annotated[int, Field(ge=1, le=5)]


class Trigger(Declaration):
    """A rule that holds; with `days` and `of_days`: that held on so many of the last so many days."""

    id: Id
    when: Rule
    days: PositiveInt | None = None
    of_days: PositiveInt | None = None

    @model_validator(mode="after")
    def _counts_days_whole(self) -> Self:
        if (self.days is None) != (self.of_days is None):
            raise ValueError("days and of_days belong together: give both or neither")
        if self.days is not None and self.of_days is not None and self.days > self.of_days:
            raise ValueError(f"{self.days} of {self.of_days} days never happens; swap them")
        return self


class DoseStep(Declaration):
    """A day's dose (mg), the first study week on drug (1-based) that may have it, its least length."""

    step: PositiveInt
    mg: Milligrams
    from_week: PositiveInt
    min_days: Days


class SensitiveStart(Declaration):
    """Smaller doses before step 1, for whom `when` describes."""

    steps_mg: Several[Milligrams] = Field(min_length=1)
    min_days: Days
    when: Line


class StepUp(Declaration):
    """What must be so for the next step, who takes it and who approves.

    No related event of `no_related_grade` or more in the last `clear_days`; adherence of 7 days.
    """

    no_related_grade: Grade
    clear_days: Days
    adherence_at_least: Share
    no_open_red_alert: bool
    actor: Literal["participant", "investigator"]
    approver: Literal["automatic", "investigator"]


class Hold(Trigger):
    """The dose stays for so many days; then it is judged anew."""

    action: Literal["hold"]
    hold_days: Days


class StepDown(Trigger):
    """The dose goes one step down, where it says so after the time of day was changed to morning."""

    action: Literal["down_one_step", "switch_to_morning_then_down_one_step"]


class Stop(Trigger):
    """The drug stops; `hold_and_repeat_laboratory` waits `repeat_hours` for a second measurement."""

    action: Literal["stop_and_contact", "hold_and_repeat_laboratory", "stop_permanently"]
    repeat_hours: PositiveInt | None = None

    @model_validator(mode="after")
    def _repeats_within_hours(self) -> Self:
        if (self.action == "hold_and_repeat_laboratory") != (self.repeat_hours is not None):
            raise ValueError("repeat_hours belongs to hold_and_repeat_laboratory, and only to it")
        return self


class Split(Declaration):
    """A day's dose in portions (shares of it), from a dose on, at least so many hours apart."""

    from_mg_day: Milligrams
    shares: Several[Share] = Field(min_length=2)
    min_gap_hours: PositiveInt


class Titration(Declaration):
    """A dose plan in mg a day.

    `max_mg_day` is the highest dose that can be ordered, `extension_max_mg_day` in an optional epoch by
    the investigator; nothing above `absolute_max_mg_day` can be recorded as taken in the trial. What
    people tell of the time before it is exempt.
    """

    id: Id
    unit: Literal["mg/day"]
    resolution_mg: Milligrams
    time_of_day: TimeOfDay
    max_mg_day: Milligrams
    extension_max_mg_day: Milligrams | None = None
    absolute_max_mg_day: Milligrams
    steps: Several[DoseStep] = Field(min_length=1)
    sensitive_start: SensitiveStart | None = None
    step_up: StepUp
    hold: Several[Hold] = ()
    step_down: Several[StepDown] = ()
    stop: Several[Stop] = Field(min_length=1)
    split: Split | None = None
    maximum_tolerated: Line

    @property
    def triggers(self) -> tuple[Hold | StepDown | Stop, ...]:
        """Every rule that changes a dose, the gravest last."""
        return (*self.hold, *self.step_down, *self.stop)
