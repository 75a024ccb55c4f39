"""The rules that alert somebody, as data: level, who answers, and within which time."""

from datetime import timedelta
from functools import cache
from typing import Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from hometrial.errors import TrialError
from hometrial.protocol.declared import Declaration, Id, Line, Several, Version
from hometrial.protocol.safety.vocabulary import declared

LEVELS = ("red", "amber", "blue")
Owner = Literal["clinician", "coordinator", "pharmacy"]


class UnknownAlertRuleError(TrialError):
    """A rule that is not in the table of this product."""


class AlertRule(Declaration):
    """One rule: what is found, how urgent that is, who answers. `task` is no alarm but work.

    `same_as`: rules of instruments that find the same thing, so that it is one alert whichever finds it.
    """

    id: Id
    level: Literal["red", "amber", "blue", "task"]
    within_hours: PositiveFloat | None = None
    urgent_within_hours: PositiveFloat | None = None
    goes_to: Owner
    text: Line
    when: Line
    same_as: Several[Line] = ()

    @model_validator(mode="after")
    def _has_a_clock(self) -> Self:
        if (self.within_hours is None) != (self.level == "blue"):
            raise ValueError("every level but blue has within_hours, and blue has none")
        if self.urgent_within_hours is not None and self.urgent_within_hours >= (
            self.within_hours or 0
        ):
            raise ValueError("urgent_within_hours is shorter than within_hours")
        return self

    def within(self, *, urgent: bool = False) -> timedelta | None:
        """Return the time within which somebody must have answered, None: in the next contact."""
        hours = self.urgent_within_hours if urgent else None
        hours = self.within_hours if hours is None else hours
        return None if hours is None else timedelta(hours=hours)


class AlertRules(Declaration):
    """All rules of this product, and when what is found again is counted and not repeated."""

    schema_: Literal["alert-rules/1"] = Field(alias="schema")
    version: Version
    merge_within_hours: PositiveFloat
    ambers_per_week_at_most: PositiveFloat
    rules: Several[AlertRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({each.id for each in self.rules}) < len(self.rules):
            raise ValueError("a rule is there twice; name it once")
        return self

    @property
    def merge_within(self) -> timedelta:
        """How long an open alert takes in what its rule finds again."""
        return timedelta(hours=self.merge_within_hours)

    def like(self, rule: str) -> frozenset[str]:
        """Return the rules that find the same thing as this one, which may be of an instrument; it is one of them."""
        for each in self.rules:
            if rule in (each.id, *each.same_as):
                return frozenset((each.id, *each.same_as))
        return frozenset((rule,))

    def of(self, rule: str) -> AlertRule:
        """Return a rule by its id. Raises UnknownAlertRuleError that lists those there are."""
        for each in self.rules:
            if each.id == rule:
                return each
        listed = ", ".join(each.id for each in self.rules)
        raise UnknownAlertRuleError(
            f"alert rule {rule}: not in the table; there are {listed}. A rule of a protocol or an "
            "instrument brings its own clock"
        )


@cache
def shipped() -> AlertRules:
    """Return the rules that come with the product."""
    return declared("alert-rules.yaml", AlertRules)
