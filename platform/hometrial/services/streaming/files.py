"""One part's file: its chunks read, put in order of time, disguised if they are to be, written as Parquet."""

import hashlib
import hmac
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import ARRAY, Date, Integer, func, literal, select
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports import dictionary, publishing
from hometrial.exports.dictionary import Variable
from hometrial.models import DayChunk, Participant
from hometrial.services import tabling
from hometrial.services.streaming.parts import Hidden, Part
from hometrial_ingest.signals import SIGNALS, Shape, Signal

_ROWS_IN_A_GROUP = 1 << 17
_SATURDAY, _SUNDAY = 6, 7
_FROM, _TO = 23, 4
"""The hours of Saturday and of Sunday between which clocks change."""


def variables_of(signal: Signal) -> list[Variable]:
    """Return the columns of a stream's files."""
    own = {
        Signal.SLEEP_SESSION: dictionary.SLEEP_SESSION,
        Signal.SLEEP_STAGE: dictionary.SLEEP_STAGE,
    }
    return list(own.get(signal) or dictionary.sample_variables(signal))


def write(session: Session, part: Part, path: Path) -> int:
    """Write a part; return its rows. Raises ExportRefusedError if a chunk is not what it was."""
    person, found = _chunks(session, part)
    table = tabling.of_chunks(session, person, part.signal, found, part.zones)
    made = table.select([each.name for each in variables_of(part.signal)]).cast(
        dictionary.schema(variables_of(part.signal))
    )
    if part.hidden:
        made = _disguised(_undated(made, part.signal), part.hidden)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(made, path, compression="zstd", version="2.6", row_group_size=_ROWS_IN_A_GROUP)
    return int(made.num_rows)


def _chunks(session: Session, part: Part) -> tuple[Participant, list[tuple[str, DayChunk]]]:
    """Return a part's chunks in order of their days, each with the pseudonym."""
    person = session.scalars(select(Participant).where(Participant.code == part.participant)).one()
    wanted = (
        func.unnest(
            literal([each[0] for each in part.days], ARRAY(Date)),
            literal([each[1] for each in part.days], ARRAY(Integer)),
        )
        .table_valued("day", "version")
        .render_derived()
    )
    rows = session.scalars(
        select(DayChunk)
        .join(wanted, (DayChunk.day == wanted.c.day) & (DayChunk.version == wanted.c.version))
        .where(DayChunk.participant_id == person.id, DayChunk.stream == part.stream)
    )
    by_version = {(row.day, row.version): row for row in rows}
    found = []
    for day, version, sha256 in part.days:
        chunk = by_version.get((day, version))
        if chunk is None or hashlib.sha256(chunk.body).hexdigest() != sha256:
            raise ExportRefusedError(
                f"{part.participant}/{part.stream}/{day}/{version}: the samples are not what they were when they were "
                "counted; look at `hometrial audit verify`, and restore them from a backup"
            )
        found.append((part.participant, chunk))
    return person, found


def _disguised(table: pa.Table, hidden: Hidden) -> pa.Table:
    """Rename the person and the source's sessions, and move every time and day.

    An instant is told by the clock of the person: the change of an offset would tell how far the days were moved.
    """
    clocks = {
        name.removeprefix("local_"): table[name]
        for name in table.column_names
        if name.startswith("local_")
    }
    for place, field in enumerate(table.schema):
        column = table[field.name]
        if field.name == "participant_id":
            column = pa.chunked_array([pa.array([hidden.name] * table.num_rows, pa.string())])
        elif field.name in ("session", "chunk"):
            column = _renamed(column, hidden.key)
        elif pa.types.is_timestamp(field.type):
            column = clocks.get(field.name, column).cast(field.type)
            column = pc.add(column, pa.scalar(hidden.shift, pa.duration("us"))).cast(field.type)
        elif pa.types.is_date(field.type):
            days = pc.add(column.cast(pa.int32()), pa.scalar(hidden.shift.days, pa.int32()))
            column = days.cast(field.type)
        table = table.set_column(place, field, column)
    return table


def _undated(table: pa.Table, signal: Signal) -> pa.Table:
    """Make all Sundays alike, since an hour is missing or comes twice where clocks change, and forget software's numbers.

    Values from Saturday 23:00 to Sunday 4:00 are left out, and sleep that ends on a Sunday; a daily value stays, and
    minutes of a Sunday are those of a day of 23 hours.
    """
    device = table["device"].combine_chunks().dictionary_encode()
    plain = [publishing.plain_model(each) for each in device.dictionary.to_pylist()]
    place = table.schema.get_field_index("device")
    models = pa.array(plain, pa.string()).take(device.indices)
    table = table.set_column(place, table.schema.field(place), models)
    if SIGNALS[signal].shape is Shape.DAILY:
        return _of_short_sundays(table, SIGNALS[signal].unit)
    if "local_day" in table.column_names:
        return table.filter(pc.not_equal(_weekday(table["local_day"]), _SUNDAY))
    local = table["local_at"]
    day, hour = _weekday(local), pc.hour(local)
    late = pc.and_(pc.equal(day, _SATURDAY), pc.greater_equal(hour, _FROM))
    early = pc.and_(pc.equal(day, _SUNDAY), pc.less(hour, _TO))
    return table.filter(pc.invert(pc.or_(late, early)))


def _of_short_sundays(table: pa.Table, unit: str) -> pa.Table:
    if unit != "min":
        return table
    most = float(publishing.SHORTEST_DAY)
    long = pc.and_(pc.equal(_weekday(table["local_at"]), _SUNDAY), pc.greater(table["value"], most))
    place = table.schema.get_field_index("value")
    return table.set_column(
        place, table.schema.field(place), pc.if_else(long, most, table["value"])
    )


def _weekday(days: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.day_of_week(days, count_from_zero=False)


def _renamed(column: pa.ChunkedArray, key: bytes) -> pa.ChunkedArray:
    """Give each name another that tells nothing, the same one for the same name."""
    encoded = column.combine_chunks().dictionary_encode()
    names = [
        None if each is None else hmac.new(key, each.encode(), hashlib.sha256).hexdigest()[:16]
        for each in encoded.dictionary.to_pylist()
    ]
    return pa.chunked_array([pa.array(names, pa.string()).take(encoded.indices)])
