"""What differs between two locks, as far as whoever looks may see it (features.md D9); kept as one table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hometrial.exports import deidentifying
from hometrial.exports.deidentifying import PROFILES, WITHHELD, Profile
from hometrial.exports.differing import SCHEMA, Difference, differences
from hometrial.exports.source.reading import Source
from hometrial.models import DataLock
from hometrial.services.locking import keeping
from hometrial.services.staffing.acting import Actor

_TRAIL = "audit"
_NO_KEY = b""
"""A profile that disguises nobody asks for no key."""
_AT_ONCE = 10_000


def profile_of(before: DataLock, after: DataLock, actor: Actor) -> Profile:
    """Return what stays behind: no more is told of two locks than either of their profiles lets leave.

    A profile that disguises people would make two of one person: then pseudonyms are told, and no words.
    """
    names = {before.profile, after.profile}
    if "blinded" in names:
        return PROFILES["blinded"]
    may_read = PROFILES["words"].roles & set(actor.roles)
    return PROFILES["words" if names == {"words"} and may_read else "study"]


@dataclass(frozen=True)
class Both:
    """Two locks as a profile lets them leave, and the newest entry of the trail that the earlier one can hold."""

    before: Source
    after: Source
    cutoff: int
    profile: Profile


def taken(session: Session, before: DataLock, after: DataLock, profile: Profile) -> Both:
    """Return two locks, which the session must see whole. Raises TrialError for what was changed in the database."""
    was, now = (_seen(session, each, profile) for each in (before, after))
    return Both(was, now, before.cutoff, profile)


def _seen(session: Session, lock: DataLock, profile: Profile) -> Source:
    """Return a lock's tables as a profile lets them leave, but for the trail, which says what each change came of."""
    source = keeping.source_of(session, lock)
    seen = deidentifying.release(source, profile, _NO_KEY).source
    return seen.with_table(_TRAIL, source.table(_TRAIL))


def made(both: Both) -> bytes:
    """Return what differs, as a Parquet file; memory holds some of it at a time."""
    out, waiting = BytesIO(), list[dict[str, str]]()
    with pq.ParquetWriter(out, SCHEMA, compression="zstd", version="2.6") as writer:
        for each in differences(both.before, both.after, both.cutoff):
            waiting.append(_told(each, both.profile).row())
            if len(waiting) == _AT_ONCE:
                writer.write_table(pa.Table.from_pylist(waiting, SCHEMA))
                waiting.clear()
        writer.write_table(pa.Table.from_pylist(waiting, SCHEMA))
    return out.getvalue()


def _told(found: Difference, profile: Profile) -> Difference:
    return found if profile.words or not found.why else replace(found, why=WITHHELD)


def read(path: Path, table: str = "") -> pa.Table:
    """Return what was made, of one table or (without one) of all."""
    found = pq.read_table(path)
    return found.filter(pc.equal(found["table"], table)) if table else found


def counted(path: Path) -> Mapping[str, int]:
    """Return how many differences each table has, in their order."""
    return Counter(pq.read_table(path, columns=["table"])["table"].to_pylist())
