"""Data sets that staff ask for: made in the background, kept for a week, taken by whoever asked (features.md D16, D25).

A draft is what is stored now; a lock is made of it and kept; the files of a lock are made again of what it keeps.
"""

import shutil
from collections.abc import Callable
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
from hometrial.exports.building import STEPS
from hometrial.models import DataLock, DataRequest, Site, StaffAccount
from hometrial.services import packing
from hometrial.services.locking import keeping, making
from hometrial.services.locking.folders import Progress
from hometrial.services.locking.wanted import NewLock, Wanted, wanted
from hometrial.services.staffing.acting import Actor
from hometrial.services.streaming import writing as streaming

KEPT = timedelta(days=7)
"""A file is kept for so long after it is ready; the same can be asked for again."""
WHO = "worker:delivery"
_BROKE_OFF = (
    "they broke off before they were done, and the log of the worker says why; try again, and if they break off again "
    "tell whoever keeps the system"
)


def ask_draft(session: Session, actor: Actor, sites: frozenset[UUID], asked: Wanted) -> DataRequest:
    """Note that somebody wants what is stored now of the people of some sites.

    Raises ExportRefusedError for a profile that none of their roles may ask for, without a site, and while an
    earlier request of theirs is not done.
    """
    require_profile(actor, asked)
    if not sites:
        raise ExportRefusedError("sites: none is chosen, so nobody's data would be in it")
    return _asked(session, actor, sites, asked, DataRequest(kind="draft"))


def ask_lock(session: Session, actor: Actor, sites: frozenset[UUID], new: NewLock) -> DataRequest:
    """Note that somebody wants a lock of everybody's data. Raises ExportRefusedError, also for a name that is taken."""
    require_profile(actor, new.wanted)
    _require_every_site(session, actor, sites)
    keeping.next_place(session, new.name)
    made = DataRequest(kind="lock", lock_name=new.name, lock_kind=new.kind, reason=new.reason)
    return _asked(session, actor, sites, new.wanted, made)


def ask_files(
    session: Session, actor: Actor, sites: frozenset[UUID], lock: DataLock
) -> DataRequest:
    """Note that somebody wants the files of a lock. Raises ExportRefusedError, also if they do not see all sites."""
    _require_every_site(session, actor, sites)
    asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
    require_profile(actor, asked)
    return _asked(session, actor, sites, asked, DataRequest(kind="rebuild", lock_id=lock.id))


def ask_again(
    session: Session, actor: Actor, sites: frozenset[UUID], before: DataRequest
) -> DataRequest:
    """Ask for the same once more, after it failed or its file is gone; finished samples are not made again.

    Raises ExportRefusedError while it is made or its file is there, and as asking for it anew does.
    """
    if before.state not in ("failed", "expired"):
        raise ExportRefusedError(
            f"these data sets are {before.state}; there is nothing to ask again"
        )
    if before.lock_id is not None:
        return ask_files(session, actor, sites, session.get_one(DataLock, before.lock_id))
    if before.kind == "lock":
        asked = str(before.lock_name), str(before.lock_kind), str(before.reason)
        return ask_lock(session, actor, sites, NewLock(*asked, _wanted(before)))
    return ask_draft(session, actor, sites & set(before.sites), _wanted(before))


def _require_every_site(session: Session, actor: Actor, sites: frozenset[UUID]) -> None:
    every = session.scalar(select(func.count()).select_from(Site))
    if len(sites) != every:
        raise ExportRefusedError(
            f"{actor.name} sees {len(sites)} of {every} sites, and a lock holds everybody: who sees all sites makes "
            "it and takes its files"
        )


def require_profile(actor: Actor, asked: Wanted) -> None:
    """Raise ExportRefusedError unless a role of theirs may ask for a profile."""
    if not asked.profile.roles & set(actor.roles):
        raise ExportRefusedError(
            f"profile: {asked.profile.name} is for {', '.join(sorted(asked.profile.roles))}; {actor.name} holds "
            f"{', '.join(actor.roles) or 'no role'}"
        )


