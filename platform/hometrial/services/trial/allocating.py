"""Allocation: a person's arm, drawn at the click from a sealed seed, once ever.

There is no preview and no undo. What was drawn stays; an allocation made in error says so beside it.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Allocation,
    AllocationDraw,
    AllocationInError,
    AllocationScheme,
    Participant,
    ProtocolVersion,
    Screening,
)
from hometrial.protocol import sealing
from hometrial.protocol.allocation import (
    UNSTRATIFIED,
    MinimisedAllocation,
    PermutedBlocks,
    allocate_by_minimisation,
    allocate_in_block,
)
from hometrial.protocol.arms import NotAllocated
from hometrial.protocol.drawing import AllocationError
from hometrial.protocol.model import Protocol
from hometrial.protocol.sealing import Made
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.agreeing import reading, standing
from hometrial.services.trial import (
    answering,
    following,
    publishing,
    schemes,
    screening,
    sealed,
    visiting,
)
from hometrial.services.trial.arms import arm_of as arm_of  # the name by which others ask
from hometrial.services.trial.schemes import Design
from hometrial.services.trial.visiting import Held


def allocate(session: Session, key: bytes, person: Participant, *, by: str) -> Allocation:
    """Allocate a person, once ever: the arm is drawn now.

    Raises AllocationError unless the person is eligible by a locked screening, has signed and not withdrawn,
    and the day from which the allocation's visit is counted is known.
    """
    reading.hold(session, person)  # nobody withdraws meanwhile
    schemes.hold(session)
    screened = _allocatable(session, person)
    version = session.get_one(ProtocolVersion, screened.protocol_version_id)
    protocol = publishing.of(version)
    scheme = schemes.scheme_for(session, version)
    if scheme is None:
        raise AllocationError(
            f"the allocation of {version.protocol} is not open;"
            f" hometrial allocation open {version.protocol}"
        )
    _require_day_known(session, person, protocol)
    allocation, draw = _drawn(session, key, scheme, schemes.design_of(protocol), screened)
    allocation.allocated_at, allocation.allocated_by = clock.now(), by
    session.add(allocation)
    session.flush()
    draw.allocation_id = allocation.id
    sealed.keep_draw(session, draw)
    _enter(session, person, protocol, by)
    return allocation


def _allocatable(session: Session, person: Participant) -> Screening:
    made = session.scalar(select(Allocation.arm).where(Allocation.participant_id == person.id))
    if made is not None:
        raise AllocationError(f"{person.code} was allocated to {made}; nobody is allocated twice")
    if standing.withdrawn_at(session, person) is not None:
        raise AllocationError(f"{person.code} withdrew completely; nobody is allocated after that")
    found = screening.eligible(session, person)
    if found is None:
        raise AllocationError(
            f"{person.code} is not eligible by a decided screening; hometrial screening decide {person.code}"
        )
    if standing.consented_at(session, person) is None:
        raise AllocationError(f"{person.code} has not signed; nobody is allocated before consent")
    if not screening.is_as_decided(session, found):
        raise AllocationError(
            f"the locked answers of {person.code} were changed; check the audit trail"
        )
    return found


def _require_day_known(session: Session, person: Participant, protocol: Protocol) -> None:
    assert not isinstance(protocol.allocation, NotAllocated)  # noqa: S101 - `design_of` refused it
    visit = protocol.visit(protocol.allocation.at_visit)
    if visit.anchor not in following.anchors(session, person):
        raise AllocationError(
            f"{person.code} is allocated at visit {visit.id}, {visit.day} days after {visit.anchor},"
            " and that day is not known yet; there is no undo, so record it first"
        )


def _drawn(
    session: Session, key: bytes, scheme: AllocationScheme, design: Design, screened: Screening
) -> tuple[Allocation, AllocationDraw]:
    file = sealed.opened(session, key, scheme.id)
    seed = sealed.seed_of(file)
    sealing.require_unbroken(file, scheme.commitment, seed, design)
    levels = _levels(session, screened)
    made: Made
    if isinstance(design, PermutedBlocks):
        stratum = design.stratum(levels)
        made = allocate_in_block(seed, design, stratum, _so_far(session, scheme, stratum))
        draw = AllocationDraw(drawn=made.drawn, imbalance=[], preferred=None)
    else:
        stratum = UNSTRATIFIED
        past = schemes.made_by(session, scheme, design)
        before = [each for _, each in past if isinstance(each, MinimisedAllocation)]
        made = allocate_by_minimisation(seed, design, levels, before)
        shares = [str(share) for share in made.imbalance]
        draw = AllocationDraw(drawn=made.drawn, imbalance=shares, preferred=made.preferred)
    allocation = Allocation(
        scheme_id=scheme.id,
        participant_id=screened.participant_id,
        screening_id=screened.id,
        arm=made.arm,
        stratum=stratum,
        number=made.number,
        levels=levels,
    )
    return allocation, draw


def _levels(session: Session, screened: Screening) -> dict[str, str]:
    """Return the levels of the factors, as they stand in the locked answers."""
    answers = answering.known(session, screened)
    variables = answering.factors(answering.protocol_of(session, screened))
    return {factor: str(answers[variable]) for factor, variable in variables.items()}


def _so_far(session: Session, scheme: AllocationScheme, stratum: str) -> int:
    query = select(func.count()).where(
        Allocation.scheme_id == scheme.id, Allocation.stratum == stratum
    )
    return session.scalar(query) or 0


def _enter(session: Session, person: Participant, protocol: Protocol, by: str) -> None:
    """Date the allocation by the person's own calendar, and its visit with it."""
    assert not isinstance(protocol.allocation, NotAllocated)  # noqa: S101 - `design_of` refused it
    today = local_date(clock.now(), enrolling.zones_of(session, person))
    following.anchor(session, person, "randomisation", today, because="allocated")
    person.status = "enrolled"
    at_visit = protocol.allocation.at_visit
    if not visiting.is_recorded(session, person, at_visit):
        visiting.hold(session, person, at_visit, Held(today, mode="system", by=by))
    session.flush()


def mark_in_error(
    session: Session, person: Participant, *, by: str, because: str
) -> AllocationInError:
    """Say that a person should not have been allocated, and why; the allocation stays.

    Raises AllocationError if there is none, it is marked already, or nothing says why.
    """
    made = session.scalars(
        select(Allocation).where(Allocation.participant_id == person.id)
    ).one_or_none()
    if made is None:
        raise AllocationError(f"{person.code} was not allocated; there is nothing to mark")
    if not because.strip():
        raise AllocationError(f"say why {person.code} was allocated in error, for the report")
    schemes.hold(session)
    if in_error(session, person) is not None:
        raise AllocationError(f"the allocation of {person.code} is marked as made in error already")
    mark = AllocationInError(
        allocation_id=made.id, marked_at=clock.now(), marked_by=by, because=because
    )
    session.add(mark)
    session.flush()
    return mark


def in_error(session: Session, person: Participant) -> AllocationInError | None:
    """Return what says that a person's allocation was made in error, None if nothing does."""
    return session.scalars(
        select(AllocationInError)
        .join(Allocation, Allocation.id == AllocationInError.allocation_id)
        .where(Allocation.participant_id == person.id)
    ).one_or_none()
