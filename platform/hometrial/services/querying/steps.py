"""The steps of one query: opened, answered, assigned, reopened, closed. Each adds a line and loses none."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, QuarantinedRow, Query, QueryEvent

BY_HAND = "by_hand"
"""The rule of queries that nobody but a person opened."""
ROWS = "rows"
LONGEST = 2_000
COORDINATORS = "role:coordinator"
"""Whom a rule asks: whoever coordinates at the person's site."""


class QueryRefusedError(TrialError):
    """A step that a query cannot take."""


@dataclass(frozen=True)
class Question:
    """What is asked about whom: `subject` is kind and place, as `answer/ldn_diary 2026-03-04, pain`."""

    person: Participant
    subject: str
    text: str
    signal: str = "any"
    day: date | None = None
    rule: str = BY_HAND


def ask(
    session: Session, question: Question, by: str, assignee: str | None = COORDINATORS
) -> Query:
    """Open a query. Raises QueryRefusedError if the same is being asked already."""
    subject = _said(question.subject, "what the query is about")
    if subject == ROWS:
        raise QueryRefusedError("a query about quarantined rows is opened by the gate alone")
    text = _said(question.text, "the question")
    known = session.scalars(
        select(Query).where(
            Query.participant_id == question.person.id,
            Query.subject == subject,
            Query.rule == question.rule,
            Query.closed_at.is_(None),
        )
    ).first()
    if known is not None:
        raise QueryRefusedError(
            f"{question.person.code}, {subject}, is being asked about since"
            f" {known.opened_at:%Y-%m-%d}; add to that query, or close it first"
        )
    made = Query(
        participant_id=question.person.id,
        signal=question.signal,
        rule=question.rule,
        question=text,
        status="open",
        opened_at=clock.now(),
        opened_by=by if question.rule == BY_HAND else None,
        subject=subject,
        day=question.day,
        assignee=assignee,
    )
    session.add(made)
    session.flush()
    note(session, made, "opened", by, text)
    return made


def opened_by_rule(session: Session, query: Query) -> None:
    """Keep the first step of a query that the gate opened."""
    note(session, query, "opened", f"rule:{query.rule}", query.question)


def answer(session: Session, query: Query, text: str, by: str) -> None:
    """Answer an open query, or add to its answer. Raises QueryRefusedError if it is closed."""
    _refuse_if_closed(query)
    note(session, query, "answered", by, _said(text, "the answer"))
    query.status = "answered"
    session.flush()


def assign(session: Session, query: Query, assignee: str, text: str, by: str) -> None:
    """Give a query to somebody. Raises QueryRefusedError if it is closed, or theirs already."""
    _refuse_if_closed(query)
    if not assignee.strip() or assignee == query.assignee:
        raise QueryRefusedError(f"the query is with {assignee or 'nobody'} already; choose another")
    note(session, query, "assigned", by, _said(text, "why it goes there"), assignee)
    query.assignee = assignee
    session.flush()


def reopen(session: Session, query: Query, text: str, by: str) -> None:
    """Ask again: an answer was not enough, or a query was closed too early.

    Raises QueryRefusedError if it is open, is about rows that are decided, or is being asked in another query.
    """
    if query.status == "open":
        raise QueryRefusedError("the query is open")
    if query.subject == ROWS and query.status == "closed":
        raise QueryRefusedError("its rows are decided, and a decision stands; ask a new query")
    if query.status == "closed":
        _refuse_if_asked_anew(session, query)
    note(session, query, "reopened", by, _said(text, "why it is asked again"))
    query.status, query.closed_at, query.closed_by, query.close_reason = "open", None, None, None
    session.flush()


def _refuse_if_asked_anew(session: Session, query: Query) -> None:
    others = select(func.count()).where(
        Query.participant_id == query.participant_id,
        Query.subject == query.subject,
        Query.rule == query.rule,
        Query.closed_at.is_(None),
    )
    if session.scalar(others):
        raise QueryRefusedError("the same is being asked in another query; go on there")


def close(session: Session, query: Query, reason: str, by: str, *, any_of_them: bool) -> None:
    """Close a query. `any_of_them`: whoever closes may close what others opened, too.

    Raises QueryRefusedError if it is closed, another's, or has rows that wait for a decision.
    """
    _refuse_if_closed(query)
    if not any_of_them and query.opened_by != by:
        raise QueryRefusedError(
            f"{query.opened_by or 'a rule'} opened this query; whoever did closes it, or a data manager"
        )
    waiting = session.scalar(
        select(func.count()).where(
            QuarantinedRow.query_id == query.id, QuarantinedRow.status == "open"
        )
    )
    if waiting:
        raise QueryRefusedError(
            f"{waiting} of its rows wait for a decision; release or confirm them, and it closes by itself"
        )
    shut(session, query, _said(reason, "why it is closed"), by)


def shut(session: Session, query: Query, reason: str, by: str) -> None:
    """Close a query that nothing stands in the way of, as a rule does or a decision about its last row."""
    note(session, query, "closed", by, reason)
    query.status, query.closed_at = "closed", clock.now()
    query.closed_by, query.close_reason = by, reason
    session.flush()


def note(
    session: Session, query: Query, kind: str, by: str, text: str, assignee: str | None = None
) -> None:
    """Keep a step."""
    session.add(
        QueryEvent(
            query_id=query.id, kind=kind, at=clock.now(), by=by, text=text, assignee=assignee
        )
    )
    session.flush()


def _refuse_if_closed(query: Query) -> None:
    if query.status == "closed":
        raise QueryRefusedError(
            f"the query was closed by {query.closed_by} on {query.closed_at:%Y-%m-%d}; reopen it first"
        )


def _said(text: str, what: str) -> str:
    said = text.strip()
    if not said:
        raise QueryRefusedError(f"say {what}; it is kept with the query")
    if len(said) > LONGEST:
        raise QueryRefusedError(f"say {what} in {LONGEST} characters at most, not in {len(said)}")
    return said
