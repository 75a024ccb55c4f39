"""The week that was: enrolment, wear, queries and visits that wait, and what people were asked for, by severity."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import (
    Answer,
    Contact,
    Message,
    MessageState,
    Participant,
    ProtocolVersion,
    Query,
    Response,
    Screening,
    ScreeningAnswer,
    Sitting,
)
from hometrial.services.messaging.judging import COUNTED
from hometrial.services.trial import publishing
from hometrial.services.viewing import roster
from hometrial.services.viewing.roster import Person

WEEK = timedelta(days=7)
OVERDUE_AFTER = timedelta(days=7)
"""A query that is open for longer is overdue."""
SEVERITY = "me_severity"
"""The answer at screening that says how severely somebody is ill."""
UNKNOWN = "not known"


@dataclass(frozen=True)
class Plan:
    """How many people a protocol in force wants, and how many follow it."""

    protocol: str
    planned: int


@dataclass(frozen=True)
class Burden:
    """What people of one severity were asked for in the week."""

    severity: str
    people: int
    reminders: int
    minutes: float
    resting: int

    @property
    def reminders_each(self) -> float:
        """Messages that left, a person."""
        return self.reminders / self.people

    @property
    def minutes_each(self) -> float:
        """Minutes at questions, a person."""
        return self.minutes / self.people


@dataclass(frozen=True)
class Week:
    """The last seven days."""

    since: datetime
    until: datetime
    plans: Sequence[Plan]
    enrolled: int
    enrolled_in_week: int
    withdrawn: int
    wear: float | None
    worn_least: Sequence[Person]
    overdue_queries: int
    oldest_query: datetime | None
    opened: int
    closed: int
    contacts: int
    burdens: Sequence[Burden]


def look(session: Session) -> Week:
    """Return the last seven days: a fixed number of queries."""
    until = clock.now()
    since = until - WEEK
    people = roster.everybody(session)
    there = [each for each in people if each.status == "enrolled"]
    worn = [each for each in there if each.wear is not None and not each.rest]
    overdue, oldest, opened, closed = _queries(session, since, until)
    return Week(
        since,
        until,
        _plans(session),
        len(people),
        _enrolled(session, since),
        sum(each.status == "withdrawn" for each in people),
        median(each.wear for each in worn if each.wear is not None) if worn else None,
        sorted(worn, key=lambda each: (each.wear or 0, each.code))[:5],
        overdue,
        oldest,
        opened,
        closed,
        _contacts(session, since),
        _burdens(session, there, since),
    )


def _plans(session: Session) -> list[Plan]:
    versions = session.scalars(
        select(ProtocolVersion)
        .where(ProtocolVersion.state == "published", ProtocolVersion.is_test.is_(False))
        .order_by(ProtocolVersion.protocol)
    )
    return [Plan(each.protocol, publishing.of(each).design.planned) for each in versions]


def _enrolled(session: Session, since: datetime) -> int:
    found = select(func.count()).select_from(Participant).where(Participant.created_at >= since)
    return session.scalar(found) or 0


def _queries(
    session: Session, since: datetime, until: datetime
) -> tuple[int, datetime | None, int, int]:
    overdue = (Query.status == "open") & (Query.opened_at < until - OVERDUE_AFTER)
    row = session.execute(
        select(
            func.count().filter(overdue),
            func.min(Query.opened_at).filter(overdue),
            func.count().filter(Query.opened_at >= since),
            func.count().filter(Query.closed_at >= since),
        )
    ).one()
    return row[0], row[1], row[2], row[3]


def _contacts(session: Session, since: datetime) -> int:
    found = select(func.count()).select_from(Contact).where(Contact.at >= since)
    return session.scalar(found) or 0


def _burdens(session: Session, people: Sequence[Person], since: datetime) -> list[Burden]:
    severities = _severities(session)
    reminders, minutes = _reminders(session, since), _minutes(session, since)
    groups: dict[str, list[Person]] = defaultdict(list)
    for each in people:
        groups[severities.get(each.id, UNKNOWN)].append(each)
    return [
        Burden(
            severity,
            len(found),
            sum(reminders[each.id] for each in found),
            sum(minutes.get(each.id, 0.0) for each in found),
            sum(bool(each.rest) for each in found),
        )
        for severity, found in sorted(groups.items())
    ]


def _severities(session: Session) -> dict[UUID, str]:
    """Return how severely everybody is ill by the last word at their newest screening."""
    later = aliased(ScreeningAnswer)
    rows = session.execute(
        select(Screening.participant_id, ScreeningAnswer.value)
        .join(ScreeningAnswer, ScreeningAnswer.screening_id == Screening.id)
        .outerjoin(later, later.corrects_id == ScreeningAnswer.id)
        .where(ScreeningAnswer.variable == SEVERITY, later.id.is_(None))
        .order_by(Screening.participant_id, Screening.number)
    )
    return {person: str(value) for person, value in rows if value is not None}


def _reminders(session: Session, since: datetime) -> Mapping[UUID, int]:
    """Return how many messages left to everybody since then, codes to sign in not counted."""
    rows = session.execute(
        select(Message.participant_id, func.count())
        .join(MessageState, MessageState.message_id == Message.id)
        .where(MessageState.state == "sent", MessageState.at >= since, Message.kind.in_(COUNTED))
        .group_by(Message.participant_id)
    )
    return Counter({person: count for person, count in rows if person is not None})


def _minutes(session: Session, since: datetime) -> dict[UUID, float]:
    """Return for how many minutes everybody sat at questions since then, as their screens counted."""
    # Summed first: of each form its person and who sat there are looked up once, not once an answer.
    sums = (
        select(Answer.response_id, Answer.sitting_id, func.sum(Answer.seconds).label("seconds"))
        .where(Answer.answered_at >= since)
        .group_by(Answer.response_id, Answer.sitting_id)
        .cte()
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        select(Response.participant_id, func.sum(sums.c.seconds) / 60)
        .join(sums, sums.c.response_id == Response.id)
        .join(Sitting, Sitting.id == sums.c.sitting_id)
        .where(Sitting.is_staff.is_(False))
        .group_by(Response.participant_id)
    )
    return {person: minutes or 0.0 for person, minutes in rows}


def contact_log(session: Session) -> Iterable[Mapping[str, object]]:
    """Return every contact that holds, the oldest first, as rows of a file."""
    later = aliased(Contact)
    rows = session.execute(
        select(Participant.code, Contact)
        .join(Participant, Participant.id == Contact.participant_id)
        .outerjoin(later, later.corrects_id == Contact.id)
        .where(later.id.is_(None))
        .order_by(Contact.at, Contact.recorded_at)
    )
    for code, row in rows:
        yield {
            "person": code,
            "at": row.at.isoformat(timespec="seconds"),
            "direction": row.direction,
            "way": row.way,
            "by": row.by,
            "outcome": row.outcome,
            "note": row.note,
            "next_on": row.next_on and row.next_on.isoformat(),
            "next_step": row.next_step,
            "recorded_at": row.recorded_at.isoformat(timespec="seconds"),
            "recorded_by": row.recorded_by,
        }


CONTACT_COLUMNS = (
    "person", "at", "direction", "way", "by", "outcome", "note", "next_on", "next_step", "recorded_at", "recorded_by",
)  # fmt: skip
