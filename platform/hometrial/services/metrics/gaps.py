"""Which hours of a day are missing, and why (features.md C12, N2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from hometrial.services.metrics.spans import HOUR
from hometrial_ingest.local_time import Int64

GAP_RULE_VERSION = 3
GAP_RULE = """\
Hours are counted from the day's first instant, so that a day has 23, 24 or 25 of them; a piece of an
hour at the end of the day counts as one. Of `heart_rate`, each hour without a sample is missing; of
`steps` and `sleep`, the whole day if it has no sample. Missing hours in a row with one cause are one
gap. The first cause that holds is given.

Of a person with a linked account, over all days from the first consent or the first sample on, and
never of an hour that is not over yet (of `sleep`, of a day that is not):

1. `quarantined`: samples of that hour came, and wait in quarantine for a decision.
2. `not_consented`: no consent to this type of data was in force at any moment of the hour; or it is
   withdrawn now and the hour was never read.
3. `paused`: a pause covers all of the hour in which consent was in force.
4. If an account was read completely over that hour after its device had handed its data over:
   - `heart_rate`: `not_worn`.
   - `steps`: `not_worn` if no hour of the day has heart rate and heart rate was read for one, too; else
     `not_in_source`: the provider has none.
   - `sleep`: likewise; and also `not_worn` if that is so of the day's first six hours: who wears nothing
     at night has no recorded night.
5. Else what the person's account that was linked last meets with:
   - `retired`: the provider has shut its service.
   - `token_dead`: the grant is gone, or the person has unlinked; only a new link opens the account.
   - `scope_missing`: the person did not grant this stream.
   - `not_in_source`: the account has no health profile behind it.
   - `provider_outage`: the provider fails, or refuses for the number of calls.
   - `not_synced`: no device of the account has handed its data over since the hour's end; where its
     devices cannot be seen, no sample of any stream is newer than that.
   - `unknown`: none of these; as a rule the hour's turn to be read has not come yet.

Of a person without one, whose data came in archives:

1. `quarantined`: as above.
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

READ = "read"
"""Said of an hour that was read completely after the device had handed its data over."""
_NIGHT = 6  # hours from the day's first instant
_NAMES = ("heart_rate", "steps", "sleep")

Covered = tuple[int, int]
"""First and last instant, µs UTC."""


@dataclass(frozen=True)
class Stream:
    """What is known of one stream on one day.

    `hours`: those with a sample, numbered from 0 at the day's start; `quarantined`: those with rows
    that wait in quarantine; `seen`: first and last instant of the person's samples in all files, None
    if there is none. `reads`, of a person with a linked account: for each hour that is over, READ or
    why it was not read.
    """

    hours: frozenset[int] = frozenset()
    quarantined: frozenset[int] = frozenset()
    seen: Covered | None = None
    reads: tuple[str, ...] | None = None


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
    return [gap for name in _NAMES for gap in _of_stream(day, name, getattr(day, name))]


def _of_stream(day: Presence, name: str, stream: Stream) -> list[GapSpan]:
    """Return the runs of hours with one cause; archives tell of a whole day's steps or sleep at once."""
    whole = name != "heart_rate"
    if whole and stream.hours:
        return []
    if stream.reads is not None:
        causes = [_linked_cause(day, name, number) for number in range(len(stream.reads))]
    elif whole:
        return [GapSpan(name, day.start_at, day.end_at, _day_cause(day, stream))]
    else:
        causes = [_heart_rate_cause(day, number) for number in day.hours]
    return _runs(day, name, causes)


def _runs(day: Presence, name: str, causes: Sequence[str | None]) -> list[GapSpan]:
    found, number = [], 0
    for cause, group in groupby(causes):
        first, number = number, number + len(list(group))
        if cause is not None:
            found.append(GapSpan(name, day.hour(first)[0], day.hour(number - 1)[1], cause))
    return found


def _linked_cause(day: Presence, name: str, number: int) -> str | None:
    """Return why an hour of a linked person is missing, None if it is not."""
    stream: Stream = getattr(day, name)
    if number in stream.hours:
        return None
    # A night in quarantine stands for the day that it belongs to, as a stored one does.
    if number in stream.quarantined or (name != "heart_rate" and stream.quarantined):
        return "quarantined"
    told = (stream.reads or ())[number]
    if told != READ:
        return told
    if name == "heart_rate" or _off(day.heart_rate, day.hours):
        return "not_worn"
    night = name == "sleep" and _off(day.heart_rate, range(_NIGHT))
    return "not_worn" if night else "not_in_source"


def _off(heart_rate: Stream, hours: range) -> bool:
    """Say whether heart rate was read in these hours, and there was none in any of them."""
    reads = heart_rate.reads or ()
    return not heart_rate.hours & set(hours) and READ in reads[hours.start : hours.stop]


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
