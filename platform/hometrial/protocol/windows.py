"""When a due visit or diary opens and closes: instants, by the zones that the person lives in.

A window opens at the first instant at which the person's clock shows its beginning or more, and closes
at the last at which it shows less than its end: a skipped hour shortens it, a repeated one lengthens it,
and whoever flies west has longer. Each is one stretch of time, so nothing opens a second time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from hometrial.clock import instant, microseconds
from hometrial.protocol.calendar import DueDiary, DueVisit
from hometrial.protocol.visits import Diary
from hometrial_ingest.local_time import DAY, SECOND, ZoneHistory

_FIRST = date(1970, 1, 1)
_LONGEST_SKIP = 3  # days: no flight or decree skips more dates than that


class Standing(StrEnum):
    """Where a window lies, seen from a moment."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Opening:
    """When something can be filled in: from `opens_at` up to, not including, `closes_at`."""

    opens_at: datetime
    closes_at: datetime

    def standing(self, moment: datetime) -> Standing:
        """Say whether it is upcoming, open or closed at an aware instant."""
        if moment < self.opens_at:
            return Standing.UPCOMING
        return Standing.OPEN if moment < self.closes_at else Standing.CLOSED


def visit_opening(visit: DueVisit, zones: ZoneHistory) -> Opening:
    """Return when a visit's window opens and closes: whole days of the person's own calendar.

    Where the person skipped all of its days by crossing the date line, it is the next day that they live.
    """
    opens_at = _first_at_or_after(zones, _wall(visit.window.first, time.min))
    for later in range(1, _LONGEST_SKIP + 2):
        end = visit.window.last + timedelta(later)
        closes_at = _last_before(zones, _wall(end, time.min))
        if closes_at > opens_at:
            return _opening(opens_at, closes_at)
    raise AssertionError(visit)  # no calendar skips so many days


def diary_opening(plan: Diary, due: DueDiary, zones: ZoneHistory) -> Opening | None:
    """Return when a diary opens and closes; None for days, or hours, that the person's clock never showed.

    Whoever flies over them has nothing to tell of them: such a diary is not due.
    """
    begins = _first_at_or_after(zones, _wall(due.window.first, time.min))
    ends = _last_before(zones, _wall(due.window.last + timedelta(1), time.min))
    closing_day = due.window.last + timedelta(plan.closes_days_later)
    opens_at = _first_at_or_after(zones, _wall(due.window.first, plan.opens))
    closes_at = _last_before(zones, _wall(closing_day, plan.closes))
    is_lived = ends > begins and closes_at > opens_at
    return _opening(opens_at, closes_at) if is_lived else None


def _opening(opens_at: int, closes_at: int) -> Opening:
    return Opening(instant(opens_at), instant(closes_at))


def _wall(day: date, at: time) -> int:
    """Return a wall clock as microseconds since 1970, local."""
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return (day - _FIRST).days * DAY + seconds * SECOND + at.microsecond


def _first_at_or_after(zones: ZoneHistory, wall: int) -> int:
    return min(
        max(start, wall - shift) for start, end, shift in _steps(zones, wall) if wall - shift < end
    )


def _last_before(zones: ZoneHistory, wall: int) -> int:
    return max(
        min(end, wall - shift) for start, end, shift in _steps(zones, wall) if wall - shift > start
    )


def _steps(zones: ZoneHistory, wall: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first instant, end, local minus UTC) of each step of the person's offset, in microseconds."""
    table = zones.offsets(wall, wall)
    yield from zip(table.starts.tolist(), table.ends.tolist(), table.shifts.tolist(), strict=True)


def local_date(moment: datetime, zones: ZoneHistory) -> date:
    """Return the date that a person's own calendar shows at an aware instant."""
    at = microseconds(moment)
    shift = next(shift for start, end, shift in _steps(zones, at) if start <= at < end)
    return _FIRST + timedelta((at + shift) // DAY)
