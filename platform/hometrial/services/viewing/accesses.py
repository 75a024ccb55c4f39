"""The access log as a page shows it: log-ins, refusals, people looked at, what was taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hometrial.models import AccessRecord, Participant

PER_PAGE = 100


@dataclass(frozen=True)
class Asked:
    """Which lines: of days in UTC, and if they are given of one account, one person, one kind.

    `everywhere`: who asks sees all sites; others see lines about the people of theirs, and about nobody.
    """

    first: date
    last: date
    who: str = ""
    subject: str = ""
    kind: str = ""
    everywhere: bool = False


@dataclass(frozen=True)
class Page:
    """Some lines, the newest first, and how many there are in all."""

    rows: Sequence[AccessRecord]
    start: int
    total: int


def page(session: Session, asked: Asked, start: int) -> Page:
    """Return lines of the access log."""
    which = _which(asked)
    total = session.scalar(select(func.count()).select_from(AccessRecord).where(*which)) or 0
    rows = session.scalars(
        select(AccessRecord)
        .where(*which)
        .order_by(AccessRecord.at.desc(), AccessRecord.id.desc())
        .offset(start)
        .limit(PER_PAGE)
    ).all()
    return Page(rows, start, total)


def _which(asked: Asked) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [
        AccessRecord.at >= datetime.combine(asked.first, time(), UTC),
        AccessRecord.at < datetime.combine(asked.last, time(), UTC) + timedelta(days=1),
    ]
    if asked.who:
        which.append(AccessRecord.who.in_((asked.who, f"staff:{asked.who}")))
    if asked.subject:
        which.append(AccessRecord.subject == asked.subject)
    if not asked.everywhere:
        seen = select(Participant.code)  # as the role of the staff: of its sites
        which.append(or_(AccessRecord.subject.is_(None), AccessRecord.subject.in_(seen)))
    if asked.kind:
        which.append(AccessRecord.kind == asked.kind)
    return which
