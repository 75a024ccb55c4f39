"""Local days on the physical time line: where they begin, how long they last, which offset holds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.int64]
"""Instants as whole seconds since 1970 UTC, or wall clocks as whole seconds since 1970-01-01 00:00."""

_HOUR = 3_600


@dataclass(frozen=True)
class ZonePeriod:
    """The IANA zone a person lives in from an instant (seconds UTC; None: since ever) onwards."""

    from_at: int | None
    zone: str


Zones = tuple[ZonePeriod, ...]
"""A person's zone history, oldest first."""


@dataclass(frozen=True)
class LocalDay:
    """One civil day of one person: [starts_at, ends_at) in seconds UTC.

    `offsets` holds (from instant, local minus UTC in seconds); the first begins with the day.
    """

    date: date
    starts_at: int
    ends_at: int
    offsets: tuple[tuple[int, int], ...]

    @property
    def minutes(self) -> int:
        """The physical length: 1440 except on clock changes and days of travel."""
        return (self.ends_at - self.starts_at) // 60

    def minute_starts(self) -> Seconds:
        """Return the instant at which each physical minute of the day begins."""
        return np.arange(self.starts_at, self.ends_at, 60, dtype=np.int64)

    def offset(self, at: Seconds) -> Seconds:
        """Return the offset in seconds that the day's clock had at each instant."""
        since = np.array([instant for instant, _ in self.offsets], np.int64)
        offsets = np.array([offset for _, offset in self.offsets], np.int64)
        return offsets[np.maximum(np.searchsorted(since, at, side="right") - 1, 0)]

    def wall_clock(self, at: Seconds) -> Seconds:
        """Return what the person's clock showed at each instant."""
        return at + self.offset(at)


def offset_at(zones: Zones, instant: int) -> int:
    """Return local minus UTC in seconds at one instant."""
    zone = [period.zone for period in zones if _begins(period) <= instant][-1]
    delta = datetime.fromtimestamp(instant, ZoneInfo(zone)).utcoffset()
    return int(delta.total_seconds()) if delta is not None else 0


@lru_cache(maxsize=4096)
def local_day(zones: Zones, day: date) -> LocalDay:
    """Return a person's civil day with its true length and its offsets."""
    starts_at, ends_at = midnight(zones, day), midnight(zones, day + timedelta(days=1))
    return LocalDay(day, starts_at, ends_at, tuple(_offsets(zones, starts_at, ends_at)))


def midnight(zones: Zones, day: date) -> int:
    """Return the first instant of a local day in the zone that the person was in at that time."""
    for number, period in enumerate(zones):
        instant = zone_instant(period.zone, day, 0)
        is_last = number + 1 == len(zones)
        if is_last or instant < _begins(zones[number + 1]):
            return instant
    raise ValueError("a person needs at least one zone")


def zone_instant(zone: str, day: date, hour: int) -> int:
    """Return the instant (seconds UTC) of a full hour on a zone's wall clock."""
    return int(datetime.combine(day, time(hour), ZoneInfo(zone)).timestamp())


def iso(instant: int) -> str:
    """Return an instant as RFC 3339, as Google Health writes it: 2026-03-07T05:00:00Z."""
    return datetime.fromtimestamp(instant, UTC).isoformat()[:19] + "Z"


def _begins(period: ZonePeriod) -> float:
    return float("-inf") if period.from_at is None else period.from_at


def _offsets(zones: Zones, starts_at: int, ends_at: int) -> list[tuple[int, int]]:
    found = [(starts_at, offset_at(zones, starts_at))]
    for hour in range(starts_at, ends_at, _HOUR):
        until = min(hour + _HOUR, ends_at - 1)
        if offset_at(zones, until) != found[-1][1]:
            change = _change(zones, hour, until)
            found.append((change, offset_at(zones, change)))
    return found


def _change(zones: Zones, before: int, after: int) -> int:
    """Bisect for the first second at which the offset is no longer that of `before`."""
    old = offset_at(zones, before)
    while after - before > 1:
        middle = (before + after) // 2
        if offset_at(zones, middle) == old:
            before = middle
        else:
            after = middle
    return after
