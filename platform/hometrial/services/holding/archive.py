"""All that is held about one person as one ZIP that is sent while it is made: little of it is ever in memory."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from typing_extensions import override

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.errors import TrialError
from hometrial.exports.writing import csv_table
from hometrial.models import ConsentSignature, DayChunk, Participant, PayloadPart
from hometrial.services import tabling
from hometrial.services.agreeing import copying
from hometrial.services.agreeing.acts import SignatureRefusedError
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.holding import asked, rows
from hometrial.services.holding.tables import FILES
from hometrial_ingest.signals import Signal

File = tuple[str, Iterator[bytes]]
_SENT = 1 << 18
_DAYS = 5
_TRAIL = ("at", "who", "why", "table", "row", "what")
_ORIGINALS = {
    "watch": "SELECT DISTINCT g.payload_id, p.provider || '/' || to_char(p.started_at, 'YYYY-MM-DD') AS place"
    " FROM sync.pull_page g JOIN sync.pull p ON p.id = g.pull_id WHERE p.participant_id = :person",
    "phone": "SELECT DISTINCT r.payload_id, to_char(r.received_at, 'YYYY-MM-DD') AS place"
    " FROM sync.push_receipt r JOIN bridge b ON b.id = r.bridge_id"
    " WHERE b.participant_id = :person AND r.payload_id IS NOT NULL",
    "questions": "SELECT DISTINCT s.payload_id, to_char(s.received_at, 'YYYY-MM-DD') AS place"
    " FROM submission s JOIN response o ON o.id = s.response_id WHERE o.participant_id = :person"
    " UNION SELECT u.payload_id, to_char(u.received_at, 'YYYY-MM-DD') FROM answer_upload u"
    " WHERE u.participant_id = :person",
}


class ArchiveRefusedError(TrialError):
    """A file of one person that cannot be made now."""


class _Pipe(io.RawIOBase):
    """What was written and is not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.waiting = 0

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        self.waiting += len(part)
        return len(part)

    def take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        self.waiting = 0
        return whole


def hold(session: Session, person: Participant) -> None:
    """Begin a file of one person: as the site's role, that sees nobody else's rows, and one at a time.

    Raises ArchiveRefusedError while another is made for them.
    """
    if session.scalar(text("SELECT current_user")) != PARTICIPANT_ROLE:
        raise ArchiveRefusedError(
            "a person's file is made as the participant site, which sees only theirs"
        )
    key = {"key": f"hometrial.archive.{person.id}"}
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:key))"), key):
        raise ArchiveRefusedError(
            f"{person.code}: a file is being made already; wait until it is done"
        )


def archive(
    session: Session, keys: Keys, person: Participant, texts: Mapping[str, str], language: str
) -> Iterator[bytes]:
    """Return the ZIP in parts, after `hold`. `texts`: files by name that explain the others."""
    pipe = _Pipe()
    made_at = clock.now().timetuple()[:6]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as whole:
        for name, parts in _files(session, keys, person, texts, language):
            entry = zipfile.ZipInfo(name, made_at)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with closing(whole.open(entry, "w")) as file:
                for part in parts:
                    file.write(part)
                    if pipe.waiting >= _SENT:
                        yield pipe.take()
    yield pipe.take()


def _files(
    session: Session, keys: Keys, person: Participant, texts: Mapping[str, str], language: str
) -> Iterator[File]:
    for name, said in texts.items():
        yield name, iter([said.encode()])
    yield from _copies(session, keys, person)
    for table, file in FILES.items():
        yield f"{file}.csv", rows.table(session, person, table)
    yield "questions/answers_in_words.csv", asked.in_words(session, person, language)
    for stream in _streams(session, person):
        for first, last in tabling.months(session, person, stream):
            yield (
                f"samples/{stream}/{first:%Y-%m}.csv",
                _samples(session, person, stream, first, last),
            )
    yield from _originals(session, person)
    yield "trail/entries.csv", _trail(session, person)


