"""Wall clocks and instants of one person, by the zones that this person lived in.

Instants and wall clocks are int64 microseconds since 1970 (UTC and local), offsets are int32 seconds
of local minus UTC, days are whole days since 1970-01-01. A wall clock that a clock change or a flight
skipped, or made happen twice, is reported as such: this module never chooses for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]
Float64 = npt.NDArray[np.float64]

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 2, 9998  # one year of margin inside what `datetime` can hold
_MARGIN = 2 * DAY  # local time is less than a day from UTC
_MACHINE_NAMES = {"localtime", "Factory"}  # zone files that name no place


class UnknownZoneError(ValueError):
    """A zone name that the IANA time-zone database does not hold."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        super().__init__(f"unknown time zone {zone!r}; use an IANA name such as Europe/Berlin")


class ZoneHistoryError(ValueError):
    """A zone history that leaves a time without a zone, or gives it two."""


class TimeOutOfRangeError(ValueError):
    """An instant or wall clock outside the years that a calendar date can be made for."""


class Placement(IntEnum):
    """What became of a wall clock: found once, never, or more than once on the time line."""

    PLACED = 0
    IN_GAP = 1
    AMBIGUOUS = 2


@dataclass(frozen=True)
class Placed:
    """Wall clocks on the time line; where `status` is not PLACED, `at` and `offset` are 0 and mean nothing."""

    at: Int64
    offset: Int32
    status: Int8


@dataclass(frozen=True, eq=False)
class OffsetTable:
    """A person's offset as steps: `offsets[i]` holds from `starts[i]` up to `starts[i + 1]`, the last up to `end`."""

    starts: Int64
    offsets: Int32
    end: int

    @property
    def ends(self) -> Int64:
        """The instant at which each step ends, in microseconds."""
        return np.append(self.starts[1:], self.end)

    @property
    def shifts(self) -> Int64:
        """The offset of each step in microseconds."""
        return self.offsets.astype(np.int64) * SECOND

    def at(self, at_us: Int64) -> Int32:
        """Return the offset in seconds at each instant of the table's range."""
        return self.offsets[np.searchsorted(self.starts, at_us, side="right") - 1]


@dataclass(frozen=True)
class ZoneHistory:
    """The zones that one person lived in: (first instant, IANA zone), the first since ever (None)."""

    pieces: tuple[tuple[int | None, str], ...]

    @classmethod
    def of(cls, pieces: Iterable[tuple[int | None, str]]) -> "ZoneHistory":
        """Make a history from (first instant in microseconds or None for since ever, zone) in any order.

        Raises UnknownZoneError for a name that is not IANA's and ZoneHistoryError if the first zone
        has a beginning or two zones begin at the same instant.
        """
        ordered = sorted(pieces, key=lambda piece: (piece[0] is not None, piece[0] or 0))
        for _, zone in ordered:
            _require_zone(zone)
        if not ordered or ordered[0][0] is not None:
            raise ZoneHistoryError("no zone before the first move; give the first zone since ever")
        for (earlier, zone), (later, other) in pairwise(ordered):
            if earlier == later:
                raise ZoneHistoryError(
                    f"{zone} and {other} begin at the same instant ({later}); keep one of them"
                )
        return cls(tuple(ordered))

    def offsets(self, first_us: int, last_us: int) -> OffsetTable:
        """Return the offsets of at least the instants from first to last, two days of margin included.

        Raises TimeOutOfRangeError outside the years 2 to 9998.
        """
        return _table(self.pieces, _year_of(first_us - _MARGIN), _year_of(last_us + _MARGIN))

    def place_instant(self, at_us: Int64) -> tuple[Int32, Int64]:
        """Return each instant's offset in seconds and wall clock in microseconds.

        Raises TimeOutOfRangeError outside the years 2 to 9998.
        """
        offset = self._around(at_us).at(at_us)
        return offset, at_us + offset.astype(np.int64) * SECOND

    def place_local(self, local_us: Int64) -> Placed:
        """Return the one instant at which this person's clock showed each wall clock, if it is one.

        Raises TimeOutOfRangeError outside the years 2 to 9998.
        """
        edges, counts, offsets = _local_steps(self._around(local_us))
        step = np.searchsorted(edges, local_us, side="right") - 1
        status = _status_of(counts)[step]
        placed = status == Placement.PLACED
        offset = np.where(placed, offsets[step], 0).astype(np.int32)
        at = np.where(placed, local_us - offset.astype(np.int64) * SECOND, 0)
        return Placed(at, offset, status)

    def first_instant_of_day(self, days: Int64) -> Placed:
        """Return the first instant of each local day; a day that was skipped as a whole is IN_GAP.

        Where midnight is skipped it is the first instant after the gap, where midnight happens twice
        the earlier. Raises TimeOutOfRangeError outside the years 2 to 9998.
        """
        distinct, inverse = np.unique(days, return_inverse=True)
        table = self._around(distinct * DAY)
        begins, ends = _day_parts(table, distinct)
        lived = ends > begins
        skipped = ~lived.any(axis=1)
        step = lived.argmax(
            axis=1
        )  # steps follow one another in time: the first lived one is earliest
        at = np.where(skipped, 0, begins[np.arange(len(distinct)), step])
        offset = np.where(skipped, 0, table.offsets[step]).astype(np.int32)
        status = np.where(skipped, Placement.IN_GAP, Placement.PLACED).astype(np.int8)
        return Placed(at[inverse], offset[inverse], status[inverse])

    def day_length_minutes(self, days: Int64) -> Float64:
        """Return how many minutes each local day had: 1440, 1380 and 1500 at clock changes, 0 if skipped.

        Raises TimeOutOfRangeError outside the years 2 to 9998.
        """
        distinct, inverse = np.unique(days, return_inverse=True)
        begins, ends = _day_parts(self._around(distinct * DAY), distinct)
        lengths: Int64 = np.maximum(ends - begins, 0).sum(axis=1)
        return (lengths / (60 * SECOND))[inverse]

    def _around(self, times: Int64) -> OffsetTable:
        if not times.size:
            return self.offsets(0, 0)
        return self.offsets(int(times.min()), int(times.max()))


