"""Points with a number, of one type, made into frames: columns, not point by point."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Frame, Unreadable
from hometrial_ingest.readers.google_health.faults import Faults
from hometrial_ingest.readers.google_health.points import READINGS, Point, camel
from hometrial_ingest.readers.google_health.sources import origin_columns
from hometrial_ingest.readers.google_health.times import (
    durations,
    instants,
    midnights,
    utc_offsets,
    wall_clocks,
)
from hometrial_ingest.signals import SIGNALS, Shape, Signal

_NOT_A_MOMENT = "not a moment such as 2026-03-07T05:00:00Z"
_NOT_AN_OFFSET = "not an offset from UTC such as -14400s"
_NOT_A_DAY = "not a day of the calendar"
_NOT_LATER = "the interval does not end after it begins"
_NOT_FINITE = "not a finite number"
_NOT_A_SOURCE = "not a data source as the API describes it"
_NO_VALUE = "the point has no such value"

Columns = dict[str, Any]


def sample_frames(
    kind: str, rows: Sequence[int], points: Sequence[Point]
) -> tuple[list[Frame], list[Unreadable]]:
    """Return the samples of points that all hold the typed object `kind`, and the points without any."""
    objects, faults = list(map(attrgetter(kind), points)), Faults(rows)
    shape = SIGNALS[READINGS[kind][0].signal].shape
    columns = {"row": pa.array(rows, pa.int64())} | _WHEN[shape](kind, objects, faults)
    columns |= _origins(points, faults)
    values = _values(kind, objects, faults)
    sound = faults.sound()
    frames = [_frame(signal, columns, column, sound) for signal, column in values.items()]
    return frames, faults.unreadable()


def _instant(kind: str, objects: Sequence[Any], faults: Faults) -> Columns:
    times = list(map(attrgetter("sample_time"), objects))
    names = ("physical_time", "utc_offset")
    at, offset = _moments(f"{kind}.sample_time", names, times, faults)
    return {"at": at, "offset": offset, "local": wall_clocks(at, offset), "duration": 0}


def _interval(kind: str, objects: Sequence[Any], faults: Faults) -> Columns:
    spans, place = list(map(attrgetter("interval"), objects)), f"{kind}.interval"
    start, offset = _moments(place, ("start_time", "start_utc_offset"), spans, faults)
    end, _ = _moments(place, ("end_time", "end_utc_offset"), spans, faults)
    duration = durations(start, end)
    faults.check(camel(f"{place}.end_time"), _NOT_LATER, duration, lambda at: spans[at].end_time)
    local = wall_clocks(start, offset)
    return {"at": start, "offset": offset, "local": local, "duration": duration}


def _daily(kind: str, objects: Sequence[Any], faults: Faults) -> Columns:
    days = list(map(attrgetter("date"), objects))
    local = midnights(days)
    faults.check(camel(f"{kind}.date"), _NOT_A_DAY, local, lambda at: str(days[at]))
    return {"local": local, "duration": 0}


_WHEN = {Shape.INSTANT: _instant, Shape.INTERVAL: _interval, Shape.DAILY: _daily}


def _moments(
    place: str, names: tuple[str, str], times: Sequence[Any], faults: Faults
) -> tuple[pa.Array, pa.Array]:
    """Return the instants and the offsets that stand in two attributes of `times`."""
    moments, offsets = (list(map(attrgetter(name), times)) for name in names)
    moment_name, offset_name = (camel(f"{place}.{name}") for name in names)
    at, offset = instants(moments), utc_offsets(offsets)
    faults.check(moment_name, _NOT_A_MOMENT, at, moments.__getitem__)
    faults.check(offset_name, _NOT_AN_OFFSET, offset, offsets.__getitem__)
    return at, offset


def _origins(points: Sequence[Point], faults: Faults) -> Columns:
    wordings = list(map(attrgetter("data_source"), points))
    columns = origin_columns(wordings)
    faults.check(
        "dataSource", _NOT_A_SOURCE, columns["source"], lambda at: bytes(wordings[at]).decode()
    )
    return columns


def _values(kind: str, objects: Sequence[Any], faults: Faults) -> dict[Signal, pa.Array]:
    """Return the numbers of each signal that the type holds; a point with none of them is a fault."""
    found = {}
    for reading in READINGS[kind]:
        numbers = list(map(attrgetter(reading.attribute), objects))
        column = pa.array(numbers, pa.float64())
        # Protocol buffers may send "NaN" and "Infinity" in place of a number.
        finite = pc.if_else(pc.is_finite(column), column, None)
        name = camel(f"{kind}.{reading.attribute}")
        faults.check(name, _NOT_FINITE, finite, numbers.__getitem__)
        found[reading.signal] = pc.divide(finite, reading.divisor)
    wanted = " or ".join(camel(f"{kind}.{reading.attribute}") for reading in READINGS[kind])
    faults.check(wanted, _NO_VALUE, pc.coalesce(*found.values()), lambda _: "")
    return found


def _frame(signal: Signal, columns: Columns, values: pa.Array, sound: pa.Array | None) -> Frame:
    """Make a frame of the points that are sound and have this value."""
    chosen = columns | {"value": values}
    if sound is not None or values.null_count:
        kept = values.is_valid() if sound is None else pc.and_(values.is_valid(), sound)
        chosen = {
            name: column.filter(kept) if isinstance(column, pa.Array) else column
            for name, column in chosen.items()
        }
    return Frame.of(signal, chosen)
