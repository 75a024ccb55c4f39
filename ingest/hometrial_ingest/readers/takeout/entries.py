"""Entries of a JSON list, decoded fast while all of them are well formed and one by one when not."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Unreadable
from hometrial_ingest.json_text import strict_json, unreadable
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.text import read_text

Point = TypeVar("Point")

EXPORT_AGAIN = "request a new Takeout archive and import its file"
"""The way out of a file that cannot be read."""

_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])


def raw_entries(file: SourceFile) -> list[msgspec.Raw]:
    """Return a file's entries undecoded.

    Raises UnreadableFileError if the file is not strict JSON (NaN and Infinity are not) or not a list.
    """
    try:
        return strict_json(file, read_text(file), _ENTRIES, EXPORT_AGAIN)
    except msgspec.ValidationError as error:
        raise UnreadableFileError(
            file.path, "the JSON is not a list of entries", EXPORT_AGAIN, value=str(error)
        ) from error


def typed(
    entries: Sequence[msgspec.Raw], first_row: int, shape: type[Point]
) -> tuple[list[int], list[Point], list[Unreadable]]:
    """Decode entries to one shape: the rows and points that fit it, and why each other does not."""
    joined = b"[" + b",".join(entries) + b"]"
    try:
        points = msgspec.json.decode(joined, type=list[shape])  # type: ignore[valid-type]
    except msgspec.ValidationError:
        return _one_by_one(entries, first_row, shape)
    return list(range(first_row, first_row + len(points))), points, []


def _one_by_one(
    entries: Sequence[msgspec.Raw], first_row: int, shape: type[Point]
) -> tuple[list[int], list[Point], list[Unreadable]]:
    rows: list[int] = []
    points: list[Point] = []
    odd: list[Unreadable] = []
    decoder = msgspec.json.Decoder(shape)
    for row, entry in enumerate(entries, first_row):
        try:
            points.append(decoder.decode(entry))
            rows.append(row)
        except msgspec.ValidationError as error:
            odd.append(unreadable(row, entry, error))
    return rows, points, odd
