"""A person's doses day by day: what was planned, and the least and the most that can have been taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from hometrial.protocol.dosing.amounts import NOTHING, Milligrams, Part, TimeOfDay
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.recorded import Gap
from hometrial.protocol.dosing.standing import Standing

_ENOUGH = Decimal("0.8")
"""The share of the planned amount from which on a day counts as taken."""


class Status(StrEnum):
    """What is known of a day's dose; without a record it is unknown, not missed."""

    TAKEN = "taken"
    MISSED = "missed"
    UNKNOWN = "unknown"
    NOT_PLANNED = "not planned"


@dataclass(frozen=True)
class DoseDay:
    """A day: what stood, the least and the most oral mg that were taken, and why doses were missed.

    They differ by the parts of which nobody told. `topical`: how often a cream was used, which is no milligrams.
    """

    on: date
    standing: Standing
    least: Milligrams
    most: Milligrams
    topical: int
    gap: Gap | None
    reasons: tuple[Reason, ...]

    @property
    def planned(self) -> Milligrams:
        """The oral amount planned."""
        return self.standing.mg

    @property
    def is_known(self) -> bool:
        """Whether the amount taken is known."""
        return self.least == self.most

    @property
    def status(self) -> Status:
        """Taken from 0.8 of the planned amount on; unknown if what nobody told could decide it."""
        if not self.planned:
            return Status.NOT_PLANNED
        if self.least >= _ENOUGH * self.planned:
            return Status.TAKEN
        return Status.MISSED if self.most < _ENOUGH * self.planned else Status.UNKNOWN


def dose_day(course: Course, on: date) -> DoseDay:
    """Return a day. Within an interruption that was told, what is not recorded was not taken."""
    standing, gap, records = course.standing_on(on), course.gap_on(on), course.intakes_on(on)
    least = course.recorded_mg(on)
    left = () if gap else untold(course, on)
    reasons = [each.missed for each in records if each.missed] + ([gap.reason] if gap else [])
    return DoseDay(
        on,
        standing,
        least,
        least + sum((each.mg for each in left), NOTHING),
        sum(each.mg is None for each in records),
        gap,
        tuple(dict.fromkeys(reasons)),
    )


def dose_days(course: Course, first: date, last: date) -> Iterator[DoseDay]:
    """Yield every day from first to last, both included."""
    for number in range((last - first).days + 1):
        yield dose_day(course, first + timedelta(days=number))


def untold(course: Course, on: date) -> tuple[Part, ...]:
    """Return the parts of a day's dose that no record tells of: first by their time of day, then in order.

    Who was to take it in the evening and tells of the morning has told of it.
    """
    dose, records = course.standing_on(on).dose, course.intakes_on(on)
    parts = () if dose is None else dose.parts
    told = [each.time_of_day for each in records if each.mg is not None and not each.additional]
    left = []
    for part in parts:
        if part.time_of_day is not TimeOfDay.UNTOLD and part.time_of_day in told:
            told.remove(part.time_of_day)
        else:
            left.append(part)
    return tuple(left[len(told) :])
