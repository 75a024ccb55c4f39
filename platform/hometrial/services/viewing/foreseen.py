"""What data sets would hold, told before they are asked for: whose, how much, what is left out and why (D16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.models import DayChunk, Participant, Site
from hometrial.services.locking import settled


@dataclass(frozen=True)
class Foreseen:
    """What data sets of what a session sees would hold."""

    people: int
    samples: dict[str, int]
    excluded: dict[str, int]
    open_queries: int
    open_rows: int
    provisional_days: int


@dataclass(frozen=True)
class Place:
    """A site, and how many people it has."""

    id: UUID
    code: str
    name: str
    people: int


def foresee(session: Session) -> Foreseen:
    """Count what data sets of what this session sees would hold."""
    counted = session.execute(
        select(DayChunk.stream, func.sum(DayChunk.samples))
        .where(DayChunk.is_current)
        .group_by(DayChunk.stream)
        .order_by(DayChunk.stream)
    )
    facts = settled.state_of(session)
    return Foreseen(
        people=session.scalar(select(func.count()).select_from(Participant)) or 0,
        samples={stream: int(count) for stream, count in counted if count},
        excluded=facts["excluded_samples_by_rule"],
        open_queries=facts["open_queries"],
        open_rows=facts["quarantined_open"],
        provisional_days=facts["provisional_days"],
    )


def places(session: Session, sites: Collection[UUID]) -> Sequence[Place]:
    """Return some sites with their people."""
    rows = session.execute(
        select(Site.id, Site.code, Site.name, func.count(Participant.id))
        .outerjoin(Participant, Participant.site_id == Site.id)
        .where(among(Site.id, sites))
        .group_by(Site.id)
        .order_by(Site.code)
    )
    return [Place(*row) for row in rows]
