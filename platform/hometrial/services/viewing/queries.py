"""Queries as a list with filters and counts, and one query with all its steps; each a few questions of the study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Participant,
    QuarantinedRow,
    Query,
    QueryEvent,
    Site,
    StaffAccount,
    StaffGrant,
)

PER_PAGE = 50
STATUSES: Mapping[str, str] = {
    "waiting": "open or answered",
    "open": "open",
    "answered": "answered",
    "closed": "closed",
    "all": "all",
}
"""What can be asked for, as people read it."""
AGES = ((7, "under a week"), (14, "a week or more"), (28, "two weeks or more"))
OLDEST = "four weeks or more"
ASSIGNABLE = ("coordinator", "investigator", "data_manager")
"""Roles that a query can be given to; the first two answer, the last closes."""


@dataclass(frozen=True)
class Wanted:
    """Which queries are asked for; nothing is left out where a part is None."""

    status: str = "waiting"
    rule: str | None = None
    site: str | None = None
    assignee: str | None = None
    person: str | None = None
    older: int = 0


@dataclass(frozen=True)
class Line:
    """A query with whom it is about, where, and how many of its rows wait."""

    query: Query
    code: str | None
    site: str | None
    open_rows: int

    @property
    def age(self) -> timedelta:
        """How long it was or has been open."""
        return (self.query.closed_at or clock.now()) - self.query.opened_at


@dataclass(frozen=True)
class Page:
    """A page of queries, oldest first, of `total`."""

    lines: Sequence[Line]
    total: int
    start: int


@dataclass(frozen=True)
class Choices:
    """What the filters offer: rules, sites and assignees of queries that there are."""

    rules: Sequence[str]
    sites: Sequence[str]
    assignees: Sequence[str]


@dataclass(frozen=True)
class Detail:
    """One query, its steps in order, and who it can be given to."""

    line: Line
    steps: Sequence[QueryEvent]
    rows: int
    assignees: Sequence[str]


def page(session: Session, wanted: Wanted, start: int = 0) -> Page:
    """Return a page of the queries that are asked for: two questions."""
    total: int | None = session.scalar(_joined(select(func.count())).where(*_conditions(wanted)))
    found = _lines().where(*_conditions(wanted))
    rows = session.execute(
        found.order_by(Query.opened_at, Participant.code, Query.id).offset(start).limit(PER_PAGE)
    )
    return Page([_line(row) for row in rows], int(total or 0), start)


def counts(session: Session, wanted: Wanted) -> dict[str, int]:
    """Return how many queries of each status there are, by the other filters."""
    others = Wanted("all", wanted.rule, wanted.site, wanted.assignee, wanted.person, wanted.older)
    rows = session.execute(
        _joined(select(Query.status, func.count()))
        .where(*_conditions(others))
        .group_by(Query.status)
    )
    found = {status: count for status, count in rows}  # noqa: C416
    waiting = found.get("open", 0) + found.get("answered", 0)
    return {"waiting": waiting, **found, "all": sum(found.values())}


def ages(session: Session) -> list[tuple[str, int, int]]:
    """Return how many waiting queries are how old: in words, from how many days on, and the number."""
    old = func.extract("epoch", clock.now() - Query.opened_at) / 86_400
    band = case(*((old < days, number) for number, (days, _) in enumerate(AGES)), else_=len(AGES))
    rows = session.execute(
        select(band, func.count()).where(Query.closed_at.is_(None)).group_by(band)
    )
    found = {number: count for number, count in rows}  # noqa: C416
    words = [*(words for _, words in AGES), OLDEST]
    since = [0, *(days for days, _ in AGES)]
    return [
        (each, days, found.get(number, 0))
        for number, (each, days) in enumerate(zip(words, since, strict=True))
    ]


def choices(session: Session) -> Choices:
    """Return what the filters offer: three questions."""
    return Choices(
        session.scalars(select(Query.rule).distinct().order_by(Query.rule)).all(),
        session.scalars(
            select(Site.code)
            .where(Site.id.in_(select(Participant.site_id).distinct()))
            .order_by(Site.code)
        ).all(),
        [
            each
            for each in session.scalars(select(Query.assignee).distinct().order_by(Query.assignee))
            if each is not None
        ],
    )


def detail(session: Session, query_id: UUID) -> Detail | None:
    """Return a query with all its steps, None if there is no such query."""
    row = session.execute(_lines().where(Query.id == query_id)).one_or_none()
    if row is None:
        return None
    line = _line(row)
    steps = session.scalars(
        select(QueryEvent)
        .where(QueryEvent.query_id == query_id)
        .order_by(QueryEvent.at, QueryEvent.id)
    ).all()
    rows = session.scalar(select(func.count()).where(QuarantinedRow.query_id == query_id))
    return Detail(line, steps, rows or 0, assignees(session, line.query.participant_id))


def assignees(session: Session, person: UUID | None) -> list[str]:
    """Return who a query about somebody can be given to: roles, and those who hold them at the person's site."""
    held = (
        select(StaffAccount.name)
        .join(StaffGrant, StaffGrant.account_id == StaffAccount.id)
        .where(
            StaffGrant.role.in_(ASSIGNABLE),
            StaffGrant.approved.is_(True),
            StaffGrant.ended_at.is_(None),
            StaffAccount.disabled_at.is_(None),
        )
    )
    if person is not None:
        held = held.where(
            StaffGrant.site_id.in_(select(Participant.site_id).where(Participant.id == person))
        )
    names = session.scalars(held.distinct().order_by(StaffAccount.name))
    return [*(f"role:{role}" for role in ASSIGNABLE), *(f"staff:{name}" for name in names)]


def opened_at(session: Session) -> datetime | None:
    """Return when the oldest query that waits was opened."""
    return session.scalar(select(func.min(Query.opened_at)).where(Query.closed_at.is_(None)))


def _line(row: Any) -> Line:
    query, code, site, waiting = row
    return Line(query, code, site, waiting)


def _lines() -> Any:
    waiting = (
        select(func.count())
        .where(QuarantinedRow.query_id == Query.id, QuarantinedRow.status == "open")
        .correlate(Query)
        .scalar_subquery()
    )
    return _joined(select(Query, Participant.code, Site.code, waiting))


def _joined(found: Any) -> Any:
    joined = found.select_from(Query).outerjoin(Participant, Participant.id == Query.participant_id)
    return joined.outerjoin(Site, Site.id == Participant.site_id)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status == "waiting":
        found.append(Query.closed_at.is_(None))
    elif wanted.status != "all":
        found.append(Query.status == wanted.status)
    for column, value in (
        (Query.rule, wanted.rule),
        (Site.code, wanted.site),
        (Query.assignee, wanted.assignee),
        (Participant.code, wanted.person),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.older:
        found.append(Query.opened_at <= clock.now() - timedelta(days=wanted.older))
    return found
