"""The dose on the day on which an event began, and how long since the dose was last changed."""

from dataclasses import dataclass
from datetime import date

from hometrial.protocol.dosing.amounts import Milligrams
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.standing import State


@dataclass(frozen=True)
class Onset:
    """What stood when an event began: the day's planned dose, and the days since it was last changed.

    None: it cannot be told, because the day of the onset is not known or no dose was ever ordered.
    """

    planned_mg: Milligrams | None
    days_since_step: int | None


UNKNOWN = Onset(None, None)


def at_onset(course: Course, began: CoarseDate | None) -> Onset:
    """Return the dose at the onset; of a coarse date, only where the same dose stood on every day of it."""
    if began is None or course.standing_on(began.last).state is State.NOT_STARTED:
        return UNKNOWN
    stood = {course.standing_on(day).mg for day in _turns(course, began)}
    if len(stood) > 1:
        return UNKNOWN
    (planned,) = stood
    return Onset(planned, _since_step(course, began.first) if began.is_exact else None)


def _turns(course: Course, began: CoarseDate) -> tuple[date, ...]:
    """Return the days of a coarse date on which what stands may change."""
    begun = (each.first_on for each in course.spells)
    return (began.first, *(day for day in begun if began.first < day <= began.last))


def _since_step(course: Course, day: date) -> int | None:
    """Return the days since the planned dose last became another one."""
    changed, before = None, None
    for spell in course.spells:
        if spell.first_on > day:
            break
        if spell.standing.mg != before:
            changed, before = spell.first_on, spell.standing.mg
    return None if changed is None else (day - changed).days
