"""What differs between two locks, as far as whoever looks may see it (features.md D9).

Locks never change, so what differs is worked out once; the last few answers are kept in memory.
"""

from collections import OrderedDict
from dataclasses import replace
from threading import Lock

from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports import deidentifying
from hometrial.exports.deidentifying import PROFILES, WITHHELD, Profile
from hometrial.exports.differing import Difference, differences
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import TABLES
from hometrial.models import DataLock
from hometrial.services.locking import keeping
from hometrial.services.staffing.acting import Actor

Changes = tuple[Difference, ...]
_KEPT = 4
_TRAIL = "audit"
_NO_KEY = b""
"""A profile that disguises nobody asks for no key."""
_known: OrderedDict[tuple[str, str, str], Changes] = OrderedDict()
_one_at_a_time = Lock()


def profile_of(before: DataLock, after: DataLock, actor: Actor) -> Profile:
    """Return what stays behind: no more is told of two locks than either of their profiles lets leave.

    A profile that disguises people would make two of one person: then pseudonyms are told, and no words.
    """
    names = {before.profile, after.profile}
    if "blinded" in names:
        return PROFILES["blinded"]
    may_read = PROFILES["words"].roles & set(actor.roles)
    return PROFILES["words" if names == {"words"} and may_read else "study"]


def between(session: Session, before: DataLock, after: DataLock, profile: Profile) -> Changes:
    """Return what differs between two locks; who asks sees everybody, which the caller has made sure of.

    Raises ExportRefusedError unless the first is the earlier one.
    """
    if before.number >= after.number:
        raise ExportRefusedError(
            f"{after.name} is lock {after.number} and {before.name} lock {before.number}; compare with an earlier one"
        )
    key = (before.root, after.root, profile.name)
    with _one_at_a_time:
        if key not in _known:
            was, now = (_seen(session, each, profile) for each in (before, after))
            found = differences(was, now, before.cutoff)
            _known[key] = tuple(_told(each, profile) for each in found)
        _known.move_to_end(key)
        while len(_known) > _KEPT:
            _known.popitem(last=False)
        return _known[key]


def _seen(session: Session, lock: DataLock, profile: Profile) -> Source:
    """Return a lock's tables as a profile lets them leave, but for the trail, which says what each change came of."""
    source = keeping.source_of(session, lock)
    seen = deidentifying.release(source, profile, _NO_KEY).source
    tables = {each.name: seen.table(each.name) for each in TABLES}
    return Source({**tables, _TRAIL: source.table(_TRAIL)})


def _told(found: Difference, profile: Profile) -> Difference:
    return found if profile.words or not found.why else replace(found, why=WITHHELD)
