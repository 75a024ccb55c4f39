"""Data sets that staff ask for: made in the background, kept for a week, taken by whoever asked (features.md D16, D25).

A draft is what is stored now; a lock is made of it and kept; the files of a lock are made again of what it keeps.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports import folder
from hometrial.exports.building import STEPS
from hometrial.models import DataLock, DataRequest, Site, StaffAccount
from hometrial.services import filling
from hometrial.services.filling import wanted_of
from hometrial.services.locking import keeping
from hometrial.services.locking.folders import Progress
from hometrial.services.locking.wanted import NewLock, Wanted, wanted
from hometrial.services.staffing.acting import Actor
from hometrial.services.streaming import writing as streaming

KEPT = timedelta(days=7)
"""A file is kept for so long after it is ready; the same can be asked for again."""
WHO = "worker:delivery"
_ONE_AT_A_TIME = 7_021_996
"""The advisory lock, with the account's, that whoever asks holds up to the end of the transaction."""
_BROKE_OFF = (
    "they broke off before they were done, and the log of the worker says why; try again, and if they break off again "
    "tell whoever keeps the system"
)


class ProfileRefusedError(ExportRefusedError):
    """A profile that no role of who asks may ask for, or not at every site whose people it would be of."""


def ask_draft(session: Session, actor: Actor, sites: frozenset[UUID], asked: Wanted) -> DataRequest:
    """Note that somebody wants what is stored now of the people of some sites.

    Raises ExportRefusedError for a profile that none of their roles may ask for, without a site, and while an
    earlier request of theirs is not done.
    """
    if not sites:
        raise ExportRefusedError("sites: none is chosen, so nobody's data would be in it")
    require_profile(actor, asked, sites)
    return _asked(session, actor, sites, asked, DataRequest(kind="draft"))


def ask_lock(session: Session, actor: Actor, sites: frozenset[UUID], new: NewLock) -> DataRequest:
    """Note that somebody wants a lock of everybody's data. Raises ExportRefusedError, also for a name that is taken."""
    _require_every_site(session, actor, sites)
    require_profile(actor, new.wanted, sites)
    keeping.next_place(session, new.name)
    made = DataRequest(kind="lock", lock_name=new.name, lock_kind=new.kind, reason=new.reason)
    return _asked(session, actor, sites, new.wanted, made)


def ask_files(
    session: Session, actor: Actor, sites: frozenset[UUID], lock: DataLock
) -> DataRequest:
    """Note that somebody wants the files of a lock. Raises ExportRefusedError, also if they do not see all sites."""
    _require_every_site(session, actor, sites)
    asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
    require_profile(actor, asked, sites)
    return _asked(session, actor, sites, asked, DataRequest(kind="rebuild", lock_id=lock.id))


def ask_again(
    session: Session, actor: Actor, sites: frozenset[UUID], before: DataRequest, home: Path
) -> DataRequest:
    """Ask for the same once more, after it failed or its file is gone; finished samples are not made again.

    Raises ExportRefusedError while it is made or its file is there, and as asking for it anew does.
    """
    found = standing(home, before)
    if found not in ("failed", "expired", "gone"):
        raise ExportRefusedError(f"these data sets are {found}; there is nothing to ask again")
    if before.lock_id is not None:
        return ask_files(session, actor, sites, session.get_one(DataLock, before.lock_id))
    if before.kind == "lock":
        asked = str(before.lock_name), str(before.lock_kind), str(before.reason)
        return ask_lock(session, actor, sites, NewLock(*asked, wanted_of(before)))
    return ask_draft(session, actor, sites & set(before.sites), wanted_of(before))


def _require_every_site(session: Session, actor: Actor, sites: frozenset[UUID]) -> None:
    every = session.scalar(select(func.count()).select_from(Site))
    if len(sites) != every:
        raise ExportRefusedError(
            f"{actor.name} sees {len(sites)} of {every} sites, and a lock holds everybody: who sees all sites makes "
            "it and takes its files"
        )


