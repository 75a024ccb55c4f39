"""One archive in: every file kept, read, placed, gated and stored, in one transaction of the caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.errors import ImportRefusedError, NothingToImportError
from hometrial.models import Batch, Participant, Payload
from hometrial.services import measuring, receiving, reconciling, seeing
from hometrial.services.ingesting import FileIngest
from hometrial.services.knowing import PeopleOfSource
from hometrial.services.reporting import FileReport, ImportReport
from hometrial_ingest import archive
from hometrial_ingest.errors import ErrorReplyError
from hometrial_ingest.reader import Reader, SourceFile
from hometrial_ingest.readers import READERS


@dataclass(frozen=True)
class ImportOptions:
    """How an archive is to be taken in."""

    participant: str | None = None
    create_participants: bool = False
    zone: str | None = None


Progress = Callable[[str, int], None]
"""Called with what is being done and how many bytes of the archive are done with."""


def silent(_what: str, _bytes: int) -> None:
    """Show no progress."""


@dataclass
class _Run:
    """One import while it goes on."""

    session: Session
    reader: Reader
    people: PeopleOfSource
    progress: Progress
    report: ImportReport = field(default_factory=ImportReport)
    batches: list[UUID] = field(default_factory=list)


def import_archive(
    session: Session,
    provider: str,
    path: Path,
    options: ImportOptions,
    progress: Progress = silent,
) -> ImportReport:
    """Import every file of an archive that the provider's reader knows, and report on each.

    The caller's transaction holds all of it: an exception means that nothing was imported. Raises
    IngestError for what cannot be read and TrialError for what cannot be taken in, each one sentence.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.import'))"))
    reader = READERS[provider]
    with archive.open_source(path) as opened:
        kept, ignored = _sort(reader, opened.files)
        if not kept:
            raise NothingToImportError(
                f"{path}: none of its {len(ignored)} files is one that {provider} is known to export "
                f"({', '.join(sorted(f.path for f in ignored)[:3]) or 'it is empty'}); "
                "is it the right folder, and the right provider?"
            )
        people = PeopleOfSource(session, reader, options.participant, options.zone)
        people.create = options.create_participants
        run = _Run(session, reader, people, progress)
        run.report.ignored = sorted(file.path for file in ignored)
        readable = _checked(run, kept)
        people.single = people.single or _owner_of_known(run, readable)
        for file, kind in readable:
            _import_file(run, file, kind)
    _finish(run)
    return run.report


def _sort(
    reader: Reader, files: Sequence[SourceFile]
) -> tuple[list[tuple[SourceFile, str]], list[SourceFile]]:
    """Return the files to read with their kinds, in the order of their paths, and those left alone."""
    kept, ignored = [], []
    for file in sorted(files, key=lambda each: each.path):
        kind = reader.kind(file.path)
        if kind is None or not reader.keeps(file):
            ignored.append(file)
        else:
            kept.append((file, kind))
    return kept, ignored


def _owner_of_known(run: _Run, files: list[tuple[SourceFile, str]]) -> Participant | None:
    """Return whose archive this is if one of its files was imported before.

    So that --create-participants, given twice for one person's archive, does not make two people.
    """
    if run.reader.many_people or not run.people.create:
        return None
    digests = (receiving.sha256_of(file) for file, _ in files)
    found = (_owner(run.session, run.reader.provider, digest) for digest in digests)
    return next((owner for owner in found if owner is not None), None)


def _owner(session: Session, provider: str, sha256: str) -> Participant | None:
    return session.scalars(
        select(Participant)
        .join(Batch, Batch.scope == Participant.code)
        .join(Payload, Payload.id == Batch.payload_id)
        .where(Payload.provider == provider, Payload.sha256 == sha256)
        .order_by(Participant.code)
    ).first()


def _checked(run: _Run, kept: list[tuple[SourceFile, str]]) -> list[tuple[SourceFile, str]]:
    """Return the files that hold data, after a look at the head of each.

    An error reply among other files is reported as rejected; by itself it refuses the import.
    """
    readable = []
    for file, kind in kept:
        try:
            run.reader.check(file, kind)
        except ErrorReplyError as error:
            if len(kept) == 1:
                raise
            run.report.add(FileReport(file.path, kind, status="rejected", reason=str(error)))
        else:
            readable.append((file, kind))
    return readable


def _import_file(run: _Run, file: SourceFile, kind: str) -> None:
    run.progress(file.path, 0)
    sha256 = receiving.sha256_of(file)
    payload = receiving.find(run.session, run.reader.provider, sha256)
    known = _known_batch(run, payload, kind)
    if known is not None:
        run.report.add(FileReport.of_known(file.path, known))
        run.report.chunks_unchanged += known.chunks
        run.people.saw(known.participants)
        run.batches.append(known.id)
    else:
        if payload is None:
            payload = receiving.keep(run.session, file, provider=run.reader.provider, sha256=sha256)
        ingest = FileIngest(run.session, run.reader, run.people, payload)
        run.report.add(ingest.run(file, kind))
        run.report.chunks_written += len(ingest.written)
        run.report.chunks_unchanged += len(ingest.touched - ingest.written)
        run.report.changed |= {code for code, _, _ in ingest.written}
        run.report.devices += [(run.reader.provider, each) for each in ingest.devices]
        run.batches.append(ingest.batch.id)
    run.progress(file.path, file.size)


def _known_batch(run: _Run, payload: Payload | None, kind: str) -> Batch | None:
    """Return the batch that these very bytes made before, if nothing of how they are read has changed.

    Raises ImportRefusedError if they were imported as another person's.
    """
    if payload is None:
        return None
    batches = run.session.scalars(select(Batch).where(Batch.payload_id == payload.id)).all()
    scope = run.people.scope
    for batch in batches:
        if batch.scope != scope and batch.rows_accepted:
            raise ImportRefusedError(
                f"{batch.path}: these very bytes were imported as {batch.scope}'s, not {scope}'s; one "
                "recording belongs to one person: check whose archive this is"
            )
    same = [
        batch
        for batch in batches
        if (batch.kind, batch.scope, batch.reader_revision) == (kind, scope, run.reader.revision)
    ]
    return same[0] if same else None


def _finish(run: _Run) -> None:
    """Compute what follows from the samples: devices, metrics, gaps, and how sums compare."""
    run.progress("measuring days", 0)
    seeing.note_devices(run.session, run.report.devices)
    measuring.measure(run.session, run.report.changed)
    run.report.participants = sorted(run.people.seen)
    run.report.reconciliation = reconciling.reconcile(run.session, run.batches)
