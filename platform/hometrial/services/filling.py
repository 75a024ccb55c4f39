"""What a request wants, written into one archive: a draft, a new lock, or the files of a lock once more."""

import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import STAFF_ROLE, Database
from hometrial.errors import ExportRefusedError
from hometrial.models import DataLock, DataRequest, StaffAccount
from hometrial.services import packing
from hometrial.services.locking import keeping, making
from hometrial.services.locking.folders import Progress
from hometrial.services.locking.wanted import NewLock, Wanted, wanted


def fill(
    database: Database, request: DataRequest, file: Path, progress: Progress
) -> tuple[int, UUID | None]:
    """Write what was asked for into one archive; return how many files it has, and the lock it is of.

    Raises ExportRefusedError, also if the disk fails; then nothing is left but samples that are finished.
    """
    out = file.with_suffix("")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(out)
        lock_id = _KINDS[request.kind](database, request, out, progress)
        progress("one archive of all files")
        packing.pack(out, file)
        return sum(path.is_file() for path in out.rglob("*")), lock_id
    except OSError as error:
        raise ExportRefusedError(
            f"the data sets cannot be written: {error.strerror or error}; make room and ask again"
        ) from error
    finally:
        shutil.rmtree(out, ignore_errors=True)


def wanted_of(request: DataRequest) -> Wanted:
    """Return what a request wants."""
    return wanted(tuple(request.formats), request.profile, tuple(request.streams))


def _clear(out: Path) -> None:
    """Remove the half-written folders of a worker that was killed: nobody else writes this one's."""
    for left in out.parent.glob(f".{out.name}.*"):
        shutil.rmtree(left)


def _draft(database: Database, request: DataRequest, out: Path, progress: Progress) -> None:
    with database.reading(STAFF_ROLE, request.sites) as session:
        making.draft(session, database, wanted_of(request), out, progress)


def _lock(database: Database, request: DataRequest, out: Path, progress: Progress) -> UUID:
    new = NewLock(
        str(request.lock_name), str(request.lock_kind), str(request.reason), wanted_of(request)
    )
    with database.reading() as session:
        by = f"staff:{session.get_one(StaffAccount, request.account_id).name}"
        kept = _kept(session, request, by)
    if kept is not None:
        return _again(database, kept, out, progress)
    return making.make(database, new, out, by, progress).id


def _kept(session: Session, request: DataRequest, by: str) -> UUID | None:
    """Return the lock of this request that is there already: its worker ended before the files could be taken."""
    return session.scalars(
        select(DataLock.id).where(
            DataLock.name == request.lock_name,
            DataLock.kind == request.lock_kind,
            DataLock.reason == request.reason,
            DataLock.made_by == by,
            DataLock.made_at >= request.requested_at.replace(microsecond=0),
        )
    ).one_or_none()


def _again(database: Database, lock_id: UUID | None, out: Path, progress: Progress) -> UUID:
    with database.reading() as session:
        lock = session.get_one(DataLock, lock_id)
        source = keeping.source_of(session, lock)
    making.rebuild(database, lock, source, out, progress)
    return lock.id


_KINDS: dict[str, Callable[[Database, DataRequest, Path, Progress], UUID | None]] = {
    "draft": _draft,
    "lock": _lock,
    "rebuild": lambda database, request, *told: _again(database, request.lock_id, *told),
}
