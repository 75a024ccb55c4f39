"""Adherence with its bounds, and interruptions with their reasons. A missing record is not a missed dose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hometrial.protocol.dosing.amounts import NOTHING, Milligrams
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay, Status, dose_days
from hometrial.protocol.dosing.events import Reason

Bounds = tuple[float, float]
"""Percent, the least and the most that can be so."""


@dataclass(frozen=True)
class Adherence:
    """Planned days by what is known of them, and the milligrams planned and taken."""

    taken: int
    missed: int
    unknown: int
    planned_mg: Milligrams
    least_mg: Milligrams
    most_mg: Milligrams

    @property
    def planned_days(self) -> int:
        """Days on which a dose was planned."""
        return self.taken + self.missed + self.unknown

    @property
    def of_days(self) -> Bounds | None:
        """Days with at least 0.8 of the planned amount in % of planned days; None if none was planned.

        Unknown days count as missed for the lower bound and as taken for the upper.
        """
        return _percent(self.taken, self.taken + self.unknown, self.planned_days)

    @property
    def of_known_days(self) -> float | None:
        """The same in % of the planned days of which it is known."""
        known = _percent(self.taken, self.taken, self.taken + self.missed)
        return None if known is None else known[0]

    @property
    def of_mg(self) -> Bounds | None:
        """The amount taken in % of the amount planned; above 100 if more was taken."""
        return _percent(self.least_mg, self.most_mg, self.planned_mg)


def _percent(least: Decimal | int, most: Decimal | int, whole: Decimal | int) -> Bounds | None:
    return (
        (float(100 * Decimal(least) / whole), float(100 * Decimal(most) / whole)) if whole else None
    )


def adherence(
    course: Course, first: date, last: date, *, without_interruptions_over: int | None = None
) -> Adherence:
    """Return the adherence from first to last day, both over.

    `without_interruptions_over`: leave out the days of interruptions of more days than that; None: leave none out.
    """
    days = [day for day in dose_days(course, first, last) if day.planned]
    if without_interruptions_over is not None:
        # One that began before the first day is as long as it is.
        began = min([first, *(spell.first_on for spell in course.spells)])
        long = interruptions(course, began, last, without_interruptions_over + 1)
        days = [day for day in days if not any(each.holds(day.on) for each in long)]
    counted = [day.status for day in days]
    return Adherence(
        counted.count(Status.TAKEN),
        counted.count(Status.MISSED),
        counted.count(Status.UNKNOWN),
        sum((day.planned for day in days), NOTHING),
        sum((day.least for day in days), NOTHING),
        sum((day.most for day in days), NOTHING),
    )


@dataclass(frozen=True)
class Stretch:
    """Consecutive planned days on which nothing was taken, both ends included, with all reasons told."""

    first_on: date
    last_on: date
    reasons: tuple[Reason, ...]

    @property
    def days(self) -> int:
        """Its length."""
        return (self.last_on - self.first_on).days + 1

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first_on <= day <= self.last_on


def interruptions(course: Course, first: date, last: date, least_days: int) -> tuple[Stretch, ...]:
    """Return the stretches of at least so many consecutive planned days known to be without any dose."""
    empty = [day for day in dose_days(course, first, last) if day.planned and not day.most]
    return tuple(each for each in _stretches(empty) if each.days >= least_days)


def _stretches(days: Iterable[DoseDay]) -> list[Stretch]:
    found: list[Stretch] = []
    for day in days:
        if found and day.on - found[-1].last_on == timedelta(days=1):
            before = found.pop()
            reasons = tuple(dict.fromkeys(before.reasons + day.reasons))
            found.append(Stretch(before.first_on, day.on, reasons))
        else:
            found.append(Stretch(day.on, day.on, day.reasons))
    return found
