"""Which hours of a day are missing, and why (features.md C12, N2), as far as archives can tell."""

from dataclasses import dataclass
from itertools import groupby

from hometrial.services.metrics.spans import HOUR
from hometrial_ingest.local_time import Int64

GAP_RULE_VERSION = 2
GAP_RULE = """\
Hours are counted from the day's first instant, so that a day has 23, 24 or 25 of them; a piece of an
hour at the end of the day counts as one. Of `heart_rate`, each hour without a sample is missing; of
`steps` and `sleep`, the whole day if it has no sample. Missing hours in a row with one cause are one
gap. The first cause that holds is given:

1. `quarantined`: samples of that hour came, and wait in quarantine for a decision.
2. `not_in_source`: no file of the sources seen has a sample of this stream of this person.
3. `unknown`: no part of the hour lies between the first and the last instant that the files cover.
4. `not_in_source`: the person's heart rate begins on a later day, or ended on an earlier one, than the
   other streams that cover this hour: the source carried none yet, or no longer.
5. `not_worn`: the device reported steps in that hour, even zero steps, or the person has heart rate
   both before and after it; and still it has no heart rate. Steps and sleep of a day are `not_worn`
   if that is so of every hour of the day's heart rate.
6. `unknown`: none of these.
"""
"""The rule in words; GAP_RULE_VERSION is raised when it changes."""

Covered = tuple[int, int]
"""First and last instant, µs UTC."""


@dataclass(frozen=True)
class Stream:
    """What is known of one stream on one day.

    `hours`: those with a sample, numbered from 0 at the day's start; `quarantined`: those with rows
    that wait in quarantine; `seen`: first and last instant of the person's samples in all files, None
    if there is none.
    """

    hours: frozenset[int] = frozenset()
    quarantined: frozenset[int] = frozenset()
    seen: Covered | None = None


@dataclass(frozen=True)
class Presence:
    """What was heard of a person's devices on the local day [start_at, end_at), µs UTC.

    `covered`: first and last instant that the sources' files cover for this person, None if none
    does. `sleep` holds the hours in which the sleep that belongs to the day ended.
    """

    start_at: int
    end_at: int
    heart_rate: Stream
    steps: Stream
    sleep: Stream
    covered: Covered | None

    def hour(self, number: int) -> tuple[int, int]:
        """Return [start, end) of an hour of the day."""
        start = self.start_at + number * HOUR
        return start, min(start + HOUR, self.end_at)

    @property
    def hours(self) -> range:
        """The numbers of the day's hours."""
        return range(-((self.start_at - self.end_at) // HOUR))


@dataclass(frozen=True)
class GapSpan:
    """Hours without a sample of a stream, [start_at, end_at) in µs UTC, and why."""

    stream: str
    start_at: int
    end_at: int
    cause: str


def hours_of(at: Int64, start_at: int, end_at: int) -> frozenset[int]:
    """Return the hours, numbered from the day's start, in which these instants of the day lie."""
    inside = at[(at >= start_at) & (at < end_at)]
    return frozenset(((inside - start_at) // HOUR).tolist())


def gaps(day: Presence) -> list[GapSpan]:
    """Return the day's gaps by stream and time; GAP_RULE says what is one and how its cause is found."""
    return [
        *_heart_rate_gaps(day),
        *_whole_day(day, "steps", day.steps),
        *_whole_day(day, "sleep", day.sleep),
    ]


def _heart_rate_gaps(day: Presence) -> list[GapSpan]:
    found = []
    for cause, group in groupby(day.hours, key=lambda number: _heart_rate_cause(day, number)):
        numbers = list(group)
        if cause is not None:
            start, end = day.hour(numbers[0])[0], day.hour(numbers[-1])[1]
            found.append(GapSpan("heart_rate", start, end, cause))
    return found


def _heart_rate_cause(day: Presence, number: int) -> str | None:
    """Return why an hour has no heart rate, None if it has."""
    stream, (start, end) = day.heart_rate, day.hour(number)
    if number in stream.hours:
        return None
    if number in stream.quarantined:
        return "quarantined"
    if stream.seen is None:
        return "not_in_source"
    if not _meets(day.covered, start, end):
        return "unknown"
    if day.end_at <= stream.seen[0] or day.start_at > stream.seen[1]:
        return "not_in_source"
    around = stream.seen[0] < start and stream.seen[1] >= end
    return "not_worn" if number in day.steps.hours or around else "unknown"


def _whole_day(day: Presence, name: str, stream: Stream) -> list[GapSpan]:
    if stream.hours:
        return []
    return [GapSpan(name, day.start_at, day.end_at, _day_cause(day, stream))]


def _day_cause(day: Presence, stream: Stream) -> str:
    if stream.quarantined:
        return "quarantined"
    if stream.seen is None:
        return "not_in_source"
    if not _meets(day.covered, day.start_at, day.end_at):
        return "unknown"
    off = all(_heart_rate_cause(day, number) == "not_worn" for number in day.hours)
    return "not_worn" if off else "unknown"


def _meets(covered: Covered | None, start: int, end: int) -> bool:
    return covered is not None and covered[0] < end and covered[1] >= start
