"""Which version of a protocol each of many people follows: a fixed number of queries, each version read once."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.models import Participation, ProtocolVersion


def versions_of(session: Session, people: Iterable[UUID]) -> dict[UUID, ProtocolVersion]:
    """Return the version that each of these people follows now; who follows none is left out."""
    newest = (
        select(Participation.participant_id, Participation.protocol_version_id)
        .where(Participation.participant_id.in_(list(people)))
        .ext(distinct_on(Participation.participant_id))
        .order_by(Participation.participant_id, Participation.number.desc())
    )
    followed = {person: version for person, version in session.execute(newest)}  # noqa: C416
    wanted = select(ProtocolVersion).where(ProtocolVersion.id.in_(set(followed.values())))
    known = {each.id: each for each in session.scalars(wanted)}
    return {person: known[version] for person, version in followed.items()}
