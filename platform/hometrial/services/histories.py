"""One person's current samples, cut into local days as metrics and gaps see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from hometrial.services import metrics
from hometrial.services.metrics import Day
from hometrial.services.metrics.priority import rank
from hometrial.services.shelving import Columns, Place, Shelf, days_reaching, reach
from hometrial_ingest.local_time import DAY, Int32, Int64, ZoneHistory
from hometrial_ingest.signals import Signal

Edges = tuple[int, int]
"""First and last local day with samples."""
_MARGIN = 4
_FRAMES = {
    "heart_rate": Signal.HEART_RATE,
    "steps": Signal.STEPS,
    "steps_hourly": Signal.STEPS_HOURLY,
}


@dataclass(frozen=True)
class Calendar:
    """When each of some consecutive local days begins and ends, in one person's zones."""

    first: int
    starts: Int64
    ends: Int64
    offsets: Int32
    lived: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, zones: ZoneHistory, days: range) -> "Calendar":
        """Return the calendar of these days, with a few more on either side."""
        return _calendar(zones, days.start - _MARGIN, days.stop + _MARGIN)

    def bounds(self, day: int) -> Edges:
        """Return a day's first instant and the next day's."""
        return int(self.starts[day - self.first]), int(self.ends[day - self.first])

    def is_lived(self, day: int) -> bool:
        """False for a day that the person skipped whole by crossing the date line."""
        return bool(self.lived[day - self.first])

    def among(self, days: Iterable[int]) -> list[int]:
        """Return those days of the calendar that the person lived, in order."""
        last = self.first + len(self.starts)
        return sorted(day for day in set(days) if self.first <= day < last and self.is_lived(day))


@lru_cache(maxsize=4096)
def _calendar(zones: ZoneHistory, first: int, stop: int) -> Calendar:
    begin = zones.first_instant_of_day(np.arange(first, stop + 1, dtype=np.int64))
    starts, lived = begin.at, begin.status == 0
    # Who flies back over midnight lives a date in two pieces: its own length would reach into the next.
    return Calendar(first, starts[:-1], starts[1:], begin.offset[:-1], lived[:-1])


def local_day(zones: ZoneHistory, at: int) -> int:
    """Return the local day (since 1970) on which an instant lies."""
    _, local = zones.place_instant(np.array([at], np.int64))
    return int(local[0]) // DAY


