"""Papers of locks, differences, what lineage reads: worked out once, by a worker, and kept by what they are made of.

A lock never changes, so what is worked out of it is other only with its signatures, the profile or the code: its name in
the home folder is a hash of these. Nobody asks for a second time, and nobody is shown what another code made.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports.deidentifying import profile
from hometrial.exports.source.reading import Source
from hometrial.models import DataLock
from hometrial.services.locking import differing, keeping, signing
from hometrial.services.locking.code import code
from hometrial.services.locking.folders import Snapshot
from hometrial.services.locking.wanted import wanted

Kind = Literal["report", "open", "closed", "masked", "differences", "lineage"]
Bodies = Iterable[tuple[str, bytes]]
"""Files by their names, one in memory at a time."""
KEPT = timedelta(days=30)
"""What nobody has looked at for so long is removed, and made again when somebody does."""
DIFFERENCES: Final = "differences"
LINEAGE: Final = "lineage"
_MOST: Mapping[str, int] = {LINEAGE: 4}
"""Of what is large so many are kept at most: those that were looked at last."""
_SIGNED = ("report", "open", "closed", "masked")
_UNUSED = "audit"
"""The largest of the tables, of which no data set is made: it need not be released for lineage."""
CHANGES = "changes.parquet"
_ROOM, _REFUSED = "worked-out", ".refused"
_BROKE_OFF = "It broke off before it was done; the log of the worker says why. Try again."
_JOB = text(
    "SELECT status FROM jobs.procrastinate_jobs WHERE queueing_lock = :lock ORDER BY id DESC LIMIT 1"
)


@dataclass(frozen=True)
class Order:
    """What is worked out of a lock, by its number; `before`, `profile`: of what differs from an earlier one."""

    kind: Kind
    lock: int
    before: int = 0
    profile: str = ""


@dataclass(frozen=True)
class Standing:
    """How far it is. `name`: what it is made of, as one hash; `error`: why it could not be made."""

    name: str
    state: Literal["unasked", "waiting", "running", "ready", "failed"]
    error: str = ""


def standing(session: Session, home: Path, order: Order) -> Standing:
    """Say how far something is. Raises UnknownLockError, and ExportRefusedError unless the second lock is the later one."""
    name = _name(session, order)
    refusal = _folder(home, name).with_suffix(_REFUSED)
    status = session.scalar(_JOB, {"lock": queueing_lock(name)})
    if _folder(home, name).is_dir():  # asked last: its job ends after it is there
        os.utime(_folder(home, name))
        return Standing(name, "ready")
    if status in ("todo", "doing"):
        return Standing(name, "waiting" if status == "todo" else "running")
    if refusal.is_file():
        return Standing(name, "failed", refusal.read_text(encoding="utf-8"))
    return Standing(name, "unasked") if status is None else Standing(name, "failed", _BROKE_OFF)


def queueing_lock(name: str) -> str:
    """Return what a job that makes it is known by."""
    return f"work out:{name}"


def file(home: Path, name: str, what: str) -> Path:
    """Return a file of what is ready."""
    return _folder(home, name) / what


def make(database: Database, order: Order) -> None:
    """Make it, unless it is there. What cannot be is kept as a sentence for whoever asked."""
    home = database.settings.home
    with database.reading() as session:
        name = _name(session, order)
    if _folder(home, name).is_dir():
        return
    refusal = _folder(home, name).with_suffix(_REFUSED)
    refusal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    refusal.unlink(missing_ok=True)
    try:
        _write(_folder(home, name), _KINDS.get(order.kind, _paper)(database, order))
        _keep_few(home, order.kind)
    except TrialError as error:
        refusal.write_text(str(error), encoding="utf-8")
    except OSError as error:
        raise ExportRefusedError(f"{home} cannot be written: {error.strerror or error}") from error


def expire(home: Path) -> int:
    """Remove what nobody has looked at for long; return how many."""
    before = (clock.now() - KEPT).timestamp()
    old = [each for each in (home / _ROOM).glob("*") if each.stat().st_mtime < before]
    for each in old:
        shutil.rmtree(each) if each.is_dir() else each.unlink(missing_ok=True)
    return len(old)


def _folder(home: Path, name: str) -> Path:
    return home / _ROOM / name


def _name(session: Session, order: Order) -> str:
    locks = _locks(session, order)
    after = locks[-1]
    signers = (
        [each["account"] for each in signing.told(session, after)] if order.kind in _SIGNED else []
    )
    told = [order.kind, order.profile, [each.root for each in locks], signers, code()]
    return (
        f"{order.kind}-{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:40]}"
    )


def _locks(session: Session, order: Order) -> list[DataLock]:
    after = keeping.find(session, str(order.lock))
    if order.kind != DIFFERENCES:
        return [after]
    before = keeping.find(session, str(order.before))
    if before.number >= after.number:
        raise ExportRefusedError(
            f"{after.name} is lock {after.number} and {before.name} lock {before.number}; compare with an earlier one"
        )
    return [before, after]


def _keep_few(home: Path, kind: str) -> None:
    """Remove what was looked at longest ago of a kind that has more than are kept."""
    there = [each for each in (home / _ROOM).glob(f"{kind}-*") if each.is_dir()]
    there.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    for each in there[_MOST.get(kind, len(there)) :]:
        shutil.rmtree(each)


def _write(folder: Path, bodies: Bodies) -> None:
    """Write a folder, which appears whole or not at all."""
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        for name, body in bodies:
            (draft / name).write_bytes(body)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _paper(database: Database, order: Order) -> Bodies:
    from hometrial.services.locking import report_papers, reporting  # the statistics come with them

    with database.reading() as session:
        material = reporting.of_lock(session, database, _locks(session, order)[0])
    yield from report_papers.made(material, order.kind).items()


def _differences(database: Database, order: Order) -> Bodies:
    with database.reading() as session:
        before, after = _locks(session, order)
        both = differing.taken(session, before, after, profile(order.profile))
    yield CHANGES, differing.made(both)


def _lineage(database: Database, order: Order) -> Bodies:
    from hometrial.services.lineage import laying  # as do all tabulations

    with database.reading() as session:
        (lock,) = _locks(session, order)
        kept = keeping.source_of(session, lock)
    source = Source({name: table for name, table in kept.tables.items() if name != _UNUSED})
    asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
    yield from laying.laid_out(Snapshot(database, source, asked, lock.made_at).released.source)


_KINDS: Mapping[str, Callable[[Database, Order], Bodies]] = {
    DIFFERENCES: _differences,
    LINEAGE: _lineage,
}
