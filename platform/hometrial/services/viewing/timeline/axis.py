"""The axis of a person's timeline: minutes that passed since the first instant of the first local day."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np

from hometrial import clock
from hometrial.services.viewing.days import Days
from hometrial_ingest.local_time import SECOND, Placement, ZoneHistory

_MINUTE = 60 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Axis:
    """Local days as they followed one another, so that a day with a clock change is as wide as it was long.

    A day begins at the first instant at which the person's own clock showed its date, and ends where the
    next begins; one that they never lived, at the date line, has no width.
    """

    zones: ZoneHistory
    days: Days

    @cached_property
    def _starts(self) -> list[int]:
        """The first instant of each day and of the day after the last, µs UTC."""
        first = (self.days.first - _EPOCH.date()).days
        numbers = np.arange(first, first + self.days.length + 1, dtype=np.int64)
        placed = self.zones.first_instant_of_day(numbers)
        found = [int(each) for each in placed.at]
        for place in reversed(range(len(found) - 1)):
            if placed.status[place] == Placement.IN_GAP:
                found[place] = found[place + 1]
        return found

    @property
    def origin(self) -> datetime:
        """The first instant."""
        return clock.instant(self._starts[0])

    @property
    def end(self) -> datetime:
        """The instant after the last."""
        return clock.instant(self._starts[-1])

    @property
    def minutes(self) -> float:
        """How long it is."""
        return self.minute(self.end)

    def minute(self, moment: datetime) -> float:
        """Return the minutes from the first instant to another, to the second; before it, negative."""
        return round((clock.microseconds(moment) - self._starts[0]) / _MINUTE, 2)

    def start(self, day: date) -> datetime:
        """Return the first instant of a day of the axis, or of the day after the last."""
        return clock.instant(self._starts[(day - self.days.first).days])

    def first_instant(self, day: date) -> datetime:
        """Return the first instant of any day, of one beyond the axis that of its nearer end."""
        return self.start(min(max(day, self.days.first), self.days.last + timedelta(1)))

    def day_of(self, moment: datetime) -> date:
        """Return the day of the axis that an instant lies in, the first or the last one if it is beyond them."""
        place = bisect_right(self._starts, clock.microseconds(moment)) - 1
        return self.days.first + timedelta(min(max(place, 0), self.days.length - 1))

    def bounds(self) -> Sequence[tuple[date, float, float]]:
        """Return each day with the minutes at which it begins and ends."""
        at = [round((each - self._starts[0]) / _MINUTE, 2) for each in self._starts]
        return list(zip(self.days.each(), at, at[1:], strict=False))

    def offset(self, moment: datetime) -> int:
        """Return by how many seconds the person's own clock is ahead of UTC at an instant."""
        offset, _ = self.zones.place_instant(np.array([clock.microseconds(moment)], np.int64))
        return int(offset[0])

    def is_inside(self, moment: datetime) -> bool:
        """Whether an instant lies on the axis."""
        return self.origin <= moment < self.end

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether a stretch of time has a part on the axis."""
        return start < self.end and end > self.origin