@dataclass
class History:
    """One person's chunks, asked for as they are needed. `edges`: first and last day of each signal."""

    person: UUID
    shelf: Shelf
    calendar: Calendar
    edges: dict[Signal, Edges]
    _seen: dict[Signal, tuple[int, int] | None] = field(default_factory=dict)

    def columns(self, signal: Signal, day: int) -> Columns | None:
        """Return the samples of one local day's chunk."""
        return self.shelf.columns((self.person, signal, day))

    def night_of(self, day: int) -> int:
        """Return when the first sleep began that ended on this day; the day's start if none is earlier."""
        start, _ = self.calendar.bounds(day)
        slept = self.shelf.facts((self.person, Signal.SLEEP_SESSION, day))
        return start if slept is None else min(start, max(slept.first, start - DAY))

    def day(self, day: int) -> Day:
        """Return one day as the metrics see it."""
        start, end = self.calendar.bounds(day)
        timed = {
            name: self._between(
                name, signal, self.night_of(day) if name in _REACHES else start, end
            )
            for name, signal in _FRAMES.items()
        }
        return Day(
            start_at=start,
            end_at=end,
            offset_at_start=int(self.calendar.offsets[day - self.calendar.first]),
            has_heart_rate_device=self._has_heart_rate_device(start, end),
            **timed,
            sessions=self._slept(day),
            stages=_frame("stages", self.columns(Signal.SLEEP_STAGE, day)),
            sessions_next=self._slept(day + 1, (start, end)),
            daily=self.daily(day),
        )

    def places(self, day: int) -> list[Place]:
        """Return the chunks that a day's metrics are made of, as far as they can be told apart unread."""
        start, end = self.calendar.bounds(day)
        begins = {Signal.HEART_RATE: self.night_of(day)}
        found = [
            (self.person, signal, each)
            for signal in _FRAMES.values()
            for each in days_reaching(begins.get(signal, start), end)
        ]
        found = [p for p in found if self.shelf.may_lie_in(p, begins.get(p[1], start), end)]
        return found + [(self.person, s, day) for s in (Signal.SLEEP_STAGE, *metrics.PASSED_ON)]

    def _slept(self, day: int, begun: Edges | None = None) -> pd.DataFrame:
        """Return the sleep that ended on a day, if asked so only what began in a span of time."""
        found = self.columns(Signal.SLEEP_SESSION, day)
        if found is None:
            return _nothing("sessions")
        ended = found["end_at"] > found["at"]  # one still running has no end yet
        if begun is not None:
            ended &= (found["at"] >= begun[0]) & (found["at"] < begun[1])
        return _frame("sessions", {name: values[ended] for name, values in found.items()})

    def _between(self, name: str, signal: Signal, start: int, end: int) -> pd.DataFrame:
        """Return the samples that begin in [start, end), in order of time."""
        pieces = list(self._pieces(signal, start, end))
        if not pieces:
            return _nothing(name)
        names = list(pieces[0])
        if signal is Signal.HEART_RATE and _of_one_source(pieces):
            names.remove("source")
        whole = {column: _joined([piece[column] for piece in pieces]) for column in names}
        frame = pd.DataFrame(whole)
        at = whole["at"]
        in_order = len(pieces) == 1 or bool((at[1:] >= at[:-1]).all())
        return frame if in_order else frame.sort_values("at", kind="stable", ignore_index=True)

    def _pieces(self, signal: Signal, start: int, end: int) -> Iterable[Columns]:
        for day in days_reaching(start, end):
            facts = self.shelf.facts((self.person, signal, day))
            if facts is None or facts.first >= end or facts.last < start:
                continue
            found = self.columns(signal, day) or {}
            first, last = np.searchsorted(found["at"], [start, end])
            if last > first:
                yield {name: values[first:last] for name, values in found.items()}

    def daily(self, day: int) -> dict[str, float]:
        """Return the source's own values of a day; of several sources the most trusted one's."""
        values: dict[str, float] = {}
        for signal in metrics.PASSED_ON:
            found = self.columns(signal, day)
            best: tuple[int, str] | None = None
            # Of one source the last row stands: of weight, the day's last.
            for value, source in zip(*_told(found), strict=True):
                if best is None or rank(source) <= best:
                    best, values[str(signal)] = rank(source), float(value)
        return values

    def _has_heart_rate_device(self, start: int, end: int) -> bool:
        """True from the first to the last day with heart rate: before and after, wear is unknown."""
        if Signal.HEART_RATE not in self.edges:
            return False
        first, last = self.edges[Signal.HEART_RATE]
        if reach(first, Signal.HEART_RATE)[1] < start and reach(last, Signal.HEART_RATE)[0] >= end:
            return True
        if next(iter(self._pieces(Signal.HEART_RATE, start, end)), None) is not None:
            return True
        seen = self.seen([Signal.HEART_RATE])
        return seen is not None and seen[0] < end and seen[1] >= start

    def seen(self, signals: Sequence[Signal]) -> tuple[int, int] | None:
        """Return the first and last instant of the person's samples of these signals."""
        found = [span for span in map(self._span, signals) if span is not None]
        return (min(s[0] for s in found), max(s[1] for s in found)) if found else None

    def _span(self, signal: Signal) -> tuple[int, int] | None:
        if signal not in self._seen:
            self._seen[signal] = self._look_for_span(signal) if signal in self.edges else None
        return self._seen[signal]

    def _look_for_span(self, signal: Signal) -> tuple[int, int] | None:
        """Look at as many chunks from either edge as can hold the first or the last instant."""
        first, last = self.edges[signal]
        start, end = np.iinfo(np.int64).max, np.iinfo(np.int64).min
        for day in range(first, last + 1):
            if reach(day, signal)[0] >= start:
                break
            facts = self.shelf.facts((self.person, signal, day))
            start = start if facts is None else min(start, facts.first)
        for day in range(last, first - 1, -1):
            if reach(day, signal)[1] <= end:
                break
            facts = self.shelf.facts((self.person, signal, day))
            end = end if facts is None else max(end, facts.end)
        return (int(start), int(end)) if start <= end else None


_REACHES = ("heart_rate",)
_nothing = cache(metrics.no_rows)


def _frame(name: str, found: Columns | None) -> pd.DataFrame:
    return _nothing(name) if found is None else pd.DataFrame(dict(found))


def _told(found: Columns | None) -> tuple[list[float], list[str]]:
    if found is None:
        return [], []
    known = ~np.isnan(found["value"])
    return found["value"][known].tolist(), found["source"][known].tolist()


def _of_one_source(pieces: Sequence[Columns]) -> bool:
    first = pieces[0]["source"][0]
    return all(
        each[0] == first and (each.strides == (0,) or bool((each == first).all()))
        for each in (piece["source"] for piece in pieces)
    )


def _joined(pieces: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
