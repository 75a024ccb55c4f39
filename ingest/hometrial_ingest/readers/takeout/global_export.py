"""`Global Export Data`: JSON files in the words of the old fitbit.com archive.

Steps, distance and heart rate carry UTC stamps though each file is named by a local day; sleep carries
wall clocks; a resting heart rate carries a local date.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated

import msgspec
import pyarrow as pa

from hometrial_ingest.fitbit_sleep import SleepLogs
from hometrial_ingest.frame import Frame, Segment, Unreadable, nonempty
from hometrial_ingest.json_text import too_deep
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.takeout.entries import EXPORT_AGAIN, raw_entries, typed
from hometrial_ingest.readers.takeout.parsed import (
    Parsed,
    export_days,
    export_stamps,
    in_order,
    numbers,
    sample_frame,
)
from hometrial_ingest.signals import Signal

SOURCE = "takeout/fitbit"
"""The `source` of everything in the Global Export: Fitbit's own stream, merged across devices."""

SLICE = 50_000
"""How many entries make a segment."""

_ROW = pa.int64()
_MINUTE = 60
_CENTIMETRES = 100

_Finite = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]


class _Amount(msgspec.Struct, rename="camel", gc=False):
    # an amount: {"dateTime": "06/24/95 16:17:00", "value": "7"}
    date_time: str
    value: str


class _Beat(msgspec.Struct, gc=False):
    bpm: _Finite
    confidence: Annotated[int, msgspec.Meta(ge=0, le=3)] | None = None


class _HeartRate(msgspec.Struct, rename="camel", gc=False):
    # a reading: {"dateTime": "06/24/95 16:00:10", "value": {"bpm": 70, "confidence": 0}}
    date_time: str
    value: _Beat


class _DayValue(msgspec.Struct, gc=False):
    date: str | None = None
    value: _Finite | None = None


class _RestingHeartRate(msgspec.Struct, gc=False):
    # a day: {"dateTime": "06/24/95 00:00:00", "value": {"date": "06/24/95", "value": 61.2, "error": 6.7}}
    # and the padding of a year to come: {"dateTime": ..., "value": {"date": null, "value": 0.0, ...}}
    value: _DayValue


def read_entries(file: SourceFile, kind: str) -> Iterator[Segment]:
    """Yield the entries of a Global Export file of this kind, one entry a row.

    Raises UnreadableFileError if the file is not a strict JSON list.
    """
    try:
        entries = raw_entries(file)
        for first in range(0, len(entries), SLICE):
            yield _SEGMENTS[kind](entries[first : first + SLICE], first + 1)
    except RecursionError as error:
        raise too_deep(file, EXPORT_AGAIN) from error


def _amounts(
    entries: Sequence[msgspec.Raw], first_row: int, signal: Signal, per_unit: float
) -> Segment:
    rows, points, odd = typed(entries, first_row, _Amount)
    parsed = {
        "at": export_stamps("dateTime", _strings(point.date_time for point in points)),
        "value": numbers("value", _strings(point.value for point in points), per_unit),
    }
    known = {"duration": _MINUTE, "source": SOURCE}
    return _segment(len(entries), odd, *sample_frame(signal, pa.array(rows, _ROW), parsed, known))


def _steps(entries: Sequence[msgspec.Raw], first_row: int) -> Segment:
    return _amounts(entries, first_row, Signal.STEPS, per_unit=1)


def _distance(entries: Sequence[msgspec.Raw], first_row: int) -> Segment:
    return _amounts(entries, first_row, Signal.DISTANCE, per_unit=_CENTIMETRES)


def _heart_rate(entries: Sequence[msgspec.Raw], first_row: int) -> Segment:
    rows, points, odd = typed(entries, first_row, _HeartRate)
    parsed = {"at": export_stamps("dateTime", _strings(point.date_time for point in points))}
    known = {
        "value": pa.array([point.value.bpm for point in points], pa.float64()),
        "confidence": pa.array([point.value.confidence for point in points], pa.int8()),
        "duration": 0,
        "source": SOURCE,
    }
    frame = sample_frame(Signal.HEART_RATE, pa.array(rows, _ROW), parsed, known)
    return _segment(len(entries), odd, *frame)


def _resting_heart_rate(entries: Sequence[msgspec.Raw], first_row: int) -> Segment:
    rows, points, odd = typed(entries, first_row, _RestingHeartRate)
    values = pa.array([point.value.value for point in points], pa.float64())
    parsed = {
        "local": export_days("value.date", _strings(point.value.date for point in points)),
        "value": Parsed("value.value", values, values, "not a number"),
    }
    known = {"duration": 0, "source": SOURCE}
    frame = sample_frame(Signal.RESTING_HEART_RATE, pa.array(rows, _ROW), parsed, known)
    return _segment(len(entries), odd, *frame)


def _sleep(entries: Sequence[msgspec.Raw], first_row: int) -> Segment:
    logs = SleepLogs(SOURCE)
    odd = [logs.add(row, entry) for row, entry in enumerate(entries, first_row)]
    return Segment(len(entries), logs.frames(), [one for one in odd if one is not None])


def _segment(
    rows: int, untyped: Sequence[Unreadable], frame: Frame, odd: Sequence[Unreadable]
) -> Segment:
    return Segment(rows, nonempty([frame]), in_order(untyped, odd))


def _strings(values: Iterable[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


_SEGMENTS: Mapping[str, Callable[[Sequence[msgspec.Raw], int], Segment]] = {
    "steps": _steps,
    "distance": _distance,
    "heart_rate": _heart_rate,
    "resting_heart_rate": _resting_heart_rate,
    "sleep": _sleep,
}
