"""Day chunks in the database, read back as samples."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import DayChunk, Participant
from hometrial.services import chunks, comparing
from hometrial.services.comparing import day_number, day_of, groups_of
from hometrial_ingest.signals import SIGNALS, Signal

Key = tuple[str, int]
"""Pseudonym and local day (days since 1970)."""


@dataclass(frozen=True)
class Stored:
    """The current samples of some days, with their chunks, as they are before a merge."""

    samples: pd.DataFrame
    chunks: dict[Key, DayChunk]

    def as_of(self) -> dict[Key, datetime]:
        """How far the file of each day told."""
        return {key: chunk.as_of for key, chunk in self.chunks.items()}


def current_chunks(
    session: Session, signal: Signal, participants: Sequence[str], first: int, last: int
) -> list[tuple[str, DayChunk]]:
    """Return (pseudonym, chunk) of the current chunks of a stream over days first..last."""
    return chunks_by_signal(session, [signal], participants, first, last)[signal]


def chunks_by_signal(
    session: Session,
    signals: Sequence[Signal],
    participants: Sequence[str],
    first: int,
    last: int,
) -> dict[Signal, list[tuple[str, DayChunk]]]:
    """Return the current chunks of several streams over days first..last, in one query."""
    found: dict[Signal, list[tuple[str, DayChunk]]] = {signal: [] for signal in signals}
    rows = session.execute(
        select(Participant.code, DayChunk)
        .join(Participant, Participant.id == DayChunk.participant_id)
        .where(
            Participant.code.in_(list(participants)),
            DayChunk.stream.in_(list(signals)),
            DayChunk.is_current,
            DayChunk.day.between(day_of(first), day_of(last)),
        )
        .order_by(Participant.code, DayChunk.day)
    )
    for code, chunk in rows:
        found[Signal(chunk.stream)].append((code, chunk))
    return found


def span_of(session: Session, participant_id: UUID) -> range | None:
    """Return the days from a person's first to the last with samples; None if there are none."""
    days = session.execute(
        select(func.min(DayChunk.day), func.max(DayChunk.day)).where(
            DayChunk.participant_id == participant_id, DayChunk.is_current, DayChunk.samples > 0
        )
    ).one()
    first, last = cast(tuple[date | None, date | None], tuple(days))
    if first is None or last is None:
        return None
    return range(day_number(first), day_number(last) + 1)


def chunk_name(code: str, chunk: DayChunk) -> str:
    """Return the name of a chunk in exports and pages: participant/stream/day/version."""
    return f"{code}/{chunk.stream}/{chunk.day.isoformat()}/v{chunk.version}"


def load_table(
    found: Sequence[tuple[str, DayChunk]], signal: Signal, columns: Collection[str] | None = None
) -> pa.Table:
    """Return the samples of chunks as one table, with columns `participant`, `chunk` and `day`."""
    table, counts = chunks.decode_many([chunk.body for _, chunk in found], signal, columns)
    names = [chunk_name(code, chunk) for code, chunk in found]
    days = np.array([day_number(chunk.day) for _, chunk in found], np.int64)
    table = table.append_column("participant", _words([code for code, _ in found], counts))
    table = table.append_column("chunk", _words(names, counts))
    return table.append_column("day", pa.array(np.repeat(days, counts), pa.int64()))


def _words(words: Sequence[str], counts: Sequence[int]) -> pa.DictionaryArray:
    """Return each word as often as its count says."""
    distinct = sorted(set(words))
    place = {word: number for number, word in enumerate(distinct)}
    places = np.array([place[word] for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(np.repeat(places, counts), pa.int32()), pa.array(distinct, pa.string())
    )


def stored(session: Session, signal: Signal, samples: pd.DataFrame) -> Stored:
    """Return what is stored of the days that these samples fall on (for sleep also the days beside)."""
    return of_days(session, signal, groups_of(samples) if len(samples) else ())


def of_days(session: Session, signal: Signal, days: Iterable[Key]) -> Stored:
    """Return what is stored of some (pseudonym, day), for sleep also of the days beside them."""
    margin = 1 if SIGNALS[signal].shape in comparing.SLEEP else 0
    wanted = {(p, d + m) for p, d in days for m in range(-margin, margin + 1)}
    if not wanted:
        return Stored(pd.DataFrame(), {})
    numbers = [day for _, day in wanted]
    people = sorted({code for code, _ in wanted})
    found = current_chunks(session, signal, people, min(numbers), max(numbers))
    found = [(code, chunk) for code, chunk in found if (code, day_number(chunk.day)) in wanted]
    frame = load_table(found, signal).to_pandas()
    return Stored(frame, {(code, day_number(chunk.day)): chunk for code, chunk in found})