def require_profile(actor: Actor, asked: Wanted, sites: frozenset[UUID]) -> None:
    """Raise ProfileRefusedError unless roles of theirs may ask for a profile at each of some sites."""
    roles = asked.profile.roles
    may = [each.site_id for each in actor.held if each.role in roles]
    if may and (None in may or sites <= set(may)):
        return
    held = (
        f"{', '.join(actor.roles) or 'no role'}"
        if not may
        else "one of them not at each of these sites"
    )
    raise ProfileRefusedError(
        f"profile: {asked.profile.name} is for {', '.join(sorted(roles))}; {actor.name} holds {held}"
    )


def _asked(
    session: Session, actor: Actor, sites: frozenset[UUID], asked: Wanted, made: DataRequest
) -> DataRequest:
    account = func.hashtext(str(actor.account_id))
    session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME, account)))
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

    def standing(self, home: Path) -> str:
        """Return its state as whoever asks for its file finds it."""
        return standing(home, self.request)


def history(
    session: Session, account_id: UUID | None = None, start: int = 0, most: int = 200
) -> list[Line]:
    """Return requests, of one account or of all, the newest first: `most` at most, from the one at `start` on."""
    found = select(
        DataRequest, StaffAccount.name, func.coalesce(DataLock.name, DataRequest.lock_name)
    )
    found = found.join(StaffAccount).outerjoin(DataLock)
    if account_id is not None:
        found = found.where(DataRequest.account_id == account_id)
    rows = session.execute(
        found.order_by(DataRequest.requested_at.desc()).offset(start).limit(most)
    )
    return [Line(request, name, lock) for request, name, lock in rows]


def total(session: Session, account_id: UUID | None = None) -> int:
    """Return how many requests there are, of one account or of all."""
    found = select(func.count()).select_from(DataRequest)
    if account_id is not None:
        found = found.where(DataRequest.account_id == account_id)
    return session.scalars(found).one()


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


def standing(home: Path, request: DataRequest) -> str:
    """Return a request's state as whoever asks for its file finds it, whether or not a worker has cleared up yet.

    `expired`: kept long enough; `gone`: its file is not there, as after a restored backup.
    """
    if request.state == "ready" and request.finished_at is not None:
        if request.finished_at < clock.now() - KEPT:
            return "expired"
        if not place(home, request.id).is_file():
            return "gone"
    return request.state


def make(database: Database, request_id: UUID) -> None:
    """Make what was asked for, in steps that the page shows; a second try begins anew and leaves nothing half.

    Samples that a first try has finished are not made again.
    """
    with database.transaction(WHO, "data sets are made") as session:
        request = session.get_one(DataRequest, request_id, with_for_update=True)
        if request.state not in ("waiting", "running"):
            return
        request.state, request.started_at = "running", clock.now()
    file = place(database.settings.home, request_id)
    error, written = _BROKE_OFF, None
    try:
        written = filling.fill(database, request, file, _progress(database, request_id))
    except TrialError as refused:
        error = str(refused)
    finally:
        if written is None:
            _fail(database, request_id, error)
    if written is None:
        return
    files, lock_id = written
    with database.transaction(WHO, "data sets are ready") as session:
        done = session.get_one(DataRequest, request_id)
        done.state, done.step, done.finished_at = "ready", "ready", clock.now()
        done.files, done.size, done.done = files, file.stat().st_size, done.steps
        done.sha256, done.lock_id = folder.sha256(file), lock_id


def _progress(database: Database, request_id: UUID) -> Progress:
    def progress(step: str) -> None:
        with database.transaction(WHO, "data sets are made") as session:
            shown = session.get_one(DataRequest, request_id)
            shown.step = step
            shown.done = STEPS.index(step) if step in STEPS else shown.done

    return progress


def _fail(database: Database, request_id: UUID, error: str) -> None:
    """Say why data sets could not be made, whatever it was: nobody waits for what does not come."""
    with database.transaction(WHO, "data sets could not be made") as session:
        failed = session.get_one(DataRequest, request_id)
        failed.state, failed.error, failed.finished_at = "failed", error, clock.now()


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