def local_day(at_us: Int64, offset_s: Int32) -> Int32:
    """Return the local day of each instant, in days since 1970-01-01."""
    return ((at_us + offset_s.astype(np.int64) * SECOND) // DAY).astype(np.int32)


def _status_of(counts: Int64) -> Int8:
    status = np.full(len(counts), Placement.AMBIGUOUS, np.int8)
    status[counts == 0] = Placement.IN_GAP
    status[counts == 1] = Placement.PLACED
    return status


def _local_steps(table: OffsetTable) -> tuple[Int64, Int64, Int64]:
    """Cut the wall clock where steps begin or end: edges, how many steps cover each part, their offsets' sum.

    With one step covering a part, the sum is the offset of that step.
    """
    begins, ends = table.starts + table.shifts, table.ends + table.shifts
    edges = np.unique(np.concatenate([begins, ends]))
    counts, offsets = np.zeros(len(edges), np.int64), np.zeros(len(edges), np.int64)
    for places, sign in ((np.searchsorted(edges, begins), 1), (np.searchsorted(edges, ends), -1)):
        np.add.at(counts, places, sign)
        np.add.at(offsets, places, sign * table.offsets.astype(np.int64))
    return edges, np.cumsum(counts), np.cumsum(offsets)


def _day_parts(table: OffsetTable, days: Int64) -> tuple[Int64, Int64]:
    """Return begin and end instants of each day (rows) within each step (columns); empty where end <= begin."""
    midnight = (days * DAY)[:, np.newaxis] - table.shifts
    return np.maximum(table.starts, midnight), np.minimum(table.ends, midnight + DAY)


def _require_zone(zone: str) -> None:
    if zone not in _zone_names():
        raise UnknownZoneError(zone)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - _MACHINE_NAMES)


def _year_of(at_us: int) -> int:
    year = 1970 + int(np.datetime64(at_us, "us").astype("datetime64[Y]").astype(np.int64))
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise TimeOutOfRangeError(
            f"a time in the year {year}; times must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        )
    return year


def _year_start(year: int) -> int:
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def _table(
    pieces: tuple[tuple[int | None, str], ...], first_year: int, last_year: int
) -> OffsetTable:
    first, end = _year_start(first_year), _year_start(last_year + 1)
    begins = [first if begin is None else min(max(begin, first), end) for begin, _ in pieces]
    steps: list[tuple[int, int]] = []
    for (_, zone), begin, stop in zip(pieces, begins, [*begins[1:], end], strict=True):
        steps += _steps(zone, begin, stop)
    kept = steps[:1] + [new for old, new in pairwise(steps) if new[1] != old[1]]
    starts = np.array([start for start, _ in kept], np.int64)
    offsets = np.array([offset for _, offset in kept], np.int32)
    starts.flags.writeable = offsets.flags.writeable = False  # shared by all who ask
    return OffsetTable(starts, offsets, end)


def _steps(zone: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Return (first instant, offset) of each step of a zone from begin up to end, in microseconds."""
    if begin >= end:
        return []
    steps = [(begin, _offset(ZoneInfo(zone), begin // SECOND))]
    for year in range(_year_of(begin), _year_of(end - 1) + 1):
        steps += [step for step in _changes(zone, year) if begin < step[0] < end]
    return steps


@lru_cache(maxsize=8192)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return (instant, new offset) of each change of a zone's offset within a UTC year."""
    info = ZoneInfo(zone)
    first, end = _year_start(year) // SECOND, _year_start(year + 1) // SECOND
    found: list[tuple[int, int]] = []
    before, old = first - 1, _offset(info, first - 1)
    for probe in [*range(first, end, 86_400), end - 1]:
        new = _offset(info, probe)
        while old != new:
            before = _next_change(info, before, probe)
            old = _offset(info, before)
            found.append((before * SECOND, old))
        before = probe
    return tuple(found)


def _next_change(info: ZoneInfo, before: int, after: int) -> int:
    """Return the second at which the offset of `before` ends, by bisection."""
    old = _offset(info, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(info, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(info: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
    assert offset is not None, info  # noqa: S101 - ZoneInfo always gives one to an aware datetime
    return int(offset.total_seconds())
