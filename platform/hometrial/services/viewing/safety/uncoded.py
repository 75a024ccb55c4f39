"""Events that a coder has not seen as they are worded now, and what the coders' own files are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from hometrial.models import AdverseEvent, AdverseEventCoding, AdverseEventVersion, Participant
from hometrial.services.safety import events
from hometrial.services.safety.events import EventState

PER_PAGE = 50


@dataclass(frozen=True)
class Uncoded:
    """A page of events to code, how many there are, and how many are coded."""

    events: Sequence[EventState]
    total: int
    coded: int
    start: int


def page(session: Session, start: int) -> Uncoded:
    """Return the events to code, by person and number."""
    query = _to_code()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    every = session.scalar(select(func.count()).select_from(AdverseEvent)) or 0
    ids = session.scalars(query.offset(start).limit(PER_PAGE)).all()
    return Uncoded(events.states(session, ids=ids), total, every - total, start)


def _to_code() -> Select[UUID]:
    now = aliased(AdverseEventVersion, events.newest_versions().subquery())
    seen = aliased(AdverseEventVersion)
    coded = (
        select(AdverseEventCoding.id)
        .join(seen, seen.id == AdverseEventCoding.version_id)
        .where(
            seen.adverse_event_id == AdverseEvent.id,
            seen.verbatim == now.verbatim,
            or_(seen.term == now.term, seen.term.is_(None) & now.term.is_(None)),
        )
    )
    return (
        select(AdverseEvent.id)
        .join(now, now.adverse_event_id == AdverseEvent.id)
        .join(Participant, Participant.id == AdverseEvent.participant_id)
        .where(~coded.exists())
        .order_by(func.length(Participant.code), Participant.code, AdverseEvent.number)
    )
