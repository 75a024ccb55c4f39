"""Which visits people have, in their own zone: upcoming, due, overdue, held, missed or stopped; of one or of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError, ZoneNeededError
from hometrial.models import Participant, Participation, ProtocolVersion, VisitRecord
from hometrial.protocol import windows
from hometrial.protocol.calendar import Anchors, DueVisit, visits_due
from hometrial.protocol.model import Protocol
from hometrial.protocol.windows import Opening, visit_opening
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.trial import arms, following, publishing
from hometrial_ingest.local_time import ZoneHistory


class Status(StrEnum):
    """How a visit stands now."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    HELD = "held"
    MISSED = "missed"
    STOPPED = "stopped"
    """The person chose to have no visits any more before its window was over."""


STOPS_VISITS = frozenset({"stop_drug_safety_only", "stop_contact"})
"""The choices whose receipts say that visits stop; a complete withdrawal ends the calendar itself."""

_OF_WINDOW = {
    windows.Standing.UPCOMING: Status.UPCOMING,
    windows.Standing.OPEN: Status.DUE,
    windows.Standing.CLOSED: Status.OVERDUE,
}


@dataclass(frozen=True)
class VisitLine:
    """One visit of one person that the protocol asks: its window, how it stands, and what was recorded."""

    code: str
    label: str
    mode: str
    due: DueVisit
    opening: Opening
    status: Status
    record: VisitRecord | None

    @property
    def days_outside(self) -> int | None:
        """By how many days it was held outside its window, as the window is known now; negative: too early."""
        held = None if self.record is None else self.record.day
        return None if held is None else self.due.outside(held)


@dataclass(frozen=True)
class Agenda:
    """The visits of people, the earliest end of a window first; `problems`: of whom they cannot be told, and why."""

    lines: tuple[VisitLine, ...]
    problems: tuple[str, ...]

    def of(self, *statuses: Status) -> tuple[VisitLine, ...]:
        """Return the visits that stand like this."""
        return tuple(line for line in self.lines if line.status in statuses)


@dataclass(frozen=True)
class Plan:
    """All that a person's visits are made of."""

    person: Participant
    protocol: Protocol
    arm: str | None
    anchors: Anchors
    zones: ZoneHistory

    @property
    def visits(self) -> tuple[DueVisit, ...]:
        """Every visit whose anchor is known; of somebody who has no arm yet, those that every arm has."""
        arm = self.arm or self.protocol.arms[0].id
        shared = {each.id for each in self.protocol.visits if self.arm or not each.arms}
        return tuple(
            each for each in visits_due(self.protocol, arm, self.anchors) if each.visit in shared
        )

    def day(self, moment: datetime) -> date:
        """Return the day that the person's own calendar shows at an instant."""
        return windows.local_date(moment, self.zones)


def plan_of(session: Session, person: Participant) -> Plan:
    """Return a person's plan. Raises NotInTrialError, ZoneNeededError."""
    return Plan(
        person,
        following.protocol_of(session, person),
        arms.arm_of(session, person),
        following.anchors(session, person),
        enrolling.zones_of(session, person),
    )


def agenda(session: Session, person: Participant) -> Agenda:
    """Return a person's visits. Raises NotInTrialError, ZoneNeededError."""
    return _agenda(session, [plan_of(session, person)], [])


def agenda_of_all(session: Session, *, is_test: bool = False) -> Agenda:
    """Return the visits of everybody who follows a protocol, or of a rehearsal's people."""
    plans, problems = _plans(session, is_test=is_test)
    return _agenda(session, plans, problems)


def _plans(session: Session, *, is_test: bool) -> tuple[list[Plan], list[str]]:
    rows = session.execute(
        select(Participant, ProtocolVersion)
        .join(Participation, Participation.participant_id == Participant.id)
        .join(ProtocolVersion, ProtocolVersion.id == Participation.protocol_version_id)
        .where(ProtocolVersion.is_test == is_test)
        .order_by(Participation.since, Participation.id.desc())
    )
    followed = {person.id: (person, version) for person, version in rows}
    people = [person for person, _ in followed.values()]
    known = following.anchors_of(session, followed)
    found, zones = arms.arms_of(session, people), enrolling.zone_rows(session, followed)
    plans = [
        Plan(
            person,
            publishing.of(version),
            found[person.id],
            known[person.id],
            enrolling.zone_history(zones[person.id]),
        )
        for person, version in followed.values()
        if person.id in zones
    ]
    return plans, [_no_zone(session, person) for person in people if person.id not in zones]


def _no_zone(session: Session, person: Participant) -> str:
    try:
        enrolling.zones_of(session, person)
    except ZoneNeededError as error:
        return str(error)
    raise TrialError(f"the zone of {person.code} was recorded just now; ask again")


def _agenda(session: Session, plans: Sequence[Plan], problems: Sequence[str]) -> Agenda:
    people = [plan.person.id for plan in plans]
    kept = last_records(session, people)
    stopped = standing.first_of(session, people, STOPS_VISITS)
    lines = [
        line
        for plan in plans
        for line in _lines(plan, kept[plan.person.id], stopped.get(plan.person.id))
    ]
    lines.sort(key=lambda line: (line.opening.closes_at, line.code, line.due.visit))
    return Agenda(tuple(lines), tuple(problems))


Numbered = tuple[str, int]


def _lines(
    plan: Plan, kept: dict[Numbered, VisitRecord], stopped_at: datetime | None
) -> list[VisitLine]:
    now = clock.now()
    found = []
    for due in plan.visits:
        visit = plan.protocol.visit(due.visit)
        opening, record = visit_opening(due, plan.zones), kept.get((due.visit, due.number))
        if record is not None:
            status = Status(record.outcome)
        elif stopped_at is not None and stopped_at < opening.closes_at:
            status = Status.STOPPED
        else:
            status = _OF_WINDOW[opening.standing(now)]
        found.append(
            VisitLine(plan.person.code, visit.label, visit.mode, due, opening, status, record)
        )
    return found


def last_records(
    session: Session, people: Sequence[UUID]
) -> dict[UUID, dict[Numbered, VisitRecord]]:
    """Return of each of these people the record of each visit that holds: one that nothing corrects."""
    rows = session.scalars(select(VisitRecord).where(VisitRecord.participant_id.in_(people))).all()
    corrected = {row.corrects_id for row in rows}
    found: dict[UUID, dict[Numbered, VisitRecord]] = {person: {} for person in people}
    for row in rows:
        if row.id not in corrected:
            found[row.participant_id][row.visit, row.number] = row
    return found
