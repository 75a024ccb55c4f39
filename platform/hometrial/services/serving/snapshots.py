"""Snapshots of tidy tables in the home folder: made when they are asked for and something has changed, kept for a day.

A page of a table and the next one are of the same snapshot, whatever happens in between. One is made at a time, by some
people at a time, so that memory is bounded whoever asks; the second who asks for the same finds it there.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import STAFF_ROLE, Database
from hometrial.errors import TrialError
from hometrial.exports import dictionary
from hometrial.exports.deidentifying import Profile
from hometrial.exports.tidy.tables import Tidy
from hometrial.services.locking import settled
from hometrial.services.locking.code import code
from hometrial.services.serving import kept, ledger
from hometrial.services.serving.gathering import gather, is_by_person
from hometrial.services.serving.kept import Kept, Share
from hometrial.services.serving.ledger import NOBODY, Ledger

KEPT = timedelta(hours=24)
"""A snapshot that nobody has read for so long is removed."""
_NAME = re.compile(r"[0-9a-f]{40}")


class SnapshotGoneError(TrialError):
    """A snapshot that is not kept any more, or is none of who asks."""


@dataclass(frozen=True)
class Wanted:
    """A table under a profile, of the people of some sites."""

    table: Tidy
    profile: Profile
    sites: frozenset[UUID]

    @property
    def room(self) -> str:
        """What all its snapshots have in common."""
        asked = (self.table.name, self.profile.name, *sorted(map(str, self.sites)))
        return hashlib.sha256("\x1f".join(asked).encode()).hexdigest()[:16]


def newest(database: Database, wanted: Wanted) -> Kept:
    """Return the table as it stands now.

    It is made anew if there is any newer entry in the audit trail, and each hour, as some states turn with the clock.
    Raises ExportRefusedError where records contradict each other.
    """
    folder = database.settings.home / "api-cache"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.reading(STAFF_ROLE, wanted.sites) as session:
        path = folder / f"{_name(session, wanted)}.parquet"
        if not path.exists():
            with _alone(folder):
                if not path.exists():
                    _make(session, wanted, path)
    _read_now(path)
    return Kept(path)


def again(database: Database, wanted: Wanted, name: str) -> Kept:
    """Return a snapshot by its name, for whoever had it before. Raises SnapshotGoneError."""
    path = database.settings.home / "api-cache" / f"{name}.parquet"
    is_theirs = _NAME.fullmatch(name) is not None and name.startswith(wanted.room)
    if not is_theirs or not path.exists():
        raise SnapshotGoneError(
            f"cursor: the snapshot of {wanted.table.name} that it reads is kept no longer; begin again without it"
        )
    _read_now(path)
    return Kept(path)


def _read_now(path: Path) -> None:
    """Note when a snapshot was read, by the clock that removes it: a rehearsal's is not the machine's."""
    moment = clock.now().timestamp()
    os.utime(path, (moment, moment))


def expire(home: Path) -> int:
    """Remove the snapshots that nobody has read for a day; return how many."""
    before = (clock.now() - KEPT).timestamp()
    old = [path for path in (home / "api-cache").glob("*.parquet") if path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _name(session: Session, wanted: Wanted) -> str:
    entry, _ = settled.newest(session)
    of = f"{entry}\x1f{clock.now():%Y-%m-%dT%H}\x1f{code()['sha256']}"
    return wanted.room + hashlib.sha256(of.encode()).hexdigest()[:24]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one on this machine who makes a snapshot."""
    with (folder / "making").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(session: Session, wanted: Wanted, path: Path) -> None:
    at, book = clock.now(), path.parent / f"{wanted.room}.json"
    written = Ledger(at, ledger.read(book))
    draft = path.with_suffix(".part")
    try:
        _write(session, wanted, draft, written)
        ledger.keep(book, written.now)
        _read_now(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    expire(path.parents[1])


def _write(session: Session, wanted: Wanted, draft: Path, written: Ledger) -> None:
    """Write the rows, and whose stand where."""
    schema, first = dictionary.schema(wanted.table.variables), 0
    shares: list[tuple[str, int, int]] = []
    with pq.ParquetWriter(draft, schema, compression="zstd", version="2.6") as writer:
        for rows in gather(session, wanted.table, wanted.profile):
            for person, begin, count in _people(wanted.table, rows):
                written.note(person, rows.slice(begin, count))
                shares.append((person, first + begin, count))
            first += rows.num_rows
            writer.write_table(rows, row_group_size=kept.ROWS_IN_A_GROUP)
        written.end()
        there = {person for person, _, _ in shares}
        shares += [(person, first, 0) for person in sorted(written.now) if person not in there]
        writer.add_key_value_metadata(_told(shares, written))


def _told(shares: list[tuple[str, int, int]], written: Ledger) -> dict[bytes, bytes]:
    listed = [
        Share(person, first, rows, written.now[person].since) for person, first, rows in shares
    ]
    digests = [f"{person} {each.digest}" for person, each in sorted(written.now.items())]
    return kept.told(written.at, hashlib.sha256("\n".join(digests).encode()).hexdigest(), listed)


def _people(table: Tidy, rows: pa.Table) -> list[tuple[str, int, int]]:
    """Return whose rows these are: from where on, and how many."""
    if not is_by_person(table):
        return [(NOBODY, 0, rows.num_rows)]
    if not rows.num_rows:
        return []
    runs = pc.run_end_encode(rows["participant_id"].combine_chunks())
    ends = runs.run_ends.to_pylist()
    begins = [0, *ends[:-1]]
    return [
        (person, begin, end - begin)
        for person, begin, end in zip(runs.values.to_pylist(), begins, ends, strict=True)
    ]
