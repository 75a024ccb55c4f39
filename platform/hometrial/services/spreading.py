"""Which local days the changed chunks of one person bear upon: a superset, never a day less."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hometrial.services.histories import History
from hometrial.services.shelving import LOADED, days_reaching, reach
from hometrial_ingest.signals import SIGNALS, Shape, Signal

Changes = Mapping[Signal, frozenset[int]]
"""The local days of each signal whose samples changed."""
Beside = Mapping[Signal, tuple[int | None, int | None]]
"""The nearest days with unchanged samples of each changed signal: before the first change, after the last."""

WINDOWED = (Signal.HEART_RATE, Signal.STEPS, Signal.STEPS_HOURLY)
"""Signals whose samples belong to the day in which they lie, whichever day their chunk names."""
TELLING = (*WINDOWED, Signal.STEPS_DAILY, Signal.SLEEP_SESSION, Signal.MINUTES_ASLEEP_DAILY)
"""Signals that show that a stream is there, so that it has no gap."""
_BEYOND = 3  # days that a chunk's samples can lie outside its day, by offset and by length


@dataclass
class Affected:
    """Days whose metrics, and days whose gaps can be other than they were."""

    measured: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)
    all_missing: bool = False
    """Whether every day's gaps can be: a stream came for the first time, or is gone."""


def affected(changes: Changes, beside: Beside, history: History) -> Affected:
    """Return the days that a person's changed chunks bear upon.

    A day's metrics are made of its samples, of heart rate back to where its sleep began, of the sleep
    that follows, and of whether heart rate is known before and after it. Its gaps are made of its
    samples, and, without a linked account, of the span of the person's files.
    """
    found = Affected()
    grown = _grown(changes, beside, history)
    found.measured |= grown
    found.missing |= grown
    for signal, days in changes.items():
        if signal in LOADED:
            found.measured |= days
        found.missing |= days
        if signal is Signal.SLEEP_SESSION:
            found.measured |= {day - 1 for day in days}
        if signal in WINDOWED:
            for day in days:
                _add_windows(found, signal, day, history)
        _add_edges(found, signal, days, beside[signal], history)
    return found


def _add_windows(found: Affected, signal: Signal, day: int, history: History) -> None:
    """Add the days in which samples of a chunk lie, or lay before it changed."""
    lies = _extent(signal, day, history)
    bounds = history.calendar.bounds
    within = {each for each in _days_in(lies, history) if _meet(bounds(each), lies)}
    found.measured |= within
    found.missing |= within
    if signal is Signal.HEART_RATE:
        for each in history.calendar.among(range(day - 1, day + _BEYOND + 1)):
            if _meet((history.night_of(each), bounds(each)[0]), lies):
                found.measured.add(each)


def _days_in(span: tuple[int, int], history: History) -> list[int]:
    return history.calendar.among(days_reaching(*span)) if span[0] < span[1] else []


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _extent(signal: Signal, day: int, history: History) -> tuple[int, int]:
    """Return between which instants a chunk's samples are, or can have been where some are gone."""
    place = (history.person, signal, day)
    chunk, facts = history.shelf.chunk(place), history.shelf.facts(place)
    if chunk is None or facts is None or chunk.shrank:
        return reach(day, signal)
    return facts.first, max(facts.end, facts.last + 1)


def _add_edges(
    found: Affected,
    signal: Signal,
    days: frozenset[int],
    beside: tuple[int | None, int | None],
    history: History,
) -> None:
    """Add the days that lie between what is unchanged of a signal and what changed before or after it.

    Their hours without a sample mean something else than before: the person's data go on after them.
    """
    before, after = beside
    found.all_missing |= signal in TELLING and before is None and after is None
    if signal not in LOADED or SIGNALS[signal].shape is Shape.DAILY:
        return
    extents = [_extent(signal, day, history) for day in days]
    first, end = min(start for start, _ in extents), max(stop for _, stop in extents)
    kept = _unchanged(signal, before, after, history) or (end, first)
    bounds = history.calendar.bounds
    earlier, later = _days_in((first, kept[0]), history), _days_in((kept[1], end), history)
    found.missing |= {*earlier, *later}
    if signal is Signal.HEART_RATE:
        found.measured |= {each for each in earlier if bounds(each)[1] <= kept[0]}
        found.measured |= {each for each in later if bounds(each)[0] > kept[1]}


def _unchanged(
    signal: Signal, before: int | None, after: int | None, history: History
) -> tuple[int, int] | None:
    """Return the first and last instant of the unchanged chunks beside the changed ones."""
    beside = [day for day in (before, after) if day is not None]
    known = [history.shelf.facts((history.person, signal, day)) for day in beside]
    facts = [each for each in known if each is not None]
    return (min(f.first for f in facts), max(f.end for f in facts)) if facts else None


def _grown(changes: Changes, beside: Beside, history: History) -> set[int]:
    """Return the days that may have come to the span of a person's data, or left it."""
    changed = [day for days in changes.values() for day in days]
    if not changed:
        return set()
    firsts, lasts = [], []
    for signal in {*changes, *history.edges}:
        before, after = beside.get(signal, history.edges.get(signal, (None, None)))
        firsts += [day for day in (before, after) if day is not None][:1]
        lasts += [day for day in (after, before) if day is not None][:1]
    later = range(max(lasts, default=min(changed) - 1) + 1, max(changed) + 1)
    earlier = range(min(changed), min(firsts, default=min(changed)))
    return {*later, *earlier}
