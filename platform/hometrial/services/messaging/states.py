"""What becomes of a message, step by step; the newest step says how it stands, and none is taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Message, MessageState, MessageTopic
from hometrial.models.message import ENDED


class MessageRefusedError(TrialError):
    """A message that cannot be planned, sent or put off like this."""


@dataclass(frozen=True)
class Topic:
    """One thing that a message is about, at one moment of the plan, and until when it is worth telling."""

    kind: str
    occasion: str
    moment: str
    closes_at: datetime
    form: str = ""


@dataclass(frozen=True)
class Draft:
    """A message before it is kept: to whom (None: the staff), by which channel, in which language, who wants it."""

    participant_id: UUID | None
    kind: str
    channel: str
    language: str
    by: str
    resends: UUID | None = None


@dataclass(frozen=True)
class Step:
    """A step as it is recorded: the state, and what goes with it."""

    state: str
    by: str
    next_at: datetime | None = None
    code: int | None = None
    reason: str = ""


def hold(session: Session, participant_id: UUID | None) -> None:
    """One at a time plans, claims or puts off the messages of a person (None: of the staff)."""
    key = {"key": f"hometrial.message.{participant_id or 'staff'}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)


def keep(session: Session, draft: Draft, topics: Iterable[Topic], first: Step) -> Message:
    """Keep a new message with its first step; the database refuses one about what was told already."""
    row = Message(
        id=uuid4(),
        audience="staff" if draft.participant_id is None else "participant",
        participant_id=draft.participant_id,
        kind=draft.kind,
        channel=draft.channel,
        language=draft.language,
        created_at=clock.now(),
        created_by=draft.by,
        resends=draft.resends,
    )
    session.add(row)
    session.flush()
    attach(session, row, topics)
    record(session, row, first)
    return row


def attach(session: Session, message: Message, topics: Iterable[Topic]) -> None:
    """Let a message that waits be about more."""
    session.add_all(
        MessageTopic(
            message_id=message.id,
            participant_id=message.participant_id,
            kind=each.kind,
            form=each.form,
            occasion=each.occasion,
            moment=each.moment,
            closes_at=each.closes_at,
        )
        for each in topics
    )
    session.flush()


def record(session: Session, message: Message, step: Step) -> MessageState:
    """Add a step. Raises MessageRefusedError if the message has come to its end."""
    last = last_step(session, message.id)
    if last is not None and last.state in ENDED:
        raise MessageRefusedError(f"message {message.id} is {last.state}: nothing follows on that")
    row = MessageState(
        message_id=message.id,
        number=1 if last is None else last.number + 1,
        state=step.state,
        at=clock.now(),
        by=step.by,
        next_at=step.next_at,
        code=step.code,
        reason=step.reason,
    )
    session.add(row)
    session.flush()
    return row


def last_step(session: Session, message_id: UUID) -> MessageState | None:
    """Return how a message stands."""
    return session.scalars(
        select(MessageState)
        .where(MessageState.message_id == message_id)
        .order_by(MessageState.number.desc())
        .limit(1)
    ).one_or_none()


def history(session: Session, message_id: UUID) -> Sequence[MessageState]:
    """Return every step of a message, in order."""
    return session.scalars(
        select(MessageState)
        .where(MessageState.message_id == message_id)
        .order_by(MessageState.number)
    ).all()


def topics(session: Session, message_id: UUID) -> Sequence[MessageTopic]:
    """Return what a message is about, what closes first in front."""
    return session.scalars(
        select(MessageTopic)
        .where(MessageTopic.message_id == message_id)
        .order_by(MessageTopic.closes_at, MessageTopic.form, MessageTopic.moment)
    ).all()


@dataclass(frozen=True)
class Unended:
    """A message that has not come to its end, and how it stands."""

    message: Message
    last: MessageState


def unended(session: Session, participant_id: UUID | None = None) -> list[Unended]:
    """Return the messages to which something is still to happen, of one person or of all, the oldest first."""
    other = aliased(MessageState)
    over = exists().where(other.message_id == Message.id, other.state.in_(ENDED))
    later = exists().where(other.message_id == Message.id, other.number > MessageState.number)
    query = (
        select(Message, MessageState)
        .join(MessageState, MessageState.message_id == Message.id)
        .where(~over, ~later)
        .order_by(Message.created_at, Message.id)
    )
    if participant_id is not None:
        query = query.where(Message.participant_id == participant_id)
    return [Unended(message, last) for message, last in session.execute(query)]
