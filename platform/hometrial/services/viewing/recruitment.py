"""Recruitment for its page: who came how far (CONSORT), enrolment against what was expected, the seal of the list."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from hometrial.models import (
    Allocation,
    AllocationInError,
    AllocationScheme,
    AnchorDay,
    Participant,
    ProtocolVersion,
    Screening,
    Site,
)
from hometrial.protocol.arms import NotAllocated
from hometrial.protocol.model import Protocol
from hometrial.services.agreeing import standing
from hometrial.services.trial import publishing
from hometrial.services.viewing import pace, seals
from hometrial.services.viewing.pace import Week
from hometrial.services.viewing.seals import Seal


@dataclass(frozen=True)
class Step:
    """A box of the flow diagram: how many people, and how many left it for which reason.

    `people` = the sum of `left` and the people of the next step.
    """

    name: str
    people: int
    left: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class AtSite:
    """People of one site."""

    code: str
    name: str
    assessed: int
    failed: int
    declined: int
    open: int
    enrolled: int
    withdrawn: int


@dataclass(frozen=True)
class Recruitment:
    """All that the page shows. `arms`: None where counts by arm would break the concealment."""

    protocol: Protocol
    version: ProtocolVersion
    flow: tuple[Step, ...]
    reasons: tuple[tuple[str, str, int], ...]
    arms: tuple[tuple[str, str, int], ...] | None
    in_error: int
    weeks: tuple[Week, ...]
    sites: tuple[AtSite, ...]
    seals: tuple[Seal, ...]

    @property
    def enrolled(self) -> int:
        """How many people are enrolled so far."""
        return self.weeks[-1].total if self.weeks else 0

    @property
    def draws_arms(self) -> bool:
        """Whether people are allocated to arms at all."""
        return not isinstance(self.protocol.allocation, NotAllocated)


@dataclass(frozen=True)
class _Person:
    site: str
    outcome: str
    reason: str | None
    arm: str | None
    enrolled_on: date | None
    withdrew: bool
    started: bool


def recruitment(session: Session, version: ProtocolVersion) -> Recruitment:
    """Return how recruitment stands under a version in force, of the people whom this session sees."""
    protocol = publishing.of(version)
    people = _people(session, version)
    counts = Counter(each.reason for each in people if each.reason)
    return Recruitment(
        protocol=protocol,
        version=version,
        flow=_flow(people),
        reasons=tuple(
            (each.id, each.text, counts[each.id])
            for each in (*protocol.eligibility.inclusion, *protocol.eligibility.exclusion)
            if counts[each.id]
        )
        + tuple(
            (old, "a criterion of an earlier version", n) for old, n in _older(protocol, counts)
        ),
        arms=_arms(protocol, Counter(each.arm for each in people if each.arm)),
        in_error=_in_error(session, version),
        weeks=pace.weeks(
            protocol, version, [each.enrolled_on for each in people if each.enrolled_on]
        ),
        sites=_sites(session, people),
        seals=seals.seals(session, version),
    )


def weeks(session: Session, version: ProtocolVersion) -> tuple[Week, ...]:
    """Return enrolment week by week alone, for its picture."""
    people = _people(session, version)
    days = [each.enrolled_on for each in people if each.enrolled_on]
    return pace.weeks(publishing.of(version), version, days)


def _in_error(session: Session, version: ProtocolVersion) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(AllocationInError)
            .join(Allocation, Allocation.id == AllocationInError.allocation_id)
            .join(AllocationScheme, AllocationScheme.id == Allocation.scheme_id)
            .join(ProtocolVersion, ProtocolVersion.id == AllocationScheme.protocol_version_id)
            .where(
                ProtocolVersion.protocol == version.protocol,
                ProtocolVersion.is_test == version.is_test,
            )
        )
        or 0
    )


def _older(protocol: Protocol, counts: Counter[str]) -> list[tuple[str, int]]:
    present = {
        each.id for each in (*protocol.eligibility.inclusion, *protocol.eligibility.exclusion)
    }
    return sorted((old, n) for old, n in counts.items() if old not in present)


def _people(session: Session, version: ProtocolVersion) -> list[_Person]:
    """Return everybody who was assessed, by their last screening."""
    of_trial = (
        select(Screening.participant_id, func.max(Screening.number).label("number"))
        .join(ProtocolVersion, ProtocolVersion.id == Screening.protocol_version_id)
        .where(
            ProtocolVersion.protocol == version.protocol,
            ProtocolVersion.is_test == version.is_test,
        )
        .group_by(Screening.participant_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Participant.id,
            Site.code,
            Screening.outcome,
            Screening.failing,
            Screening.decided_at,
            Allocation.arm,
            Allocation.allocated_at,
        )
        .join(
            of_trial,
            and_(
                of_trial.c.participant_id == Screening.participant_id,
                of_trial.c.number == Screening.number,
            ),
        )
        .join(Participant, Participant.id == Screening.participant_id)
        .join(Site, Site.id == Participant.site_id)
        .outerjoin(Allocation, Allocation.participant_id == Participant.id)
        .order_by(Participant.code)
    ).all()
    withdrew = standing.first_of(session, [row[0] for row in rows], {"withdraw_completely"})
    started = _started(session)
    allocates = not isinstance(publishing.of(version).allocation, NotAllocated)
    return [
        _Person(
            site=site,
            outcome=outcome or "open",
            reason=failing[0] if failing else None,
            arm=arm,
            enrolled_on=_enrolled_on(outcome, decided, allocated, allocates=allocates),
            withdrew=person in withdrew,
            started=person in started,
        )
        for person, site, outcome, failing, decided, arm, allocated in rows
    ]


def _started(session: Session) -> set[UUID]:
    """Return who took a first dose; a later word that there was none takes it back."""
    rows = session.execute(
        select(AnchorDay.participant_id, AnchorDay.day)
        .where(AnchorDay.anchor == "first_dose")
        .order_by(AnchorDay.number)
    )
    days = {person: day for person, day in rows}  # noqa: C416 - rows are no pairs to mypy
    return {person for person, day in days.items() if day is not None}


def _enrolled_on(
    outcome: str | None, decided: datetime | None, allocated: datetime | None, *, allocates: bool
) -> date | None:
    """Enrolled is who was allocated; where nobody is, who was found eligible. The day is that of UTC."""
    if allocates:
        return None if allocated is None else allocated.date()
    return None if outcome != "eligible" or decided is None else decided.date()


def _flow(people: Sequence[_Person]) -> tuple[Step, ...]:
    outcomes = Counter(each.outcome for each in people)
    eligible = [each for each in people if each.outcome == "eligible"]
    enrolled = [each for each in eligible if each.enrolled_on]
    started = [each for each in enrolled if each.started]
    waiting = [each for each in eligible if not each.enrolled_on]
    before = [each for each in enrolled if not each.started]
    return (
        Step(
            "Assessed for eligibility",
            len(people),
            (
                ("screening still open", outcomes["open"]),
                ("not eligible", outcomes["screen_failure"]),
                ("declined", outcomes["declined"]),
            ),
        ),
        Step("Eligible", len(eligible), _left(waiting, "not enrolled yet")),
        Step("Enrolled", len(enrolled), _left(before, "no dose yet")),
        Step(
            "Took the drug",
            len(started),
            (("withdrew completely", sum(each.withdrew for each in started)),),
        ),
        Step("On the drug or followed up", sum(not each.withdrew for each in started)),
    )


def _left(people: Sequence[_Person], waiting: str) -> tuple[tuple[str, int], ...]:
    withdrew = sum(each.withdrew for each in people)
    return ((waiting, len(people) - withdrew), ("withdrew before", withdrew))


def _arms(protocol: Protocol, counts: Counter[str]) -> tuple[tuple[str, str, int], ...] | None:
    """Return counts by arm: nothing is hidden by them where everybody knows their arm, as in an open-label trial."""
    if isinstance(protocol.allocation, NotAllocated) or protocol.design.masking != "none":
        return None
    return tuple((arm.id, arm.label, counts[arm.id]) for arm in protocol.arms)


def _sites(session: Session, people: Iterable[_Person]) -> tuple[AtSite, ...]:
    names = {each.code: each.name for each in session.scalars(select(Site))}
    by_site: dict[str, list[_Person]] = {}
    for each in people:
        by_site.setdefault(each.site, []).append(each)
    return tuple(_at_site(code, names[code], found) for code, found in sorted(by_site.items()))


def _at_site(code: str, name: str, people: Sequence[_Person]) -> AtSite:
    outcomes = Counter(each.outcome for each in people)
    return AtSite(
        code,
        name,
        len(people),
        outcomes["screen_failure"],
        outcomes["declined"],
        outcomes["open"],
        sum(each.enrolled_on is not None for each in people),
        sum(each.withdrew for each in people),
    )
