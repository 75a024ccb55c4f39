"""The wall clock of an account: its zone changes only when a device is synchronised after a journey."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from hometrial_ingest.simulate.timeline import (
    Seconds,
    ZonePeriod,
    Zones,
    local_day,
    offset_at,
)

MINUTES = 1_440
DAY = 86_400
_AROUND = 2  # days; a jump of the account's zone moves wall clocks by less than two days
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class AccountClock:
    """What an account calls the time, by the zones it had."""

    zones: Zones

    def zone(self, at: int) -> str:
        """Return the zone that the profile shows at an instant (seconds UTC)."""
        begun = [one.zone for one in self.zones if one.from_at is None or one.from_at <= at]
        return begun[-1]

    def offset(self, at: int) -> int:
        """Return local minus UTC in seconds at an instant."""
        return offset_at(self.zones, at)

    def today(self, at: int) -> date:
        """Return the day on the account's calendar at an instant."""
        return datetime.fromtimestamp(at + self.offset(at), UTC).date()

    def stamp(self, at: int) -> str:
        """Return an instant as the API writes it: local, without a zone, with milliseconds."""
        local = datetime.fromtimestamp(at + self.offset(at), UTC)
        return local.strftime("%Y-%m-%dT%H:%M:%S.000")

    def around(self, day: date) -> tuple[int, int]:
        """Return a stretch of instants that holds every moment at which the clock shows the day."""
        first = local_day(self.zones, day - timedelta(days=_AROUND))
        last = local_day(self.zones, day + timedelta(days=_AROUND))
        return first.starts_at, last.ends_at

    def seconds_of_day(self, day: date, at: Seconds) -> tuple[Seconds, Seconds]:
        """Return which of the instants lie on a day, as places in `at`, and their time of day."""
        since, offsets = _offsets(self.zones, day)
        place = np.maximum(np.searchsorted(since, at, side="right") - 1, 0)
        wall = at + offsets[place] - (day.toordinal() - _EPOCH) * DAY
        kept = np.flatnonzero((wall >= 0) & (wall < DAY))
        return kept, wall[kept]


UTC_CLOCK = AccountClock((ZonePeriod(None, "UTC"),))
"""The clock of replies that are asked for with `timezone=UTC`."""


def account_clock(zones: Zones, syncs: Seconds) -> AccountClock:
    """Return the account's clock: each change of zone is noticed at the first sync after it."""
    noticed = [zones[0]]
    for period in zones[1:]:
        place = int(np.searchsorted(syncs, period.from_at or 0))
        if place < len(syncs):
            noticed.append(ZonePeriod(int(syncs[place]), period.zone))
    return AccountClock(tuple(noticed))


@lru_cache(maxsize=1024)
def _offsets(zones: Zones, day: date) -> tuple[Seconds, Seconds]:
    days = [day + timedelta(days=number) for number in range(-_AROUND, _AROUND + 1)]
    found = [change for one in days for change in local_day(zones, one).offsets]
    return (
        np.array([instant for instant, _ in found], np.int64),
        np.array([offset for _, offset in found], np.int64),
    )
