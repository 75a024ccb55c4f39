"""`Health Fitness Data_GoogleData`: sleep sessions in one CSV and their stages in another.

Both carry UTC instants with the offset of the moment. A stage names its session by `sleep_id`, which is
the `session` of both frames; that the two files belong together is for the platform to find.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Segment, nonempty
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.takeout.google_csv import sources
from hometrial_ingest.readers.takeout.parsed import (
    Parsed,
    in_order,
    numbers,
    offsets,
    sample_frame,
    utc_stamps,
)
from hometrial_ingest.signals import STAGES, Signal
from hometrial_ingest.text import CsvRows, columns, csv_rows

_SESSION_MINUTES = {
    "value": "minutes_asleep",
    "minutes_in_bed": "minutes_in_sleep_period",
    "minutes_awake": "minutes_awake",
    "minutes_to_fall_asleep": "minutes_to_fall_asleep",
    "minutes_after_wakeup": "minutes_after_wake_up",
}
_SESSIONS = [
    "sleep_id", "sleep_type", "start_utc_offset", "sleep_start", "end_utc_offset", "sleep_end",
    *_SESSION_MINUTES.values(),
]  # fmt: skip
_STAGES = [
    "sleep_id",
    "sleep_stage_type",
    "start_utc_offset",
    "sleep_stage_start",
    "sleep_stage_end",
]
_DATA_SOURCE = "data_source"

_SECOND = 1_000_000


def check_sleep(file: SourceFile, kind: str) -> list[str]:
    """Return the columns that a sleep file has. Raises UnreadableFileError if one is missing."""
    return columns(file, _SESSIONS if kind == "sleep_csv" else _STAGES, [_DATA_SOURCE])


def read_sleep(file: SourceFile, kind: str) -> Iterator[Segment]:
    """Yield the sessions or the stages of a file, one line a row.

    Raises UnreadableFileError if the file is not a UTF-8 CSV with the kind's columns.
    """
    for lines in csv_rows(file, check_sleep(file, kind)):
        yield _sessions(lines) if kind == "sleep_csv" else _stages(lines)


def _sessions(lines: CsvRows) -> Segment:
    # sleep_id,sleep_type,...,start_utc_offset,sleep_start,end_utc_offset,sleep_end,data_source,...
    # 8041,STAGES,...,+05:30,2026-05-20T18:00:00Z,+05:30,2026-05-21T01:30:00Z,DERIVED,...
    end_at = utc_stamps("sleep_end", lines.column("sleep_end"))
    end_offset = offsets("end_utc_offset", lines.column("end_utc_offset"))
    parsed = _span(lines, "sleep_start", "sleep_end") | {
        "end_at": end_at,
        "end_offset": end_offset,
        **{name: _minutes(lines, column) for name, column in _SESSION_MINUTES.items()},
    }
    known = {
        "code": _unless_empty(pc.utf8_lower(lines.column("sleep_type"))),
        "end_local": _local(end_at, end_offset),
        "source": sources(lines, _DATA_SOURCE),
        "in_progress": False,
    }
    return _segment(lines, Signal.SLEEP_SESSION, parsed, known)


def _stages(lines: CsvRows) -> Segment:
    # sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,...,sleep_stage_end,...
    # 8041,1,LIGHT,+05:30,2026-05-20T18:00:00Z,+05:30,2026-05-20T18:36:00Z,DERIVED,...
    kinds = pc.utf8_lower(lines.column("sleep_stage_type"))
    known = {
        "code": pc.if_else(pc.is_in(kinds, pa.array(STAGES)), kinds, "unknown"),
        "source": sources(lines, _DATA_SOURCE),
        "overlay": False,
    }
    parsed = _span(lines, "sleep_stage_start", "sleep_stage_end")
    return _segment(lines, Signal.SLEEP_STAGE, parsed, known)


def _span(lines: CsvRows, start: str, end: str) -> dict[str, Parsed]:
    texts = lines.column("sleep_id")
    at = utc_stamps(start, lines.column(start))
    offset = offsets("start_utc_offset", lines.column("start_utc_offset"))
    return {
        "session": Parsed("sleep_id", texts, _unless_empty(texts), "missing"),
        "at": at,
        "offset": offset,
        "duration": _duration(at, utc_stamps(end, lines.column(end))),
    }


def _duration(start: Parsed, end: Parsed) -> Parsed:
    # Parts of a second are cut off here; the exact ends stand in `at` and `end_at`.
    length = pc.subtract(end.values, start.values)
    seconds = pc.if_else(
        pc.greater_equal(length, 0), pc.divide(length, _SECOND), pa.scalar(None, pa.int64())
    )
    return Parsed(end.field, end.texts, seconds, f"{end.reason}, or before {start.field}")


def _minutes(lines: CsvRows, column: str) -> Parsed:
    return replace(numbers(column, lines.column(column)), optional=True)


def _unless_empty(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _local(at: Parsed, offset: Parsed) -> pa.Array:
    return pc.add(at.values, pc.multiply(offset.values.cast(pa.int64()), _SECOND))


def _segment(
    lines: CsvRows, signal: Signal, parsed: Mapping[str, Parsed], known: Mapping[str, object]
) -> Segment:
    placed = {"local": _local(parsed["at"], parsed["offset"]), **known}
    frame, odd = sample_frame(signal, lines.numbers, parsed, placed)
    return Segment(lines.rows, nonempty([frame]), in_order(lines.unreadable, odd))