def _copies(session: Session, keys: Keys, person: Participant) -> Iterator[File]:
    """Return the copy of each document that was signed; of a signature that is broken, that it is."""
    signed = session.scalars(
        select(ConsentSignature)
        .where(ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant")
        .order_by(ConsentSignature.signed_at)
    )
    for signature in signed.all():
        try:
            made = copying.copy(session, keys, signature)
        except SignatureRefusedError as error:
            name = f"consent/{signature.document}-{signature.version}-no-copy.txt"
            yield name, iter([f"{error}\n".encode()])
        else:
            yield f"consent/{made.name}", iter([made.body])


def _streams(session: Session, person: Participant) -> list[Signal]:
    found = session.scalars(
        select(DayChunk.stream)
        .where(DayChunk.participant_id == person.id, DayChunk.is_current, DayChunk.samples > 0)
        .distinct()
    )
    return sorted((Signal(name) for name in found), key=str)


def sample_counts(session: Session, person: Participant) -> dict[str, tuple[int, date, date]]:
    """Return how many values of each stream are held, with the first and the last day."""
    found = session.execute(
        select(
            DayChunk.stream,
            func.sum(DayChunk.samples),
            func.min(DayChunk.day),
            func.max(DayChunk.day),
        )
        .where(DayChunk.participant_id == person.id, DayChunk.is_current, DayChunk.samples > 0)
        .group_by(DayChunk.stream)
        .order_by(DayChunk.stream)
    )
    return {stream: (int(samples), first, last) for stream, samples, first, last in found}


def _samples(
    session: Session, person: Participant, stream: Signal, first: date, last: date
) -> Iterator[bytes]:
    """Return a month of samples, some days at a time."""
    options = pa_csv.WriteOptions(quoting_style="needed")
    begin, is_first = first, True
    while begin <= last:
        end = min(begin + timedelta(days=_DAYS - 1), last)
        found = tabling.samples(session, person, stream, begin, end)
        session.expunge_all()
        begin = end + timedelta(days=1)
        if not found.num_rows:
            continue
        out = io.BytesIO()
        options = pa_csv.WriteOptions(include_header=is_first, quoting_style="needed")
        pa_csv.write_csv(csv_table(_kept(found)), out, options)
        is_first = False
        yield out.getvalue()


_NOT_SHOWN = frozenset(
    {"participant", "participant_id", "chunk", "day", "row", "file", "offset", "batch"}
)


def _kept(found: pa.Table) -> pa.Table:
    return found.drop_columns([name for name in found.column_names if name in _NOT_SHOWN])


def _originals(session: Session, person: Participant) -> Iterator[File]:
    """Return what providers and devices sent, byte by byte, each once."""
    told: set[UUID] = set()
    for folder, query in _ORIGINALS.items():
        found = session.execute(text(f"{query} ORDER BY place, payload_id"), {"person": person.id})
        for place, group in groupby(found.all(), lambda row: row.place):
            new = [row.payload_id for row in group if row.payload_id not in told]
            for number, payload_id in enumerate(new, 1):
                told.add(payload_id)
                yield f"originals/{folder}/{place}/{number:04d}.json", _payload(session, payload_id)


def _payload(session: Session, payload_id: UUID) -> Iterator[bytes]:
    codec = pa.Codec("zstd")
    parts = session.execute(
        select(PayloadPart.body, PayloadPart.size)
        .where(PayloadPart.payload_id == payload_id)
        .order_by(PayloadPart.part),
        execution_options={"yield_per": 1},
    )
    for body, size in parts:
        yield codec.decompress(body, size, asbytes=True)


def _trail(session: Session, person: Participant) -> Iterator[bytes]:
    """Return each change of the person's own rows: when, by whom as a role, why, where."""
    found = session.execute(
        text(
            "SELECT at, actor, reason, table_name, row_key, operation FROM audit.entry ORDER BY id"
        ),
        execution_options={"yield_per": 500},
    )
    said: Iterable[Iterable[object]] = (
        (at, rows.whose(actor, person.code), reason, table, row, what)
        for at, actor, reason, table, row, what in found
    )
    return rows.lines(list(_TRAIL), said)
