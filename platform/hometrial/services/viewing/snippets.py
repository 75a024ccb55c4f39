"""The source row behind a sample, as it stands in the file that was sent."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Batch, Payload, Pull, PullPage, QuarantinedRow
from hometrial.services import receiving

LONGEST = 2_000
"""Characters of a source row that are shown."""
_AROUND = 1
_ARRAYS = ("dataPoints", "rollupDataPoints")
"""Arrays of a provider's page whose elements are its source rows (see the readers' pages)."""
_LARGEST_JSON = 32 * 1024 * 1024


@dataclass(frozen=True)
class SourceLine:
    """One line of the file; `is_row` marks the one the sample was read from."""

    number: int
    text: str
    is_row: bool = False


@dataclass(frozen=True)
class Snippet:
    """The lines around a source row (a CSV file's header first); `cut` if a line was too long."""

    lines: tuple[SourceLine, ...]
    cut: bool


@dataclass(frozen=True)
class Place:
    """Where a quarantined row was read: the file or page, None if it is not kept, and the row in it."""

    payload: Payload | None
    path: str
    row: int


def place_of(session: Session, row: QuarantinedRow, batch: Batch) -> Place:
    """Return where a quarantined row stands; that of reads names its page by its digest."""
    if batch.payload_id is not None:
        return Place(session.get_one(Payload, batch.payload_id), batch.path, row.row)
    number = int(row.sample.get("row") or row.row)
    found = session.execute(
        select(Payload, PullPage.name)
        .join(PullPage, PullPage.payload_id == Payload.id)
        .join(Pull, Pull.id == PullPage.pull_id)
        .where(Pull.batch_id == batch.id, Payload.sha256 == row.sample.get("payload"))
        .limit(1)
    ).one_or_none()
    return Place(None, batch.path, number) if found is None else Place(*found, number)


def snippet(session: Session, place: Place) -> Snippet | str:
    """Return the source row of a place, or why it cannot be shown."""
    if place.payload is None:
        return f"Record {place.row}; the page that it came in is not on record."
    return source_row(session, place.payload, place.path, place.row)


def source_row(session: Session, payload: Payload, path: str, row: int) -> Snippet | str:
    """Return the place of a payload that holds its `row`-th source row, or why it cannot be shown."""
    kind = path.rpartition(".")[2].lower()
    if kind == "csv":
        return _bounded(_csv_lines(receiving.read(session, payload), row))
    if kind == "json" and payload.size <= _LARGEST_JSON:
        return _json_entry(receiving.read(session, payload), row)
    return f"Record {row} of {path}; this kind of file is not shown line by line."


def _csv_lines(stream: BinaryIO, row: int) -> list[SourceLine]:
    """Return the header, the row and the rows beside it; blank lines are no rows."""
    lines = _filled_lines(stream)
    header = [SourceLine(number, text) for number, text in islice(lines, 1)]
    first = max(row - _AROUND, 1)
    near = islice(lines, first - 1, row + _AROUND)
    rows = [
        SourceLine(number, text, is_row=place == row)
        for place, (number, text) in enumerate(near, first)
    ]
    return header + rows


def _filled_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    reader = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=None)
    for number, line in enumerate(reader, 1):
        if line.strip():
            yield number, line.rstrip("\n")


def _json_entry(stream: BinaryIO, row: int) -> Snippet | str:
    """Return an entry of a file that is one array, or of the one array that a page is known to hold."""
    try:
        entries = json.load(stream)
    except ValueError:
        entries = None
    if isinstance(entries, dict):
        entries = next((entries[name] for name in _ARRAYS if name in entries), None)
    if not isinstance(entries, list) or len(entries) < row:
        return f"Record {row}; this file is not one list of records, so that it is not shown here."
    text = json.dumps(entries[row - 1], indent=1, ensure_ascii=False)
    lines = [
        SourceLine(number, line, is_row=True) for number, line in enumerate(text.splitlines(), 1)
    ]
    return _bounded(lines[:60])


def _bounded(lines: list[SourceLine]) -> Snippet:
    cut = any(len(line.text) > LONGEST for line in lines)
    short = [SourceLine(line.number, line.text[:LONGEST], line.is_row) for line in lines]
    return Snippet(tuple(short), cut)
