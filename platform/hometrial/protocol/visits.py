"""What people are asked, when: forms, visits with windows, diaries, and how much it may be."""

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from hometrial.protocol.arms import Anchor
from hometrial.protocol.declared import (
    ClockTime,
    Days,
    Declaration,
    Distinct,
    Id,
    Line,
    Minutes,
    Name,
)

Mode = Literal["video", "phone", "remote", "clinic", "system", "any"]
Window = Annotated[
    tuple[Annotated[int, Field(ge=-60, le=0)], Annotated[int, Field(ge=0, le=60)]],
    Field(strict=False),
]


class Form(Declaration):
    """Something to fill in. `instrument`: the questionnaire's id; None for forms of staff or laboratory.

    `minutes`: what it usually takes a participant; 0 where staff or a laboratory fill it in.
    """

    id: Name
    label: Line
    instrument: Name | None = None
    filled_by: Literal["participant", "staff", "laboratory"]
    minutes: Minutes

    @model_validator(mode="after")
    def _costs_whom_it_asks(self) -> Self:
        if (self.filled_by == "participant") != (self.minutes > 0):
            raise ValueError("what participants fill in takes minutes, and nothing else does")
        return self


class Repeat(Declaration):
    """A visit comes again every so many days, so many times in all."""

    every_days: Days
    times: PositiveInt


class Visit(Declaration):
    """A visit at `day` after an anchor, with a window of days before and after, both ends included.

    `optional_forms` are shown only with a text pack. `sessions`: over how many days of the
    window a participant may spread its forms.
    """

    id: Id
    label: Line
    anchor: Anchor
    day: int
    window: Window
    mode: Mode
    arms: Distinct[Id] = ()
    forms: Distinct[Name] = ()
    optional_forms: Distinct[Name] = ()
    repeat: Repeat | None = None
    sessions: PositiveInt = 1

    def is_of(self, arm: str) -> bool:
        """Whether people of this arm have it."""
        return not self.arms or arm in self.arms


class UnscheduledVisit(Declaration):
    """A visit that may happen on any day, any number of times."""

    id: Id
    label: Line
    mode: Mode
    forms: Distinct[Name] = ()


class Diary(Declaration):
    """A form that comes again every so many days of its epochs, first `first_day` days into each.

    It opens at a time of day on the first day of its window and closes `closes_days_later` days after its
    last. `on_bad_days`: then its short form is asked, or nothing.
    """

    id: Name
    form: Name
    every_days: Days
    first_day: Annotated[int, Field(ge=0)]
    window_days: Window
    opens: ClockTime
    closes: ClockTime
    closes_days_later: Annotated[int, Field(ge=0, le=7)]
    epochs: Distinct[Name] = Field(min_length=1)
    arms: Distinct[Id] = ()
    on_bad_days: Literal["short", "excused"]

    def is_of(self, arm: str) -> bool:
        """Whether people of this arm keep it."""
        return not self.arms or arm in self.arms

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.window_days == (0, 0) and not self.closes_days_later and self.closes <= self.opens:
            raise ValueError("it closes before it opens; raise closes_days_later")
        return self


class BadDays(Declaration):
    """What one tap on a bad day does: rest for so many hours, and how long a visit's window grows.

    After `check_after_days` somebody asks gently whether it is over.
    """

    rest_hours: PositiveInt
    extension_days: Annotated[int, Field(ge=0, le=28)]
    extended_forms: Distinct[Name] = ()
    check_after_days: Days


class EnergyBudget(Declaration):
    """The most minutes of forms that the plan may ask of a participant.

    On any one day, in any one week, and in the median week of an arm's plan (conversations are not
    counted: they can be short, or put off).
    """

    minutes_any_day: PositiveFloat
    minutes_any_week: PositiveFloat
    minutes_median_week: PositiveFloat


class OwnCharts(Declaration):
    """Whether people see charts of their own watch while the trial runs; who shows them says why that is right.

    Off unless declared: in an open-label trial what somebody sees of their own steps and sleep changes how they
    feel and what they answer, and that bias cannot be taken out again.
    """

    shown: bool = False
    because: Line | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.shown and self.because is None:
            raise ValueError(
                "charts that people see of themselves can change what they answer; say because, or leave them off"
            )
        return self


class Reminders(Declaration):
    """How often somebody is reminded, over all forms together, and when never."""

    most_a_day: PositiveInt
    quiet_from: ClockTime
    quiet_to: ClockTime
    minutes_before_close: PositiveInt

    def is_quiet(self, local: time) -> bool:
        """Whether nobody is reminded at this time of a person's own day."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= local < self.quiet_to
        return local >= self.quiet_from or local < self.quiet_to
