"""Exposure: the dose at a moment, periods of constant dose, and what adds up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from statistics import median
from typing import TypeVar

from hometrial.protocol.dosing.amounts import NOTHING, Milligrams
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay, dose_days
from hometrial.protocol.dosing.events import Intake
from hometrial.protocol.dosing.plan import PlannedStep
from hometrial.protocol.dosing.standing import Standing, State

Same = TypeVar("Same")

_ACHIEVED_DAYS = 14


@dataclass(frozen=True)
class DoseAt:
    """The dose at a moment: what stood, for how many days, and the last dose taken before it.

    `days_since_change` is 0 on the day on which an order came into force, None before the first. `hours_since` the
    last dose is None if nobody told when it was taken.
    """

    standing: Standing
    days_since_change: int | None
    last_intake: Intake | None
    hours_since: float | None


def dose_at(course: Course, moment: datetime) -> DoseAt:
    """Return the dose at a moment (aware, in the person's zone), as for the onset of an event.

    A dose whose time nobody told counts as taken before it only if it was for an earlier day.
    """
    spell = course.spell_on(moment.date())
    since = None if spell is None else (moment.date() - spell.first_on).days
    standing = course.standing_on(moment.date())
    before = [each for each in course.intakes if each.oral and _was_before(each, moment)]
    if not before:
        return DoseAt(standing, since, None, None)
    newest = max(before, key=_order_of_taking)
    hours = None if newest.taken_at is None else hours_between(newest.taken_at, moment)
    return DoseAt(standing, since, newest, hours)


def hours_between(earlier: datetime, later: datetime) -> float:
    """Return the hours that passed from one aware moment to another, clock changes between them included."""
    # The difference of two times of one zone would be that of its wall clocks.
    return (later.timestamp() - earlier.timestamp()) / 3600


def _was_before(intake: Intake, moment: datetime) -> bool:
    return (
        intake.on < moment.date()
        if intake.taken_at is None
        else intake.taken_at.timestamp() <= moment.timestamp()
    )


def _order_of_taking(intake: Intake) -> tuple[date, bool, float]:
    at = intake.taken_at
    return intake.on, at is not None, 0.0 if at is None else at.timestamp()


@dataclass(frozen=True)
class Period:
    """Days in a row, both ends included, with one standing dose."""

    first_on: date
    last_on: date
    standing: Standing


def ordered_periods(course: Course, first: date, last: date) -> tuple[Period, ...]:
    """Return the periods of constant ordered dose, in one state, from first to last day."""
    days = dose_days(course, first, last)
    return tuple(
        Period(run[0].on, run[-1].on, run[0].standing)
        for run in _runs(days, lambda day: (day.standing.state, day.standing.dose))
    )


@dataclass(frozen=True)
class TakenPeriod:
    """Days in a row, both ends included, with one oral amount taken (mg a day); None where it is unknown."""

    first_on: date
    last_on: date
    mg: Milligrams | None


def taken_periods(course: Course, first: date, last: date) -> tuple[TakenPeriod, ...]:
    """Return the periods of constant dose taken, from first to last day."""
    days = dose_days(course, first, last)
    return tuple(TakenPeriod(run[0].on, run[-1].on, _known(run[0])) for run in _runs(days, _known))


def _known(day: DoseDay) -> Milligrams | None:
    return day.least if day.is_known else None


def _runs(days: Iterable[DoseDay], key: Callable[[DoseDay], Same]) -> list[list[DoseDay]]:
    return [list(run) for _, run in groupby(days, key)]


@dataclass(frozen=True)
class Exposure:
    """What was taken over `days` days: the least and the most oral mg, the days known with and possibly with a dose."""

    days: int
    least_mg: Milligrams
    most_mg: Milligrams
    least_days: int
    most_days: int

    @property
    def weeks(self) -> float:
        """Person-weeks of exposure, on the days known with a dose."""
        return self.least_days / 7

    @property
    def intensity(self) -> tuple[float, float] | None:
        """Dose intensity, mg a day over all days: the least and the most; None of no days."""
        if not self.days:
            return None
        return float(self.least_mg / self.days), float(self.most_mg / self.days)


def exposure(course: Course, first: date, last: date) -> Exposure:
    """Return the cumulative exposure from first to last day, both over."""
    days = list(dose_days(course, first, last))
    return Exposure(
        len(days),
        sum((day.least for day in days), NOTHING),
        sum((day.most for day in days), NOTHING),
        sum(day.least > 0 for day in days),
        sum(day.most > 0 for day in days),
    )


def relative_intensity(
    course: Course, calendar: tuple[PlannedStep, ...], last: date
) -> tuple[float, float] | None:
    """Return the amount taken in % of what the protocol's own calendar has from its first day to `last`.

    Adherence compares with what was ordered, this with what was meant: holds and step-downs lower it. None if
    nothing was meant by then.
    """
    first = calendar[0].first_on
    taken = exposure(course, first, last)
    meant = sum(
        (
            each.step.mg * max(0, (min(last, each.last_on or last) - each.first_on).days + 1)
            for each in calendar
        ),
        NOTHING,
    )
    if not meant:
        return None
    return float(100 * taken.least_mg / meant), float(100 * taken.most_mg / meant)


def days_at_dose(course: Course, first: date, last: date) -> dict[Milligrams, int]:
    """Return on how many days each oral amount was taken, as far as it is known; 0 is a day without."""
    counts: dict[Milligrams, int] = {}
    for day in dose_days(course, first, last):
        if day.is_known:
            counts[day.least] = counts.get(day.least, 0) + 1
    return dict(sorted(counts.items()))


def first_dose_on(course: Course) -> date | None:
    """Return the day of the first oral dose taken."""
    return min((each.on for each in course.intakes if each.oral), default=None)


def last_dose_on(course: Course) -> date | None:
    """Return the day of the last oral dose taken."""
    return max((each.on for each in course.intakes if each.oral), default=None)


def achieved_dose(course: Course, first: date, last: date) -> Milligrams | None:
    """Return the median amount (mg) of the last 14 days on drug up to `last`, None if there are fewer.

    Days on drug are those on which a dose stood and of which it is known what was taken, a missed one with 0.
    """
    on_drug = [
        day.least
        for day in dose_days(course, first, last)
        if day.standing.state is State.ON and day.is_known
    ]
    return None if len(on_drug) < _ACHIEVED_DAYS else median(on_drug[-_ACHIEVED_DAYS:])


@dataclass(frozen=True)
class TimeToDose:
    """Days from the first dose until a dose was reached, or until last seen without it (Kaplan and Meier's input)."""

    days: int
    was_reached: bool


def time_to_dose(course: Course, mg: Milligrams, last: date) -> TimeToDose | None:
    """Return when a day's amount of at least so many mg is first known to be taken; None before the first dose."""
    first = first_dose_on(course)
    if first is None or first > last:
        return None
    for day in dose_days(course, first, last):
        if day.least >= mg:
            return TimeToDose((day.on - first).days, was_reached=True)
    return TimeToDose((last - first).days, was_reached=False)
