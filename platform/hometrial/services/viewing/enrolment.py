"""A new person on the way in: the screening criterion by criterion, the four ticks, and the dose plan with dates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import rules
from hometrial.models import (
    Allocation,
    Connection,
    ConsentSignature,
    DayChunk,
    Participant,
    ParticipantZone,
    ProtocolVersion,
    Screening,
    ScreeningAnswer,
    Site,
)
from hometrial.protocol import eligibility
from hometrial.protocol.arms import NotAllocated
from hometrial.protocol.eligibility import Criterion, Decision
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Variable
from hometrial.rules import Answer, Answers
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.entering import addresses
from hometrial.services.trial import answering, arms, publishing, screening
from hometrial.services.viewing import dose_plans
from hometrial.services.viewing.dose_plans import DosePlan

MET, NOT_MET, UNKNOWN = "met", "not met", "unknown"


@dataclass(frozen=True)
class Question:
    """A variable that a screening needs: what is known of it, and where that came from; `taken`: never typed here."""

    variable: Variable
    value: Answer | None
    source: str | None
    taken: bool
    needed: bool


@dataclass(frozen=True)
class Criteria:
    """A criterion, how it stands (`met`: in favour of taking part), and the questions that it is the first to ask."""

    criterion: Criterion
    excludes: bool
    state: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Sheet:
    """A screening as its page shows it. `strata`: what only the allocation asks."""

    decision: Decision
    needed: tuple[str, ...]
    criteria: tuple[Criteria, ...]
    strata: tuple[Question, ...]


@dataclass(frozen=True)
class Tick:
    """One of the four things that must be there, and what it is or what is next."""

    name: str
    done: bool
    said: str


@dataclass(frozen=True)
class Entrant:
    """A person on the way in. `draws_arms`: whether the protocol draws arms at all."""

    person: Participant
    site: Site
    zone: str | None
    screening: Screening
    version: ProtocolVersion
    protocol: Protocol
    sheet: Sheet
    ticks: tuple[Tick, ...]
    has_address: bool
    arm: str | None
    draws_arms: bool
    plans: tuple[DosePlan, ...]


@dataclass(frozen=True)
class Underway:
    """Somebody whose way in is not over: a screening that is open, or no arm yet."""

    code: str
    site: str
    opened_on: date
    outcome: str
    consented: bool


def sheet(
    protocol: Protocol, answers: Answers, stored: Sequence[ScreeningAnswer], taken: Answers
) -> Sheet:
    """Return a screening criterion by criterion, judged by these answers; nothing is kept.

    Raises AnswerRefusedError for an answer that its variable cannot hold.
    """
    decision = eligibility.judge(protocol.eligibility, protocol.variables, answers)
    sources = {row.variable: row.source for row in stored}
    strata = set(answering.factors(protocol).values())
    needed = tuple(
        sorted({*decision.unknown, *(name for name in strata if answers.get(name) is None)})
    )
    variables = {each.id: each for each in protocol.variables}
    seen: set[str] = set()

    def ask(names: Iterable[str]) -> tuple[Question, ...]:
        fresh = [name for name in names if name not in seen]
        seen.update(fresh)
        return tuple(
            Question(
                variables[name], answers.get(name), sources.get(name), name in taken, name in needed
            )
            for name in fresh
        )

    declared = protocol.eligibility
    both = [
        *((each, False) for each in declared.inclusion),
        *((each, True) for each in declared.exclusion),
    ]
    criteria = tuple(
        Criteria(each, out, _state(each, decision), ask(rules.names(rules.parse(each.rule))))
        for each, out in both
    )
    return Sheet(decision, needed, criteria, ask(sorted(strata)))


def _state(criterion: Criterion, decision: Decision) -> str:
    if criterion in decision.failing:
        return NOT_MET
    return UNKNOWN if any(each.criterion == criterion for each in decision.undecided) else MET


def entrant(session: Session, person: Participant) -> Entrant:
    """Return a person on the way in. Raises ScreeningRefusedError of somebody who was never screened."""
    screened = screening.of_person(session, person)
    version = session.get_one(ProtocolVersion, screened.protocol_version_id)
    protocol = publishing.of(version)
    judged = answering.judge(session, screened)
    rows = answering.rows(session, screened)
    zones = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    has_address = addresses.of_person(session, person.id) is not None
    arm = arms.arm_of(session, person)
    return Entrant(
        person=person,
        site=session.get_one(Site, person.site_id),
        zone=zones[-1].zone if zones else None,
        screening=screened,
        version=version,
        protocol=protocol,
        sheet=sheet(protocol, judged.answers, rows, judged.taken),
        ticks=_ticks(session, person, zones, has_address=has_address),
        has_address=has_address,
        arm=arm,
        draws_arms=not isinstance(protocol.allocation, NotAllocated),
        plans=dose_plans.plans(session, person, protocol, arm),
    )


def _ticks(
    session: Session, person: Participant, zones: Sequence[ParticipantZone], *, has_address: bool
) -> tuple[Tick, ...]:
    signed = standing.consented_at(session, person)
    linked = session.scalar(
        select(func.min(Connection.linked_at)).where(
            Connection.participant_id == person.id, Connection.status == "active"
        )
    )
    first = session.scalar(
        select(func.min(DayChunk.day)).where(
            DayChunk.participant_id == person.id, DayChunk.is_current
        )
    )
    lacks = [
        name for name, there in (("time zone", zones), ("e-mail address", has_address)) if not there
    ]
    return (
        Tick(
            "Consent",
            signed is not None,
            f"signed {signed:%Y-%m-%d}" if signed else "not signed yet",
        ),
        Tick(
            "Profile",
            not lacks,
            f"no {' and no '.join(lacks)} yet" if lacks else "zone and address known",
        ),
        Tick(
            "Watch", linked is not None, f"linked {linked:%Y-%m-%d}" if linked else "not linked yet"
        ),
        Tick("First data", first is not None, f"from {first} on" if first else "none came in yet"),
    )


def underway(session: Session) -> list[Underway]:
    """Return who is on the way in: screenings that are open, and eligible people without a needed arm."""
    last = (
        select(Screening.participant_id, func.max(Screening.number).label("number"))
        .group_by(Screening.participant_id)
        .subquery()
    )
    rows = session.execute(
        select(Screening, Participant, Site.code, ProtocolVersion, Allocation.id)
        .join(
            last,
            (last.c.participant_id == Screening.participant_id)
            & (last.c.number == Screening.number),
        )
        .join(Participant, Participant.id == Screening.participant_id)
        .join(Site, Site.id == Participant.site_id)
        .join(ProtocolVersion, ProtocolVersion.id == Screening.protocol_version_id)
        .outerjoin(Allocation, Allocation.participant_id == Participant.id)
        .where((Screening.outcome.is_(None)) | (Screening.outcome == "eligible"))
        .order_by(Screening.opened_at, Participant.code)
    ).all()
    gone = standing.first_of(session, [row[1].id for row in rows], {"withdraw_completely"})
    signed = _signed(session, [row[1].id for row in rows])
    return [
        Underway(
            person.code,
            site,
            screened.opened_at.date(),
            screened.outcome or "open",
            person.id in signed,
        )
        for screened, person, site, version, allocated in rows
        if person.id not in gone and not _is_in(screened, version, allocated)
    ]


def _is_in(screened: Screening, version: ProtocolVersion, allocated: UUID | None) -> bool:
    if screened.outcome is None:
        return False
    return allocated is not None or isinstance(publishing.of(version).allocation, NotAllocated)


def _signed(session: Session, people: Sequence[UUID]) -> set[UUID]:
    return set(
        session.scalars(
            select(ConsentSignature.participant_id).where(
                ConsentSignature.participant_id.in_(people), ConsentSignature.part == "participant"
            )
        )
    )
