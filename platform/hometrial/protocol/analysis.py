"""Settings of the analysis, and what raises an alert."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from hometrial.protocol.declared import Declaration, Line, Several
from hometrial.protocol.outcomes import Population
from hometrial.protocol.titration import Trigger


class AnalysisSet(Declaration):
    """A set of people, in words."""

    id: Population
    text: Line


class SafetyPeriod(Declaration):
    """From when events are collected, and for how many days after the last dose."""

    adverse_events_from: Literal["consent", "first_dose"]
    serious_events_from: Literal["consent", "first_dose"]
    days_after_last_dose: PositiveInt


class Analysis(Declaration):
    """What the report is told: sets of people, level, from how many people on a model is fitted."""

    sets: Several[AnalysisSet] = Field(min_length=1)
    alpha: Annotated[float, Field(gt=0, lt=1)]
    model_from_people: PositiveInt
    safety: SafetyPeriod


class Alert(Trigger):
    """A rule that calls somebody within so many hours; `task` is no alarm but work."""

    text: Line
    level: Literal["red", "amber", "blue", "task"]
    within_hours: PositiveFloat
    goes_to: Literal["clinician", "coordinator", "pharmacy"]
