"""Messages to a person with every step of their way, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import LinkInvitation, Message, MessageState, MessageTopic
from hometrial.models.message import ENDED

PER_PAGE = 40


@dataclass(frozen=True)
class MessageLine:
    """A message with all that it is about and every step, in order."""

    message: Message
    topics: Sequence[MessageTopic]
    steps: Sequence[MessageState]

    @property
    def last(self) -> MessageState:
        """How it stands."""
        return self.steps[-1]

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.last.state in ENDED

    @property
    def may_be_resent(self) -> bool:
        """Whether it can be sent once more: a code is destroyed."""
        return self.is_over and self.message.kind != "code"


@dataclass(frozen=True)
class MessagePage:
    """One page of messages, of `total`."""

    lines: Sequence[MessageLine]
    total: int
    start: int


def page(session: Session, person: UUID, start: int = 0) -> MessagePage:
    """Return a page of a person's messages: four queries, however many there are."""
    of_person = Message.participant_id == person
    total = session.scalar(select(func.count()).select_from(Message).where(of_person)) or 0
    rows = session.scalars(
        select(Message)
        .where(of_person)
        .order_by(Message.created_at.desc(), Message.id)
        .offset(start)
        .limit(PER_PAGE)
    ).all()
    ids = [row.id for row in rows]
    steps: dict[UUID, list[MessageState]] = {each: [] for each in ids}
    for step in session.scalars(
        select(MessageState)
        .where(MessageState.message_id.in_(ids))
        .order_by(MessageState.message_id, MessageState.number)
    ):
        steps[step.message_id].append(step)
    topics: dict[UUID, list[MessageTopic]] = {each: [] for each in ids}
    for topic in session.scalars(
        select(MessageTopic)
        .where(MessageTopic.message_id.in_(ids))
        .order_by(MessageTopic.closes_at, MessageTopic.form)
    ):
        topics[topic.message_id].append(topic)
    return MessagePage(
        [MessageLine(row, topics[row.id], steps[row.id]) for row in rows], total, start
    )


def invitations(session: Session, person: UUID) -> Sequence[LinkInvitation]:
    """Return the links that were made for a person, the newest first."""
    return session.scalars(
        select(LinkInvitation)
        .where(LinkInvitation.participant_id == person)
        .order_by(LinkInvitation.created_at.desc())
        .limit(PER_PAGE)
    ).all()
