"""The source tables that a lock keeps, each read when it is first asked for: one cell needs few of them."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override

from hometrial.errors import TrialError
from hometrial.exports.source.reading import Source, read
from hometrial.models import DataLock, LockSource


class Shelved(Mapping[str, pa.Table]):
    """A lock's tables by name. Raises TrialError for a lock that is not seen, and for a table that was changed."""

    def __init__(self, session: Session, lock: DataLock) -> None:
        self._session, self._lock = session, lock
        self._read: dict[str, pa.Table] = {}
        if not self._names:
            raise TrialError(
                f"lock {lock.name} tells of everybody; who sees the people of some sites alone cannot open it"
            )

    @cached_property
    def _names(self) -> list[str]:
        found = select(LockSource.name).where(LockSource.lock_id == self._lock.id)
        return list(self._session.scalars(found.order_by(LockSource.name)))

    @override
    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            row = self._session.get(LockSource, (self._lock.id, name))
            if row is None:
                raise KeyError(name)
            if hashlib.sha256(row.body).hexdigest() != row.sha256:
                raise TrialError(
                    f"lock {self._lock.name}: its table {name} was changed in the database; restore it from a backup"
                )
            self._read[name] = read({name: row.body}).table(name)
            self._session.expunge(row)  # its bytes need not be kept beside the table
        return self._read[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    @override
    def __len__(self) -> int:
        return len(self._names)


def shelved(session: Session, lock: DataLock) -> Source:
    """Return what a lock was made of, as far as it is asked for."""
    return Source(Shelved(session, lock))
