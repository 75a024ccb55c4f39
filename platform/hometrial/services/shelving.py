"""Day chunks of many people as metrics and gaps read them: only the columns, and each chunk once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.services import metrics
from hometrial.services.comparing import day_number, day_of
from hometrial_ingest.local_time import DAY, SECOND, Int64
from hometrial_ingest.signals import SIGNALS, Shape, Signal

LOADED = (
    Signal.HEART_RATE,
    Signal.STEPS,
    Signal.STEPS_HOURLY,
    Signal.SLEEP_SESSION,
    Signal.SLEEP_STAGE,
    *metrics.PASSED_ON,
)
"""The signals that some metric or gap is made of."""
QUARTER = 900 * SECOND
"""Local days and their hours begin on whole quarters of an hour in every zone since 1972."""
_AHEAD, _BEHIND = 14 * 3600 * SECOND, 12 * 3600 * SECOND  # how far a wall clock is from UTC
_REMEMBERED = 60_000  # a fortnight of 500 people, about 80 MB

Place = tuple[UUID, Signal, int]
"""Whose chunk, of which signal, of which local day (days since 1970)."""
Columns = Mapping[str, npt.NDArray[Any]]

_WORDS = ("source", "device", "session", "code")
_SUMMED = ("at", "duration", "value", "source", "device")
_READ: dict[Signal, tuple[str, ...]] = {
    Signal.HEART_RATE: ("at", "duration", "value", "source"),
    Signal.STEPS: _SUMMED,
    Signal.STEPS_HOURLY: _SUMMED,
    Signal.SLEEP_SESSION: tuple(metrics.COLUMNS["sessions"]),
    Signal.SLEEP_STAGE: tuple(metrics.COLUMNS["stages"]),
}
_OF_A_DAILY = ("at", "duration", "value", "source")


@dataclass(frozen=True)
class Facts:
    """What a chunk says of time: its first and last instant, its last sample's end, its quarter hours.

    `told`: whether it holds a value; a sleep session tells by being there.
    """

    first: int
    last: int
    end: int
    quarters: Int64
    told: bool


@dataclass
class Chunk:
    """A current chunk that has samples; `body` is None as long as only its name is known."""

    sha256: str
    shrank: bool
    """Whether its last version lacks samples that the one before had."""
    body: bytes | None
    columns: Columns | None = None


_facts: dict[tuple[Signal, str], Facts] = {}
"""Facts by what a chunk says; the days of the last weeks are asked for again and again."""


@dataclass
class Shelf:
    """The current chunks of some people as far as they were asked for, each read from the database once."""

    session: Session
    decoded: int = 0
    _chunks: dict[Place, Chunk] = field(default_factory=dict)
    _asked: set[Place] = field(default_factory=set)

    # Lateral subqueries with LIMIT or OFFSET keep the database at the index, whatever it believes of a
    # table that grew in this very transaction.

    def look(self, spans: Mapping[UUID, range], signals: Sequence[Signal]) -> None:
        """Learn which chunks there are of these people's days, without their bodies."""
        self._query(spans, signals, "NULL")

    def take(self, spans: Mapping[UUID, range], signals: Sequence[Signal] = LOADED) -> None:
        """Take the chunks of these people's days."""
        self._query(spans, signals, "c.body")

    def _query(self, spans: Mapping[UUID, range], signals: Sequence[Signal], body: str) -> None:
        found = self.session.execute(
            text(
                f"SELECT w.person, c.stream, c.day, c.content_sha256, c.revised, {body}"  # noqa: S608
                " FROM unnest(CAST(:people AS uuid[]), CAST(:first AS date[]), CAST(:last AS date[]))"
                " AS w (person, first, last) CROSS JOIN LATERAL ("
                " SELECT * FROM day_chunk c WHERE c.participant_id = w.person"
                " AND c.stream = ANY(:signals) AND c.day BETWEEN w.first AND w.last"
                " AND c.is_current AND c.samples > 0 OFFSET 0) c"
            ),
            {
                "people": list(spans),
                "first": [day_of(span.start) for span in spans.values()],
                "last": [day_of(span.stop - 1) for span in spans.values()],
                "signals": [str(signal) for signal in signals],
            },
        )
        self._asked |= {(p, s, d) for p, span in spans.items() for s in signals for d in span}
        self._keep(found)

    def fetch(self, places: Iterable[Place]) -> None:
        """Take the chunks at these places that are not here yet, in one query."""
        wanted = [place for place in set(places) if self._lacks(place)]
        if not wanted:
            return
        found = self.session.execute(
            text(
                "SELECT w.person, w.signal, w.day, c.content_sha256, c.revised, c.body"
                " FROM unnest(CAST(:people AS uuid[]), CAST(:signals AS text[]), CAST(:days AS date[]))"
                " AS w (person, signal, day) CROSS JOIN LATERAL ("
                " SELECT * FROM day_chunk c WHERE c.participant_id = w.person"
                " AND c.stream = w.signal AND c.day = w.day AND c.is_current AND c.samples > 0 LIMIT 1) c"
            ),
            {
                "people": [person for person, _, _ in wanted],
                "signals": [str(signal) for _, signal, _ in wanted],
                "days": [day_of(day) for _, _, day in wanted],
            },
        )
        self._asked.update(wanted)
        self._keep(found)

    def _lacks(self, place: Place) -> bool:
        chunk = self._chunks.get(place)
        return chunk.body is None if chunk is not None else place not in self._asked

    def _keep(self, found: Iterable[Any]) -> None:
        for person, stream, day, sha256, revised, body in found:
            place = (person, Signal(stream), day_number(day))
            known = self._chunks.get(place)
            if known is None or known.body is None:
                self._chunks[place] = Chunk(sha256, revised > 0, body)

    def chunk(self, place: Place) -> Chunk | None:
        """Return the chunk at a place, None if it has no samples."""
        if place not in self._asked:
            self.fetch([place])
        return self._chunks.get(place)

    def columns(self, place: Place) -> Columns | None:
        """Return a chunk's columns in order of time, None if there is no sample."""
        chunk = self.chunk(place)
        if chunk is None:
            return None
        if chunk.columns is None:
            if chunk.body is None:
                self.fetch([place])
                chunk = self._chunks[place]
            chunk.columns = read(chunk.body or b"", place[1])
            self.decoded += 1
        return chunk.columns

    def facts(self, place: Place) -> Facts | None:
        """Return what a chunk says of time, None if there is no sample."""
        chunk = self.chunk(place)
        if chunk is None:
            return None
        key = (place[1], chunk.sha256)
        known = _facts.get(key)
        if known is None:
            if len(_facts) >= _REMEMBERED:
                _facts.clear()
            columns = self.columns(place)
            known = _facts[key] = _facts_of(columns or {}, place[1])
        return known

    def may_lie_in(self, place: Place, start: int, end: int) -> bool:
        """Say, without reading it, whether a chunk can hold instants of [start, end)."""
        if place in self._asked and place not in self._chunks:
            return False
        chunk = self._chunks.get(place)
        facts = None if chunk is None else _facts.get((place[1], chunk.sha256))
        return facts is None or (facts.first < end and facts.last >= start)

    def fetch_facts(self, places: Iterable[Place]) -> None:
        """Take the chunks at these places whose facts are not remembered, in one query."""
        self.fetch(self.unremembered(places))

    def unremembered(self, places: Iterable[Place]) -> list[Place]:
        """Return the places whose facts only their bodies can tell, as far as is known here."""
        return [place for place in places if not self._is_remembered(place)]

    def _is_remembered(self, place: Place) -> bool:
        chunk = self._chunks.get(place)
        return chunk is not None and (place[1], chunk.sha256) in _facts


