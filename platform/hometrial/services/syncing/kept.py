"""Kept pages of several reads, read again into one table a signal that knows whose each row is."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import UUID

import numpy as np
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Payload, PayloadPart, Pull, PullPage
from hometrial.services.placing import Person
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Frame, Segment, Unreadable
from hometrial_ingest.reader import Reader
from hometrial_ingest.signals import Signal


@dataclass(frozen=True)
class KeptPage:
    """A page as a reader wants it; satisfies `SourceFile`."""

    path: str
    body: bytes
    sha256: str

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self.body)

    def open(self) -> BinaryIO:
        """Open the bytes from the start."""
        return io.BytesIO(self.body)


@dataclass
class Kept:
    """What the pages of some reads say.

    `frames`: one table a signal, later pages first, with the reader's columns and `read` (the read's place
    in the list), `payload` (SHA-256) and `source_row` (the row in that payload); `row` is unique over all
    reads. `rows` and `unreadable` count per read; `broken` says why a read's pages cannot be read at all.
    """

    pulls: Sequence[Pull]
    frames: dict[Signal, Frame] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    unreadable: list[list[Unreadable]] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    names: list[list[str]] = field(default_factory=list)


def read_pages(
    session: Session, pulls: Sequence[Pull], reader: Reader, people: Mapping[UUID, Person]
) -> Kept:
    """Read every page of some reads. A read with a page that cannot be read is `broken` as a whole."""
    kept, tables, first = Kept(pulls), _Tables(), 1
    pages = _pages(session, pulls)
    for place, pull in enumerate(pulls):
        kept.rows.append(0)
        kept.unreadable.append([])
        mine = pages.get(pull.id, [])
        kept.names.append([page.path for page in mine])
        try:
            read = [(page, list(_segments(reader, page))) for page in mine]
        except UnreadableFileError as error:
            kept.broken[place] = str(error)
            continue
        for page, segments in read:
            origin = _Origin(place, people[pull.participant_id].code, page.sha256, first)
            for segment in segments:
                kept.rows[place] += segment.rows
                kept.unreadable[place] += segment.unreadable
                tables.add(segment, origin)
            first += _last_row(segments)
    kept.frames = tables.frames()
    return kept


def _segments(reader: Reader, page: KeptPage) -> Iterator[Segment]:
    kind = reader.kind(page.path)
    if kind is not None:
        yield from reader.read(page, kind)


def _last_row(segments: Sequence[Segment]) -> int:
    rows = [each.row for segment in segments for each in segment.unreadable]
    for segment in segments:
        rows += [int(f.table["row"].to_numpy().max()) for f in segment.frames if f.table.num_rows]
    return max(rows, default=0)


def _pages(session: Session, pulls: Sequence[Pull]) -> dict[UUID, list[KeptPage]]:
    """Return the pages of each read in their order, in one query."""
    rows = session.execute(
        select(PullPage.pull_id, PullPage.number, PullPage.name, Payload.sha256, PayloadPart)
        .join(Payload, Payload.id == PullPage.payload_id)
        .outerjoin(PayloadPart, PayloadPart.payload_id == Payload.id)
        .where(PullPage.pull_id.in_([pull.id for pull in pulls]))
        .order_by(PullPage.pull_id, PullPage.number, PayloadPart.part)
    )
    codec = pa.Codec("zstd")
    bodies: dict[tuple[UUID, int, str, str], bytearray] = {}
    for pull_id, number, name, sha256, part in rows:
        body = bodies.setdefault((pull_id, number, name, sha256), bytearray())
        if part is not None:
            body += codec.decompress(part.body, part.size, asbytes=True)
    pages: dict[UUID, list[KeptPage]] = {}
    for (pull_id, _, name, sha256), body in bodies.items():
        pages.setdefault(pull_id, []).append(KeptPage(name, bytes(body), sha256))
    return pages


@dataclass(frozen=True)
class _Origin:
    read: int
    code: str
    payload: str
    first_row: int


class _Tables:
    """Tables of many pages, grown page by page."""

    def __init__(self) -> None:
        self._found: dict[Signal, list[pa.Table]] = {}

    def add(self, segment: Segment, origin: _Origin) -> None:
        """Add a segment's frames, each row with where it came from."""
        for frame in segment.frames:
            if frame.table.num_rows:
                self._found.setdefault(frame.signal, []).append(_marked(frame.table, origin))

    def frames(self) -> dict[Signal, Frame]:
        """Return one frame a signal; of one read the later pages come first, for they know more."""
        return {
            signal: Frame(signal, pa.concat_tables(tables[::-1]).unify_dictionaries())
            for signal, tables in self._found.items()
        }


def _marked(table: pa.Table, origin: _Origin) -> pa.Table:
    count = table.num_rows
    rows = table["row"].to_numpy()
    person = table.schema.get_field_index("person")
    table = table.set_column(person, table.schema.field(person), _repeated(origin.code, count))
    place = table.schema.get_field_index("row")
    unique = pa.array(rows + (origin.first_row - 1), pa.int64())
    table = table.set_column(place, table.schema.field(place), unique)
    table = table.append_column("read", pa.array(np.full(count, origin.read, np.int64)))
    table = table.append_column("payload", _repeated(origin.payload, count))
    return table.append_column("source_row", pa.array(rows, pa.int64()))


def _repeated(word: str, count: int) -> pa.DictionaryArray:
    indices = pa.array(np.zeros(count, np.int32), pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array([word], pa.string()))
