"""Times of a person's own day: quiet hours, the time that they like, and the moments of a window."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from hometrial.clock import instant, microseconds
from hometrial.protocol.windows import Opening, local_date
from hometrial_ingest.local_time import ZoneHistory

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_AHEAD = 3  # days: no flight or decree skips more dates than that


@dataclass(frozen=True)
class Hours:
    """When a person is not to be disturbed, and when they like to be written to, on their own clock."""

    zones: ZoneHistory
    quiet_from: time
    quiet_to: time
    preferred_at: time | None = None

    def is_quiet(self, moment: datetime) -> bool:
        """Whether nobody is to be disturbed at an instant."""
        shown = wall(self.zones, moment).time()
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= shown < self.quiet_to
        return shown >= self.quiet_from or shown < self.quiet_to

    def after_quiet(self, moment: datetime) -> datetime:
        """Return the first instant from then on that is not quiet: the same, if that is not."""
        found = moment
        while self.is_quiet(found):  # a clock put back may show quiet hours a second time
            found = next_at(self.zones, found, self.quiet_to)
        return found

    def liked(self, moment: datetime, before: datetime) -> datetime:
        """Return the time that the person likes, the first from a moment on; the moment if none is before `before`."""
        if self.preferred_at is None:
            return moment
        found = next_at(self.zones, moment, self.preferred_at)
        return found if found < before else moment


@dataclass(frozen=True)
class Moment:
    """A moment at which a person is reminded of what is open."""

    name: str
    at: datetime


def moments(opening: Opening, hours: Hours, before_close: timedelta) -> tuple[Moment, ...]:
    """Return when to remind of a window: at its opening, in its middle, and some time before it closes.

    The first two are at the time that the person likes, if that lies in the window. None comes before the first.
    """
    middle = opening.opens_at + (opening.closes_at - opening.opens_at) / 2
    last = opening.closes_at - before_close
    first = hours.liked(opening.opens_at, opening.closes_at)
    found = [Moment("open", first)]
    halfway = hours.liked(middle, last)
    if first < halfway < last:
        found.append(Moment("middle", halfway))
    if last > first:
        found.append(Moment("closing", last))
    return tuple(found)


def wall(zones: ZoneHistory, moment: datetime) -> datetime:
    """Return what a person's clock and calendar show at an instant, without a zone."""
    at = microseconds(moment)
    shift = next(shift for start, end, shift in _steps(zones, at) if start <= at < end)
    return (_EPOCH + timedelta(microseconds=at + shift)).replace(tzinfo=None)


def next_at(zones: ZoneHistory, moment: datetime, shown: time) -> datetime:
    """Return the first instant from a moment on at which a person's clock shows a time.

    On a day that skips it: the first instant after the gap. A time that comes twice counts twice.
    """
    day = local_date(moment, zones)
    return min(
        at
        for ahead in range(_LOOK_AHEAD + 1)
        for at in _instants(zones, day + timedelta(ahead), shown)
        if at >= moment
    )


def day_bounds(zones: ZoneHistory, moment: datetime) -> tuple[datetime, datetime]:
    """Return when the day that a person's calendar shows at an instant began, and when it ends."""
    day = local_date(moment, zones)
    begun = min(_instants(zones, day, time.min))
    ends = next(
        min(found)
        for ahead in range(1, _LOOK_AHEAD + 1)
        if (found := list(_instants(zones, day + timedelta(ahead), time.min)))
    )
    return begun, ends


def _instants(zones: ZoneHistory, day: date, shown: time) -> Iterator[datetime]:
    """Yield each instant at which the clock reaches a time of a day, or passes over it."""
    sought = microseconds(datetime.combine(day, shown, UTC))
    before: int | None = None
    for start, end, shift in _steps(zones, sought):
        if start <= sought - shift < end:
            yield instant(sought - shift)
        elif before is not None and start + before <= sought < start + shift:
            yield instant(start)
        before = shift


def _steps(zones: ZoneHistory, around: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first instant, end, local minus UTC) of each step of a person's offset, in microseconds."""
    table = zones.offsets(around, around)
    yield from zip(table.starts.tolist(), table.ends.tolist(), table.shifts.tolist(), strict=True)
