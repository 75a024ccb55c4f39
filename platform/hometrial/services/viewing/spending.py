"""What people's answers took and what they were reminded of, as the logs have it: paradata and messages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hometrial.models import (
    Answer,
    BadDay,
    Message,
    MessageState,
    Response,
    Sitting,
    Submission,
)

REMINDERS = ("reminder", "safety_question", "visit", "watch")
"""Messages by which people are reminded of something; a code that they asked for is none."""


@dataclass(frozen=True)
class Figures:
    """By person: minutes that their own answers took, forms handed in, reminders that left, bad days begun."""

    spent: Mapping[UUID, float]
    handed_in: Counter[UUID]
    reminders: Counter[UUID]
    bad_days: Counter[UUID]


def figures(session: Session, first: date, last: date) -> Figures:
    """Return what is on record of these days (UTC), both included, of the people whom the session sees."""
    begin = datetime.combine(first, time(), tzinfo=UTC)
    end = datetime.combine(last + timedelta(days=1), time(), tzinfo=UTC)
    return Figures(
        {person: float(spent or 0) for person, spent in session.execute(_spent(begin, end))},
        _counted(session, _handed_in(begin, end)),
        _counted(session, _reminders(begin, end)),
        _counted(session, _bad_days(begin, end)),
    )


def _counted(
    session: Session, query: Select[UUID, int] | Select[UUID | None, int]
) -> Counter[UUID]:
    return Counter({row[0]: int(row[1]) for row in session.execute(query) if row[0] is not None})


def _spent(begin: datetime, end: datetime) -> Select[UUID, float | None]:
    return (
        select(Response.participant_id, func.sum(Answer.seconds) / 60)
        .join(Response, Response.id == Answer.response_id)
        .join(Sitting, Sitting.id == Answer.sitting_id)
        .where(
            Answer.answered_at >= begin,
            Answer.answered_at < end,
            Sitting.is_staff.is_(False),
            Answer.seconds.is_not(None),
        )
        .group_by(Response.participant_id)
    )


def _handed_in(begin: datetime, end: datetime) -> Select[UUID, int]:
    return (
        select(Response.participant_id, func.count())
        .join(Submission, Submission.response_id == Response.id)
        .where(
            Submission.submitted_at >= begin,
            Submission.submitted_at < end,
            Submission.revision == 1,
        )
        .group_by(Response.participant_id)
    )


def _reminders(begin: datetime, end: datetime) -> Select[UUID | None, int]:
    return (
        select(Message.participant_id, func.count())
        .join(MessageState, MessageState.message_id == Message.id)
        .where(
            MessageState.state == "sent",
            MessageState.at >= begin,
            MessageState.at < end,
            Message.kind.in_(REMINDERS),
        )
        .group_by(Message.participant_id)
    )


def _bad_days(begin: datetime, end: datetime) -> Select[UUID, int]:
    return (
        select(BadDay.participant_id, func.count())
        .where(BadDay.kind == "begun", BadDay.at >= begin, BadDay.at < end)
        .group_by(BadDay.participant_id)
    )