def _asked(
    session: Session, actor: Actor, sites: frozenset[UUID], asked: Wanted, made: DataRequest
) -> DataRequest:
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
    made.account_id = actor.account_id
    made.sites, made.formats, made.streams = sorted(sites), list(asked.formats), list(asked.streams)
    made.profile, made.state, made.step = asked.profile.name, "waiting", "waits for a worker"
    made.done, made.steps, made.requested_at = 0, len(STEPS), clock.now()
    session.add(made)
    session.flush()
    return made


@dataclass(frozen=True)
class Line:
    """A request with the name of who asked, and of the lock that it is about."""

    request: DataRequest
    name: str
    lock: str | None = None


def history(session: Session, account_id: UUID | None = None) -> list[Line]:
    """Return the requests, of one account or of all, the newest first."""
    found = select(
        DataRequest, StaffAccount.name, func.coalesce(DataLock.name, DataRequest.lock_name)
    )
    found = found.join(StaffAccount).outerjoin(DataLock)
    if account_id is not None:
        found = found.where(DataRequest.account_id == account_id)
    rows = session.execute(found.order_by(DataRequest.requested_at.desc()).limit(200))
    return [Line(request, name, lock) for request, name, lock in rows]


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
    """Make what was asked for, in steps that the page shows; a second try begins anew and leaves nothing half.

    Samples that a first try has finished are not made again.
    """
    with database.transaction(WHO, "data sets are made") as session:
        request = session.get_one(DataRequest, request_id, with_for_update=True)
        if request.state not in ("waiting", "running"):
            return
        request.state, request.started_at = "running", clock.now()
    error, written = _BROKE_OFF, None
    try:
        written = _write(database, request)
    except TrialError as refused:
        error = str(refused)
    finally:
        if written is None:
            _fail(database, request_id, error)
    if written is None:
        return
    files, lock_id = written
    file = place(database.settings.home, request_id)
    with database.transaction(WHO, "data sets are ready") as session:
        done = session.get_one(DataRequest, request_id)
        done.state, done.step, done.finished_at = "ready", "ready", clock.now()
        done.files, done.size, done.done = files, file.stat().st_size, done.steps
        done.sha256, done.lock_id = folder.sha256(file), lock_id


def _fail(database: Database, request_id: UUID, error: str) -> None:
    """Say why data sets could not be made, whatever it was: nobody waits for what does not come."""
    with database.transaction(WHO, "data sets could not be made") as session:
        failed = session.get_one(DataRequest, request_id)
        failed.state, failed.error, failed.finished_at = "failed", error, clock.now()


def _write(database: Database, request: DataRequest) -> tuple[int, UUID | None]:
    """Write what was asked for into one archive; return how many files it has, and the lock it is of."""
    file = place(database.settings.home, request.id)
    out = file.with_suffix("")

    def progress(step: str) -> None:
        with database.transaction(WHO, "data sets are made") as session:
            shown = session.get_one(DataRequest, request.id)
            shown.step = step
            shown.done = STEPS.index(step) if step in STEPS else shown.done

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


def _clear(out: Path) -> None:
    """Remove the half-written folders of a worker that was killed: nobody else writes this one's."""
    for left in out.parent.glob(f".{out.name}.*"):
        shutil.rmtree(left)


def _wanted(request: DataRequest) -> Wanted:
    return wanted(tuple(request.formats), request.profile, tuple(request.streams))


def _draft(database: Database, request: DataRequest, out: Path, progress: Progress) -> None:
    with database.reading(STAFF_ROLE, request.sites) as session:
        making.draft(session, database, _wanted(request), out, progress)


def _lock(database: Database, request: DataRequest, out: Path, progress: Progress) -> UUID:
    new = NewLock(
        str(request.lock_name), str(request.lock_kind), str(request.reason), _wanted(request)
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
    streaming.expire(database.settings.home)
    return len(old)
