"""Which hours of people are missing and why: their chunks and obstacles as the rule of gaps sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np
from sqlalchemy import BigInteger, cast, select
from sqlalchemy.orm import Session

from hometrial.models import QuarantinedRow
from hometrial.services import metrics
from hometrial.services.comparing import day_number
from hometrial.services.histories import History
from hometrial.services.metrics import GapSpan, Presence, Stream
from hometrial.services.metrics.spans import HOUR
from hometrial.services.shelving import LOADED, QUARTER, Place, days_reaching
from hometrial.services.syncing.obstacles import Obstacles
from hometrial_ingest.local_time import Int64
from hometrial_ingest.signals import SIGNALS, Shape, Signal

SHOWING: Mapping[str, tuple[Signal, ...]] = {
    "heart_rate": (Signal.HEART_RATE,),
    "steps": (Signal.STEPS, Signal.STEPS_HOURLY, Signal.STEPS_DAILY),
    "sleep": (Signal.SLEEP_SESSION, Signal.MINUTES_ASLEEP_DAILY),
}
"""Stream: the signals whose samples show it."""
SIGNALS_SHOWING = tuple(signal for signals in SHOWING.values() for signal in signals)
_TIMED = (Signal.HEART_RATE, Signal.STEPS, Signal.STEPS_HOURLY)
_COVERING = tuple(s for s in LOADED if SIGNALS[s].shape is not Shape.DAILY)
_NONE: Int64 = np.empty(0, np.int64)
_NO: frozenset[int] = frozenset()


@dataclass
class Waiting:
    """What of a person waits in quarantine: instants of samples by signal, and days of sleep."""

    instants: dict[str, list[int]] = field(default_factory=dict)
    nights: set[int] = field(default_factory=set)


def waiting(session: Session, people: Iterable[UUID]) -> dict[UUID, Waiting]:
    """Return what waits in quarantine of each of these people that has any, in one query."""
    sample = QuarantinedRow.sample
    rows = session.execute(
        select(
            QuarantinedRow.participant_id,
            QuarantinedRow.signal,
            cast(sample["at"].astext, BigInteger),
            QuarantinedRow.day,
        ).where(
            QuarantinedRow.participant_id.in_(list(people)),
            QuarantinedRow.signal.in_([*map(str, _TIMED), str(Signal.SLEEP_SESSION)]),
            QuarantinedRow.status == "open",
            sample["placement"].astext == "placed",
        )
    )
    found: dict[UUID, Waiting] = {}
    for person, signal, at, day in rows:
        mine = found.setdefault(person, Waiting())
        if signal != Signal.SLEEP_SESSION:
            mine.instants.setdefault(signal, []).append(at)
        elif day is not None:
            mine.nights.add(day_number(day))
    return found


def places(history: History, days: Sequence[int]) -> list[Place]:
    """Return the chunks that the gaps of these days are made of."""
    found = []
    for day in days:
        found += [(history.person, s, day) for signals in SHOWING.values() for s in signals]
        around = days_reaching(*history.calendar.bounds(day))
        found += [(history.person, s, each) for s in _TIMED for each in around if each != day]
    return found


def gaps(
    history: History, days: Sequence[int], held: Waiting | None, obstacles: Obstacles | None
) -> dict[int, list[GapSpan]]:
    """Return the gaps of these days, by the rule of archives if the person has no linked account."""
    if not days:
        return {}
    told = _Told(history, _hours(history, days), held or Waiting(), obstacles is not None)
    if obstacles is None:
        covered = history.seen(_COVERING)
        return {day: _of_archives(told, day, covered) for day in days}
    open_days = [day for day in days if not told.is_complete(day)]
    reads = {stream: _reads(history, stream, open_days, obstacles) for stream in SHOWING}
    found = {day: _of_accounts(told, day, {s: reads[s][day] for s in SHOWING}) for day in open_days}
    return {day: found.get(day, []) for day in days}


def _hours(history: History, days: Sequence[int]) -> dict[str, dict[int, frozenset[int]]]:
    """Return for each stream the hours of each day in which a person has samples."""
    bounds = [history.calendar.bounds(day) for day in days]
    around = sorted({each for start, end in bounds for each in days_reaching(start, end)})
    found = {}
    for name, signals in SHOWING.items():
        places = [(history.person, s, day) for s in signals if s in _TIMED for day in around]
        known = [facts.quarters for facts in map(history.shelf.facts, places) if facts is not None]
        at = np.unique(np.concatenate(known)) * QUARTER if known else _NONE
        edges = np.searchsorted(at, np.array(bounds, np.int64))
        found[name] = {
            day: frozenset(((at[first:last] - start) // HOUR).tolist())
            for day, (start, _), (first, last) in zip(days, bounds, edges.tolist(), strict=True)
        }
    return found


@dataclass
class _Told:
    """What is known of a person's days: hours with samples by stream, and what waits in quarantine."""

    history: History
    hours: Mapping[str, Mapping[int, frozenset[int]]]
    held: Waiting
    linked: bool

    def is_complete(self, day: int) -> bool:
        """Say whether a day lacks nothing."""
        start, end = self.history.calendar.bounds(day)
        return (
            len(self.hours["heart_rate"][day]) * HOUR >= end - start
            and bool(self.hours["steps"][day] or self._is_told("steps", day))
            and self._is_told("sleep", day)
        )

    def stream(self, name: str, day: int) -> Stream:
        """Return which hours of a day have samples of a stream, and which have some in quarantine."""
        start, end = self.history.calendar.bounds(day)
        hours = self.hours[name][day]
        if not (self.linked and hours) and self._is_told(name, day):
            hours |= {0}
        instants = [at for signal in SHOWING[name] for at in self.held.instants.get(signal, ())]
        waiting = metrics.hours_of(np.array(instants, np.int64), start, end) if instants else _NO
        night = name == "sleep" and day in self.held.nights
        return Stream(hours, waiting | {0} if night else waiting)

    def _is_told(self, name: str, day: int) -> bool:
        """Say whether the day has a sample that counts for all of it: a night, a daily value."""
        for signal in SHOWING[name]:
            place = (self.history.person, signal, day)
            if SIGNALS[signal].shape is Shape.SESSION and self.history.shelf.chunk(place):
                return True
            if SIGNALS[signal].shape is Shape.DAILY:
                facts = self.history.shelf.facts(place)
                if facts is not None and facts.told:
                    return True
        return False


