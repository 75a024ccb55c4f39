"""Locks in the database: found by name or number, kept with what they were made of, made one at a time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports.building import Built
from hometrial.exports.provenance import Before
from hometrial.exports.source.reading import Source, kept, read
from hometrial.models import DataLock, LockSource
from hometrial.services.locking.folders import Snapshot
from hometrial.services.locking.wanted import NewLock

_ONE_AT_A_TIME = 7_021_994
"""The advisory lock of the database that whoever makes a data lock holds."""


class UnknownLockError(TrialError):
    """A lock that there is not."""


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Be the only one who makes a lock. Raises ExportRefusedError while another is made."""
    with database.engine.connect() as connection:
        got = connection.execute(select(func.pg_try_advisory_lock(_ONE_AT_A_TIME))).scalar_one()
        connection.commit()
        if not got:
            raise ExportRefusedError("another lock is being made; wait until it is there")
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(_ONE_AT_A_TIME)))
            connection.commit()


def locks(session: Session) -> list[DataLock]:
    """Return all locks, the newest first."""
    return list(session.scalars(select(DataLock).order_by(DataLock.number.desc())))


def find(session: Session, told: str) -> DataLock:
    """Return a lock by its name or its number. Raises UnknownLockError."""
    asked = (
        DataLock.number == int(told)
        if told.isdecimal() and len(told) < 9
        else DataLock.name == told
    )
    found = session.scalars(select(DataLock).where(asked)).one_or_none()
    if found is None:
        names = ", ".join(each.name for each in locks(session)) or "none yet"
        raise UnknownLockError(f"no lock is called {told}; there are: {names}")
    return found


@dataclass(frozen=True)
class Place:
    """Which number the next lock has, and which lock it follows."""

    number: int
    previous: DataLock | None


def next_place(session: Session, name: str) -> Place:
    """Return the next lock's place. Raises ExportRefusedError for a name that another lock bears."""
    there = session.scalars(
        select(DataLock).where(func.lower(DataLock.name) == name.lower())
    ).one_or_none()
    if there is not None:
        raise ExportRefusedError(
            f"name: lock {there.number} of {there.made_at:%Y-%m-%d} bears the name {there.name}; give another"
        )
    newest = next(iter(locks(session)), None)
    return Place(1 if newest is None else newest.number + 1, newest)


def keep(
    session: Session,
    new: NewLock,
    snapshot: Snapshot,
    facts: dict[str, Any],
    root: str,
    built: Built,
) -> DataLock:
    """Keep a lock with all source tables it was made of, and the rows of each data set that was made of them."""
    before = facts["previous"]
    made = DataLock(
        number=facts["number"],
        name=new.name,
        kind=new.kind,
        reason=new.reason,
        profile=new.wanted.profile.name,
        formats=list(new.wanted.formats),
        streams=list(new.wanted.streams),
        made_at=snapshot.at,
        made_by=facts["made_by"],
        cutoff=facts["cutoff"]["audit_entry"],
        facts=facts,
        root=root,
        data_sets=built.data_sets,
        samples=built.samples,
        previous_id=None if before is None else find(session, str(before["number"])).id,
    )
    session.add(made)
    session.flush()
    for name, body in kept(snapshot.source):
        session.add(
            LockSource(
                lock_id=made.id,
                name=name,
                rows=snapshot.source.table(name).num_rows,
                sha256=hashlib.sha256(body).hexdigest(),
                body=body,
            )
        )
    session.flush()
    return made


def source_of(session: Session, lock: DataLock) -> Source:
    """Return what a lock was made of. Raises TrialError if a kept table is not what it was, or is not seen."""
    rows = session.scalars(select(LockSource).where(LockSource.lock_id == lock.id)).all()
    if not rows:
        raise TrialError(
            f"lock {lock.name} tells of everybody; who sees the people of some sites alone cannot open it"
        )
    for row in rows:
        if hashlib.sha256(row.body).hexdigest() != row.sha256:
            raise TrialError(
                f"lock {lock.name}: its table {row.name} was changed in the database; restore it from a backup"
            )
    return read({row.name: row.body for row in rows})


def before(session: Session, lock: DataLock | None) -> Before | None:
    """Return a lock as the one before another; nothing for the first."""
    return None if lock is None else Before(source_of(session, lock), lock.cutoff, lock.number)


def previous(session: Session, lock: DataLock) -> Before | None:
    """Return the lock before a lock; nothing for the first."""
    return (
        None
        if lock.previous_id is None
        else before(session, session.get_one(DataLock, lock.previous_id))
    )