def read(body: bytes, signal: Signal) -> Columns:
    """Return the columns of a chunk that measuring uses, in order of time."""
    names = _READ.get(signal, _OF_A_DAILY)
    words = [name for name in names if name in _WORDS]
    file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=words)
    table = file.read(columns=list(names), use_threads=False)
    found = {name: _column(table[name], name) for name in names}
    at = found["at"]
    if (at[1:] >= at[:-1]).all():
        return found
    order = np.argsort(at, kind="stable")
    return {name: values[order] for name, values in found.items()}


def _column(column: pa.ChunkedArray, name: str) -> npt.NDArray[Any]:
    if name in _WORDS:
        return _words(column)
    values: npt.NDArray[Any] = column.to_numpy()
    return values.astype(np.float64) if name == "value" else values


def _words(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return words as objects, each distinct one once in memory, None where there is none.

    One word for all rows is one element that is seen as often as there are rows (stride 0).
    """
    pieces = []
    for piece in column.chunks:
        if len(column.chunks) == len(piece.dictionary) == 1 and not piece.null_count:
            return np.broadcast_to(np.array(piece.dictionary.to_pylist(), object), len(piece))
        distinct = np.array([*piece.dictionary.to_pylist(), None], object)
        codes = piece.indices.fill_null(len(distinct) - 1).to_numpy()
        pieces.append(distinct[codes])
    return np.concatenate(pieces) if pieces else np.empty(0, object)


def _facts_of(columns: Columns, signal: Signal) -> Facts:
    at = columns["at"]
    ends = at + columns["duration"] * SECOND
    told = SIGNALS[signal].shape is not Shape.DAILY or not np.isnan(columns["value"]).all()
    return Facts(int(at[0]), int(at[-1]), int(ends.max()), np.unique(at // QUARTER), bool(told))


def days_reaching(start: int, end: int) -> range:
    """Return the local days that can have an instant in [start, end), whatever the offset was there."""
    return range((start - _BEHIND) // DAY, (end - 1 + _AHEAD) // DAY + 1)


def reach(day: int, signal: Signal) -> tuple[int, int]:
    """Return between which instants samples of a chunk of this day can lie, ends included."""
    longest = SIGNALS[signal].longest * SECOND
    start, end = day * DAY - _AHEAD, (day + 1) * DAY + _BEHIND
    if SIGNALS[signal].shape is Shape.SESSION:
        return start - longest, end
    return start, end + longest
