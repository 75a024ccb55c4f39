"""The source row behind a sample, as it stands in the file that was sent."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from sqlalchemy.orm import Session

from hometrial.models import Payload
from hometrial.services import receiving

LONGEST = 2_000
"""Characters of a source row that are shown."""
_AROUND = 1
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
    """Return an entry of a file that is one array; of other files the rows have no common place."""
    try:
        entries = json.load(stream)
    except ValueError:
        entries = None
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
