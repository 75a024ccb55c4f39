"""Bounds of points in time from what is told of them and of the months between them."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hometrial.protocol.dosing.coarse import months_later
from hometrial.protocol.dosing.refusing import HistoryContradictedError

Bounds = tuple[date, date]
"""The first and the last day that a point in time can be."""


@dataclass(frozen=True)
class Distance:
    """One point comes so many months after another, at least and at most; None: however many."""

    earlier: int
    later: int
    shortest: int
    longest: int | None


def bounded(points: Sequence[Bounds], distances: Sequence[Distance]) -> tuple[Bounds, ...]:
    """Return the points with their bounds as narrow as the distances make them.

    Raises HistoryContradictedError if a point is left without a day.
    """
    found = list(points)
    # Each round carries a bound one distance further; a way through all points has as many as there are.
    # Months of unequal length can cost a round more.
    for _ in range(4 * len(points)):
        before = list(found)
        for each in distances:
            _narrow(found, each)
        if found == before:
            return tuple(found)
    raise HistoryContradictedError("the lengths of time told contradict one another")


def _narrow(found: list[Bounds], told: Distance) -> None:
    (first, last), (later_first, later_last) = found[told.earlier], found[told.later]
    later_first = max(later_first, _shifted(first, told.shortest))
    last = min(last, _latest_before(later_last, told.shortest))
    if told.longest is not None:
        later_last = min(later_last, _shifted(last, told.longest))
        first = max(first, _shifted(later_first, -told.longest))
    if first > last or later_first > later_last:
        raise HistoryContradictedError(
            f"told dates and lengths of time leave no day between {min(first, last)} and"
            f" {max(later_first, later_last)}: correct one of them"
        )
    found[told.earlier], found[told.later] = (first, last), (later_first, later_last)


def _shifted(day: date, months: int) -> date:
    """Shift a bound; one that is as early or as late as can be stays so."""
    if months == 0 or day in (date.min, date.max):
        return day
    return months_later(day, months)


def _latest_before(day: date, months: int) -> date:
    """Return the latest day from which so many months lead to a day, or before it.

    The last day of a month comes after each of the last days of a longer one.
    """
    back = _shifted(day, -months)
    is_month_end = day.day == monthrange(day.year, day.month)[1]
    if back == day or not is_month_end:
        return back
    return back.replace(day=monthrange(back.year, back.month)[1])
