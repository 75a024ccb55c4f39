"""The week that was: enrolment against the plan, wear, queries that wait, contacts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import Contact, Participant, ProtocolVersion, Query
from hometrial.services.viewing import forecasting, recruitment, roster
from hometrial.services.viewing.forecasting import Forecast
from hometrial.services.viewing.recruitment import Recruitment
from hometrial.services.viewing.roster import Person

WEEK = timedelta(days=7)
SHOWN = 5
"""So many people are named of those who wear their watch least."""
WORTH_TELLING = 0.1
"""From this chance of missing the valid-day rule on somebody is named."""
OVERDUE_AFTER = timedelta(days=7)
"""A query that is open for longer is overdue."""


@dataclass(frozen=True)
class Plan:
    """How many people a protocol in force wants, how many are enrolled, and how many ought to be by now if it says."""

    protocol: str
    planned: int
    enrolled: int
    expected: float | None


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
    at_risk: Sequence[Forecast]
    overdue_queries: int
    oldest_query: datetime | None
    opened: int
    closed: int
    contacts: int


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
        sorted(worn, key=lambda each: (each.wear or 0, each.code))[:SHOWN],
        [each for each in forecasting.outlook(session).first if each.chance >= WORTH_TELLING],
        overdue,
        oldest,
        opened,
        closed,
        _contacts(session, since),
    )


def _plans(session: Session) -> list[Plan]:
    versions = session.scalars(
        select(ProtocolVersion)
        .where(ProtocolVersion.state == "published", ProtocolVersion.is_test.is_(False))
        .order_by(ProtocolVersion.protocol)
    )
    return [_plan(recruitment.recruitment(session, each)) for each in versions]


def _plan(found: Recruitment) -> Plan:
    expected = found.weeks[-1].expected if found.weeks else None
    return Plan(found.version.protocol, found.protocol.design.planned, found.enrolled, expected)


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
