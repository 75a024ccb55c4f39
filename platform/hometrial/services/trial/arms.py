"""Which arm people are in, as far as that is decided."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Allocation, Participant
from hometrial.protocol.arms import NotAllocated
from hometrial.services.agreeing import standing
from hometrial.services.trial import following, screening
from hometrial.services.trial.following import NotInTrialError


def arm_of(session: Session, person: Participant) -> str | None:
    """Return a person's arm: the one allocated, or the only one of a protocol that allocates nobody.

    None before the allocation; where there is none, before the person has signed and is eligible.
    """
    return arms_of(session, [person])[person.id]


def arms_of(session: Session, people: Sequence[Participant]) -> dict[UUID, str | None]:
    """Return the arm of each of these people, None where that is not decided yet."""
    ids = [person.id for person in people]
    rows = session.execute(
        select(Allocation.participant_id, Allocation.arm).where(Allocation.participant_id.in_(ids))
    )
    found: dict[UUID, str] = {person: arm for person, arm in rows}  # noqa: C416 - rows are no pairs to mypy
    return {person.id: found.get(person.id) or _only_arm(session, person) for person in people}


def _only_arm(session: Session, person: Participant) -> str | None:
    try:
        protocol = following.protocol_of(session, person)
    except NotInTrialError:
        return None
    if not isinstance(protocol.allocation, NotAllocated):
        return None
    if screening.eligible(session, person) is None:
        return None
    return protocol.arms[0].id if standing.consented_at(session, person) is not None else None
