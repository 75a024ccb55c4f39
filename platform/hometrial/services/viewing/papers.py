"""Papers of a lock, as page and as PDF: the pilot report, the open and the closed pack of the safety board.

A lock never changes, so each paper is made once for the signatures it bears; the last few are kept in memory.
"""

from collections import OrderedDict
from threading import Lock
from typing import Literal

from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.models import DataLock
from hometrial.services.locking import signing

Kind = Literal["report", "open", "closed", "masked"]
"""`masked`: the closed pack with its arms as A and B."""
_KEPT = 8
_known: OrderedDict[tuple[str, int, str, str], bytes] = OrderedDict()
_one_at_a_time = Lock()


def paper(session: Session, database: Database, lock: DataLock, kind: Kind, form: str) -> bytes:
    """Return a paper of a lock as `html` or `pdf`.

    Raises TrialError if the session does not see everybody, or what the lock keeps was changed.
    """
    signatures = len(signing.standing(session, lock).signatures)
    key = (lock.root, signatures, kind, form)
    with _one_at_a_time:
        if key not in _known:
            _known[key] = _made(session, database, lock, kind, form)
        _known.move_to_end(key)
        while len(_known) > _KEPT:
            _known.popitem(last=False)
        return _known[key]


def _made(session: Session, database: Database, lock: DataLock, kind: Kind, form: str) -> bytes:
    # The statistics take seconds to load: only who asks for a paper pays for them.
    from hometrial.exports import packs
    from hometrial.exports.report import making, pages
    from hometrial.services.locking import report_paper, reporting

    material = reporting.of_lock(session, database, lock)
    if kind == "report":
        found = making.report(material)
    elif kind == "open":
        found = packs.open_report(material)
    else:
        found = packs.closed_report(material, masked=kind == "masked")
    return report_paper.pdf(found, material.standing) if form == "pdf" else pages.html(found)
