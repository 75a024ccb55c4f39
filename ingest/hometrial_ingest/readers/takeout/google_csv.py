"""`Physical Activity_GoogleData`: CSV files with UTC stamps and the name of each row's source.

Every source stands beside every other (watch, phone, the echo of Health Connect): the same steps can be
here three times, and each row keeps its own `source` so that nobody has to add them up.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Segment, nonempty
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.takeout.parsed import (
    Parsed,
    in_order,
    numbers,
    sample_frame,
    utc_days,
    utc_stamps,
)
from hometrial_ingest.signals import Signal
from hometrial_ingest.text import CsvRows, columns, csv_rows

UNNAMED = "unnamed-source"
"""Stands for the data source in files older than that column and in rows that leave it empty."""

_TIMESTAMP, _DATA_SOURCE = "timestamp", "data source"
_MINUTE = 60
_GRAMS = 1000


@dataclass(frozen=True)
class _Family:
    signal: Signal
    column: str
    per_unit: float = 1
    duration: int = 0
    place: str = "at"
    stamps: Callable[[str, pa.Array], Parsed] = utc_stamps


_FAMILIES: Mapping[str, _Family] = {
    # timestamp,steps,data source
    # 2026-06-10T16:39:18.008Z,34,Google Fitbit Air
    "steps_csv": _Family(Signal.STEPS, "steps", duration=_MINUTE),
    "heart_rate_csv": _Family(Signal.HEART_RATE, "beats per minute"),
    "distance_csv": _Family(Signal.DISTANCE, "distance", duration=_MINUTE),
    "weight_csv": _Family(Signal.WEIGHT, "weight grams", per_unit=_GRAMS),
    # timestamp,beats per minute,data source
    # 2026-06-10T00:00:00Z,65.451,Google Health App
    "resting_heart_rate_csv": _Family(
        Signal.RESTING_HEART_RATE, "beats per minute", place="local", stamps=utc_days
    ),
}


def check_family(file: SourceFile, kind: str) -> list[str]:
    """Return the columns that a file of this kind has. Raises UnreadableFileError if one is missing."""
    return columns(file, [_TIMESTAMP, _FAMILIES[kind].column], [_DATA_SOURCE])


def read_family(file: SourceFile, kind: str) -> Iterator[Segment]:
    """Yield the lines of a file of this kind, one line a row.

    Raises UnreadableFileError if the file is not a UTF-8 CSV with the kind's columns.
    """
    for lines in csv_rows(file, check_family(file, kind)):
        yield _segment(lines, _FAMILIES[kind])


def _segment(lines: CsvRows, family: _Family) -> Segment:
    parsed = {
        family.place: family.stamps(_TIMESTAMP, lines.column(_TIMESTAMP)),
        "value": numbers(family.column, lines.column(family.column), family.per_unit),
    }
    known = {"duration": family.duration, "source": sources(lines, _DATA_SOURCE)}
    frame, odd = sample_frame(family.signal, lines.numbers, parsed, known)
    return Segment(lines.rows, nonempty([frame]), in_order(lines.unreadable, odd))


def sources(lines: CsvRows, column: str) -> pa.Array | str:
    """Return the `source` of each row: the provider and what the column says."""
    if column not in lines.cells.schema.names:
        return f"takeout/{UNNAMED}"
    names = pc.utf8_trim_whitespace(lines.column(column))
    named = pc.if_else(pc.equal(names, ""), UNNAMED, names)
    return pc.binary_join_element_wise("takeout", named, "/")
