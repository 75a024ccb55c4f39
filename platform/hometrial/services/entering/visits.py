"""A person's open visits, on whatever devices, and the end of all but one."""

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Visitor
from hometrial.services.syncing.invitations import IDLE, LONGEST, Visit


def others(session: Session, visit: Visit) -> int:
    """Return how many more visits of the same person are open."""
    return session.scalar(select(func.count()).select_from(Visitor).where(*_others(visit))) or 0


def close_others(session: Session, visit: Visit) -> int:
    """End every other visit of the same person at once; return how many."""
    ended = session.scalars(
        update(Visitor)
        .where(*_others(visit))
        .values(ended_at=clock.now())
        .returning(Visitor.cookie_sha256)
    )
    return len(ended.all())


def _others(visit: Visit) -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        Visitor.participant_id == visit.participant_id,
        Visitor.cookie_sha256 != visit.cookie_sha256,
        Visitor.ended_at.is_(None),
        Visitor.seen_at >= now - IDLE,
        Visitor.opened_at >= now - LONGEST,
    )
