"""Data sets that staff ask for: made in the background, kept for a week, taken away by whoever asked (features.md D16, D25)."""

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import STAFF_ROLE, Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports import folder
from hometrial.models import DataRequest, DayChunk, Participant, StaffAccount
from hometrial.services import exporting
from hometrial.services.staffing.acting import Actor

KEPT = timedelta(days=7)
"""A file is kept for so long after it is ready; the same can be asked for again."""
WHO = "worker:delivery"
_SAME_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive: the same data sets make the same bytes."""


@dataclass(frozen=True)
class Foreseen:
    """What an export would hold, told before it runs: people, samples by stream, what is left out and why."""

    people: int
    samples: dict[str, int]
    excluded: dict[str, int]
    open_queries: int
    open_rows: int
    provisional_days: int


def foresee(session: Session) -> Foreseen:
    """Count what an export of what this session sees would hold."""
    counted = session.execute(
        select(DayChunk.stream, func.sum(DayChunk.samples))
        .where(DayChunk.is_current)
        .group_by(DayChunk.stream)
        .order_by(DayChunk.stream)
    )
    facts = exporting.state_of(session)
    return Foreseen(
        people=session.scalar(select(func.count()).select_from(Participant)) or 0,
        samples={stream: int(count) for stream, count in counted},
        excluded=facts["excluded_samples_by_rule"],
        open_queries=facts["open_queries"],
        open_rows=facts["quarantined_open"],
        provisional_days=facts["provisional_days"],
    )


def ask(
    session: Session, actor: Actor, sites: frozenset[UUID], formats: Sequence[str]
) -> DataRequest:
    """Note that somebody wants data sets of the people of some sites.

    Raises ExportRefusedError for an unknown format, and while an earlier request of theirs is not done.
    """
    exporting.refuse_formats(formats)
    under_way = session.scalar(
        select(DataRequest.requested_at).where(
            DataRequest.account_id == actor.account_id,
            DataRequest.state.in_(("waiting", "running")),
        )
    )
    if under_way is not None:
        raise ExportRefusedError(
            f"{actor.name} has asked for data sets at {under_way:%Y-%m-%d %H:%M} UTC, and they are not ready "
            "yet; wait for them, they hold what is stored when they are made"
        )
    made = DataRequest(
        account_id=actor.account_id,
        sites=sorted(sites),
        formats=list(formats),
        state="waiting",
        step="waits for a worker",
        requested_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made


@dataclass(frozen=True)
class Line:
    """A request with the name of who asked."""

    request: DataRequest
    name: str


def history(session: Session, account_id: UUID | None = None) -> list[Line]:
    """Return the requests, of one account or of all, the newest first."""
    found = select(DataRequest, StaffAccount.name).join(StaffAccount)
    if account_id is not None:
        found = found.where(DataRequest.account_id == account_id)
    rows = session.execute(found.order_by(DataRequest.requested_at.desc()).limit(200))
    return [Line(request, name) for request, name in rows]


def own(session: Session, request_id: UUID, account_id: UUID) -> DataRequest | None:
    """Return a request of an account, None if it is not theirs or not there."""
    return session.scalars(
        select(DataRequest).where(
            DataRequest.id == request_id, DataRequest.account_id == account_id
        )
    ).one_or_none()


def place(home: Path, request_id: UUID) -> Path:
    """Return where the file of a request lies; its name comes from the request's id and nothing else."""
    return home / "deliveries" / f"{request_id}.zip"


def make(database: Database, request_id: UUID) -> None:
    """Make what was asked for, in steps that the page shows; a second try begins anew and leaves nothing half."""
    with database.transaction(WHO, "data sets are made") as session:
        request = session.get_one(DataRequest, request_id, with_for_update=True)
        if request.state not in ("waiting", "running"):
            return
        request.state, request.started_at = "running", clock.now()
    try:
        summary, file = _write(database, request)
    except TrialError as error:
        with database.transaction(WHO, "data sets could not be made") as session:
            failed = session.get_one(DataRequest, request_id)
            failed.state, failed.error, failed.finished_at = "failed", str(error), clock.now()
        return
    with database.transaction(WHO, "data sets are ready") as session:
        done = session.get_one(DataRequest, request_id)
        done.state, done.step, done.finished_at = "ready", "ready", clock.now()
        done.files, done.size = summary.files, file.stat().st_size
        done.sha256 = folder.sha256(file)


def _write(database: Database, request: DataRequest) -> tuple[exporting.ExportSummary, Path]:
    file = place(database.settings.home, request.id)
    out = file.with_suffix("")

    def progress(step: str) -> None:
        with database.transaction(WHO, "data sets are made") as session:
            session.get_one(DataRequest, request.id).step = step

    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with database.reading(STAFF_ROLE, request.sites) as session:
            summary = exporting.export_draft(session, out, request.formats, progress)
        progress("one archive of all files")
        _pack(out, file)
    except OSError as error:
        raise ExportRefusedError(
            f"the data sets cannot be written: {error.strerror or error}; make room and ask again"
        ) from error
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return summary, file


def _pack(out: Path, file: Path) -> None:
    """Put a folder into one archive, which appears whole or not at all."""
    part = file.with_suffix(".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(out.rglob("*")):
                if path.is_file():
                    named = zipfile.ZipInfo(path.relative_to(out).as_posix(), _SAME_DAY)
                    named.compress_type = zipfile.ZIP_DEFLATED
                    with path.open("rb") as source, archive.open(named, "w") as into:
                        shutil.copyfileobj(source, into, 1 << 20)
        part.chmod(0o600)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def expire(database: Database) -> int:
    """Remove the files that were kept long enough; return how many requests that ends."""
    with database.transaction(WHO, "data sets are not kept longer") as session:
        old = session.scalars(
            select(DataRequest).where(
                DataRequest.state == "ready", DataRequest.finished_at < clock.now() - KEPT
            )
        ).all()
        for request in old:
            place(database.settings.home, request.id).unlink(missing_ok=True)
            request.state, request.step = "expired", "kept no longer"
    return len(old)
