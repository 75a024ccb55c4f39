"""Samples, nights and stages as they are exported: Arrow tables in order of time."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import (
    DayChunk,
    Participant,
)
from hometrial.services import chunks, comparing, enrolling, storing
from hometrial.services.comparing import day_number
from hometrial_ingest.local_time import ZoneHistory
from hometrial_ingest.signals import SIGNALS, Signal

_SECOND = 1_000_000
_ORDER = [("at", "ascending"), ("duration", "ascending"), ("row", "ascending")]
_UNREAD = frozenset({"payload"})
_OF_SLEEP = frozenset({"code", "session"})
"""Columns of a chunk that none of its stream's files has: a fifth of the time to read it."""


def people(session: Session) -> list[Participant]:
    """Return the participants in the order of their pseudonyms."""
    return list(session.scalars(select(Participant).order_by(Participant.code)))


def streams(session: Session) -> list[Signal]:
    """Return the streams that have samples."""
    found = session.scalars(
        select(DayChunk.stream).where(DayChunk.is_current, DayChunk.samples > 0).distinct()
    )
    return sorted((Signal(name) for name in found), key=str)


def months(session: Session, person: Participant, signal: Signal) -> list[tuple[date, date]]:
    """Return the first and last days of the months in which a person has samples of a stream."""
    days = session.scalars(
        select(func.date_trunc("month", DayChunk.day))
        .where(DayChunk.participant_id == person.id, DayChunk.stream == signal)
        .where(DayChunk.is_current, DayChunk.samples > 0)
        .distinct()
    )
    starts = sorted(moment.date() for moment in days)
    return [(start, _end_of_month(start)) for start in starts]


def _end_of_month(start: date) -> date:
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def samples(
    session: Session, person: Participant, signal: Signal, first: date, last: date
) -> pa.Table:
    """Return a person's current samples of a stream over some days, in order of time.

    Columns: those of the chunk plus participant_id, at (timestamp), local_at, chunk and local_day.
    """
    found = storing.current_chunks(
        session, signal, [person.code], day_number(first), day_number(last)
    )
    return _of_chunks(signal, found)


def of_chunks(
    session: Session,
    person: Participant,
    signal: Signal,
    found: Sequence[tuple[str, DayChunk]],
    zones: ZoneHistory | None = None,
) -> pa.Table:
    """Return the samples of some chunks of a person as the variables of their stream, in order of time.

    `zones` place the ends of nights; None: as they are on record now.
    """
    unread = _UNREAD if SIGNALS[signal].shape in comparing.SLEEP else _UNREAD | _OF_SLEEP
    columns = [name for name in chunks.schema(signal).names if name not in unread]
    table = _of_chunks(signal, found, columns)
    if signal is Signal.SLEEP_SESSION:
        return _sessions(table, zones or enrolling.zones_of(session, person))
    return _stages(table) if signal is Signal.SLEEP_STAGE else table


def _of_chunks(
    signal: Signal,
    found: Sequence[tuple[str, DayChunk]],
    columns: Collection[str] | None = None,
) -> pa.Table:
    table = storing.load_table(found, signal, columns)
    table = table.take(pc.sort_indices(table, sort_keys=_ORDER))
    at = table["at"]
    local = pc.add(at, pc.multiply(table["offset"].cast(pa.int64()), _SECOND))
    columns = {name: _plain(table[name]) for name in table.column_names}
    columns |= {
        "participant_id": columns["participant"],
        "at": _instants(at),
        "local_at": local.cast(pa.timestamp("us")),
        "local_day": table["day"].cast(pa.int32()).cast(pa.date32()),
    }
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _instants(microseconds: pa.ChunkedArray) -> pa.ChunkedArray:
    return microseconds.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def _sessions(table: pa.Table, zones: ZoneHistory) -> pa.Table:
    end = table["end_at"].to_numpy().astype(np.int64)
    local_end = zones.place_instant(end)[1] if len(end) else end
    renamed = {
        "type": table["code"],
        "start_at": table["at"],
        "local_start_at": table["local_at"],
        "end_at": _instants(table["end_at"]),
        "local_end_at": pa.chunked_array([pa.array(local_end).cast(pa.timestamp("us"))]),
        "minutes_asleep": table["value"],
    }
    return _with(table, renamed)


def _stages(table: pa.Table) -> pa.Table:
    renamed = {
        "stage": table["code"],
        "start_at": table["at"],
        "local_start_at": table["local_at"],
    }
    return _with(table, renamed)


def _with(table: pa.Table, columns: dict[str, pa.ChunkedArray]) -> pa.Table:
    kept = {name: table[name] for name in table.column_names if name not in columns}
    return pa.table(kept | columns)
