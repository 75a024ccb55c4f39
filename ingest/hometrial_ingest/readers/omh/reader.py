"""The reader of Open mHealth and IEEE 1752.1 data points."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import PurePosixPath

import msgspec

from hometrial_ingest.errors import UnreadableFileError, shorten
from hometrial_ingest.frame import SampleColumns, Segment, Unreadable, nonempty
from hometrial_ingest.json_text import too_deep, unreadable
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.omh.documents import EXPORT_AGAIN, entries
from hometrial_ingest.readers.omh.points import (
    KEPT,
    Entry,
    SchemaOnly,
    is_kept,
    schema_of,
)
from hometrial_ingest.readers.omh.quantity import OddFieldError
from hometrial_ingest.readers.omh.samples import sample
from hometrial_ingest.signals import Signal

SLICE = 50_000
"""How many entries make a segment."""

_KINDS = {".json": "json", ".jsonl": "json-lines", ".ndjson": "json-lines"}

_ENTRY = msgspec.json.Decoder(Entry)
_SCHEMA = msgspec.json.Decoder(SchemaOnly)


class OmhReader:
    """Reads data points with or without their envelope; satisfies `hometrial_ingest.reader.Reader`."""

    provider = "omh"
    revision = 1
    many_people = True
    local_only = False

    def kind(self, path: str) -> str | None:
        """Return how a file's JSON is laid out, by its extension; `keeps` looks inside."""
        return _KINDS.get(PurePosixPath(path).suffix.lower())

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file is for this reader: False for sound JSON that does not begin with a point."""
        try:
            return _begins_with_point(file, self.kind(file.path) or "json")
        except UnreadableFileError:
            return True  # so that its fault is told and not passed over

    def check(self, file: SourceFile, kind: str) -> None:
        """Raise UnreadableFileError if the file does not begin with a data point or a known body."""
        if not _begins_with_point(file, kind):
            raise UnreadableFileError(
                file.path,
                "the JSON does not begin with a data point of Open mHealth or IEEE 1752.1",
                "give each point its header, or leave the file out",
            )

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:
        """Yield the points of kept schemas; those of other schemas are not source rows.

        Raises UnreadableFileError if the file is not strict JSON to its end.
        """
        numbered = entries(file, kind)
        try:
            while some := list(islice(numbered, SLICE)):
                yield _segment(some)
        except RecursionError as error:
            raise too_deep(file, EXPORT_AGAIN) from error


def _begins_with_point(file: SourceFile, kind: str) -> bool:
    for _, raw in entries(file, kind):
        try:
            return schema_of(_ENTRY.decode(raw)) is not None
        except msgspec.ValidationError:
            return _schema_by_header(raw) is not None
    return True  # an empty array: no points, and none of anything else


def _segment(numbered: Iterable[tuple[int, msgspec.Raw]]) -> Segment:
    rows, odd = 0, []
    columns: dict[Signal, SampleColumns] = {}
    for row, raw in numbered:
        found = _found(row, raw)
        rows += found is not None
        if isinstance(found, Unreadable):
            odd.append(found)
        elif found is not None:
            signal, values = found
            columns.setdefault(signal, SampleColumns(signal)).add(row=row, **values)
    return Segment(rows, nonempty(some.frame() for some in columns.values()), odd)


def _found(row: int, raw: msgspec.Raw) -> tuple[Signal, dict[str, object]] | Unreadable | None:
    """Return the sample of an entry, why it has none, or None if its schema is not kept."""
    try:
        entry = _ENTRY.decode(raw)
        schema = schema_of(entry)
        if schema is None:
            reason = "neither a data point with a schema_id nor the body of a schema that is kept"
            return Unreadable(row, "", shorten(bytes(raw).decode()), reason)
        return sample(entry, schema) if is_kept(entry, schema) else None
    except OddFieldError as fault:
        return Unreadable(row, fault.field, shorten(fault.value), fault.reason)
    except msgspec.ValidationError as error:
        schema = _schema_by_header(raw)
        return unreadable(row, raw, error) if schema is None or schema in KEPT else None


def _schema_by_header(raw: msgspec.Raw) -> str | None:
    try:
        header = _SCHEMA.decode(raw).header
    except msgspec.ValidationError:
        return None
    return None if header is None or header.schema_id is None else header.schema_id.name
