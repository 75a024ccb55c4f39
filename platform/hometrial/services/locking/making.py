"""A lock is made: one snapshot is taken, its folder is written, and what it was made of is kept for ever; or made again."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database, forget
from hometrial.errors import ExportRefusedError
from hometrial.exports import folder, vouching
from hometrial.exports.source.reading import Source
from hometrial.models import DataLock
from hometrial.services.capturing import capture
from hometrial.services.locking import keeping, settled, signing, telling
from hometrial.services.locking.code import code
from hometrial.services.locking.folders import Progress, Snapshot, silent
from hometrial.services.locking.wanted import NewLock, Wanted, wanted

KEY = "locks"
"""The key that signs folders."""


def make(
    database: Database, new: NewLock, out: Path, by: str, progress: Progress = silent
) -> DataLock:
    """Make a lock and its folder. Nothing is left behind, in the database or on the disk, if that fails.

    Raises ExportRefusedError for a name that another lock bears, another lock that is being made, a folder that holds
    something else, a disk that fails, or a study without a protocol in force; ValueRefusedError for a value that no
    data set can hold.
    """
    with keeping.alone(database), folder.replaced(out) as place:
        with database.reading() as session:
            at = keeping.next_place(session, new.name)
            snapshot, told = _taken(session, database, new.wanted, clock.now())
            snapshot = replace(snapshot, before=keeping.before(session, at.previous))
        facts = {
            "kind": "lock",
            "number": at.number,
            "name": new.name,
            "lock_kind": new.kind,
            "reason": new.reason,
            "made_at": snapshot.at.isoformat(),
            "made_by": by,
            "previous": at.previous and {"number": at.previous.number, "root": at.previous.root},
            **told,
        }
        if facts["protocol"] is None:
            raise ExportRefusedError(
                "no protocol is in force, so nothing says what these data are; publish one before a lock is made"
            )
        built = snapshot.write(place, facts, progress)
        root = vouching.sign(place, database.settings.key(KEY))
        with database.transaction(by, f"lock {new.name}: {new.reason}") as session:
            return keeping.keep(session, new, snapshot, facts, root, built)


def draft(
    session: Session, database: Database, asked: Wanted, out: Path, progress: Progress = silent
) -> dict[str, Any]:
    """Write what is stored now, as the session sees it, into a folder; return the manifest's facts.

    The session must be one snapshot (Database.reading). The same bytes as long as nothing stored has changed: its
    times are those of the newest entry of the trail, not of the clock.
    """
    with folder.replaced(out) as place:
        snapshot, told = _taken(session, database, asked)
        facts = {"kind": folder.DRAFT, "made_at": snapshot.at.isoformat(), **told}
        built = snapshot.write(place, facts, progress)
    return facts | {"files": len(built.files), "samples": built.samples}


def _taken(
    session: Session, database: Database, asked: Wanted, at: datetime | None = None
) -> tuple[Snapshot, dict[str, Any]]:
    newest, moment = settled.newest(session)
    stamp = (at or moment).astimezone(UTC).replace(microsecond=0)
    snapshot = Snapshot(database, capture(session), asked, stamp)
    told = telling.facts(snapshot.released, settled.state_of(session), asked, newest)
    forget(session)  # what the tables were made of is not held while their folder is written
    return snapshot, told


def rebuild(
    database: Database, lock: DataLock, source: Source, out: Path, progress: Progress = silent
) -> str:
    """Write the folder of a lock again, of what it keeps; return its root hash.

    Raises ExportRefusedError, and leaves nothing, if another folder came out: then the code that makes data sets is not
    what it was, and the sentence says so.
    """
    with folder.replaced(out) as place:
        asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
        with database.reading() as session:
            before = keeping.previous(session, lock)
        moment = lock.made_at.astimezone(UTC)
        Snapshot(database, source, asked, moment, before).write(place, lock.facts, progress)
        key = database.settings.key(KEY)
        root = vouching.sign(place, key)
        if root != lock.root:
            raise ExportRefusedError(_differs(lock, root))
        with database.reading() as session:
            signatures = signing.told(session, lock)
        if len(signatures) == vouching.SIGNERS:
            vouching.add_signatures(place, signatures, key)
    return root


def _differs(lock: DataLock, root: str) -> str:
    made, now = lock.facts["code"], code()
    if made["sha256"] == now["sha256"] and made["libraries"] == now["libraries"]:
        why = (
            "the code is the same: what the lock keeps, or the key of releases, is not what it was"
        )
    else:
        changed = [
            f"{name} {made['libraries'].get(name)} then, {version} now"
            for name, version in now["libraries"].items()
            if made["libraries"].get(name) != version
        ]
        what = ", ".join(changed) or "its own files"
        why = f"it was made by version {made['version']}, and the code is another now ({what}); rebuild with that one"
    return f"lock {lock.name} came out as {root[:16]}, not as {lock.root[:16]}: {why}"