def _of_archives(told: _Told, day: int, covered: tuple[int, int] | None) -> list[GapSpan]:
    start, end = told.history.calendar.bounds(day)
    streams = {
        name: replace(told.stream(name, day), seen=told.history.seen(SHOWING[name]))
        for name in SHOWING
    }
    return metrics.gaps(Presence(start, end, covered=covered, **streams))


def _of_accounts(told: _Told, day: int, reads: Mapping[str, tuple[str, ...]]) -> list[GapSpan]:
    start, end = told.history.calendar.bounds(day)
    streams = {name: replace(told.stream(name, day), reads=reads[name]) for name in SHOWING}
    return metrics.gaps(Presence(start, end, covered=None, **streams))


def _reads(
    history: History, stream: str, days: Sequence[int], obstacles: Obstacles
) -> dict[int, tuple[str, ...]]:
    """Return for each day READ or the obstacle of each hour that is over; of sleep, if the day is."""
    if not days:
        return {}
    bounds = [history.calendar.bounds(day) for day in days]
    starts = [np.arange(start, end, HOUR, dtype=np.int64) for start, end in bounds]
    ends = [np.minimum(s + HOUR, end) for s, (_, end) in zip(starts, bounds, strict=True)]
    told = iter(obstacles.reads(stream, np.concatenate(starts), np.concatenate(ends)))
    found = {}
    for day, (_, end), hours in zip(days, bounds, ends, strict=True):
        mine = tuple(next(told) for _ in range(int((hours <= obstacles.now).sum())))
        found[day] = mine if stream != "sleep" or end <= obstacles.now else ()
    return found
