"""Messages as somebody looks at them: the newest first, each with how it stands; and one sent once more."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import Message, MessageState, Participant
from hometrial.models.message import ENDED
from hometrial.services.messaging import channels, states
from hometrial.services.messaging.channels import Channels
from hometrial.services.messaging.states import Draft, MessageRefusedError, Step, Topic

MOST = 200
_RESENT_FOR = timedelta(days=1)
_TEST_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Line:
    """A message, whose it is (None: the staff's), and how it stands."""

    message: Message
    code: str | None
    last: MessageState


def lines(session: Session, person: Participant | None = None, most: int = MOST) -> list[Line]:
    """Return the newest messages, of one person or of all, the newest first."""
    later = aliased(MessageState)
    is_last = ~exists().where(
        later.message_id == MessageState.message_id, later.number > MessageState.number
    )
    query = (
        select(Message, Participant.code, MessageState)
        .join(MessageState, MessageState.message_id == Message.id)
        .outerjoin(Participant, Participant.id == Message.participant_id)
        .where(is_last)
        .order_by(Message.created_at.desc(), Message.id)
        .limit(most)
    )
    if person is not None:
        query = query.where(Message.participant_id == person.id)
    return [Line(message, code, last) for message, code, last in session.execute(query)]


def find(session: Session, message_id: UUID) -> Message:
    """Return a message. Raises MessageRefusedError that says where to look."""
    found = session.get(Message, message_id)
    if found is None:
        raise MessageRefusedError(
            f"there is no message {message_id}; `hometrial message list` shows them with their ids"
        )
    return found


def resend(session: Session, configured: Channels, message: Message, *, by: str) -> Message:
    """Have a message sent once more, though quiet hours last or the day has had enough; it is a new one.

    Pauses, bad days and a withdrawal hold it up all the same. Raises MessageRefusedError of a code (it is
    destroyed), of one that is not over, and of a way that is not set up.
    """
    states.hold(session, message.participant_id)
    last = states.last_step(session, message.id)
    if last is None or last.state not in ENDED:
        state = "nothing yet" if last is None else last.state
        raise MessageRefusedError(f"message {message.id} is {state}; it is still to be sent")
    if message.kind == "code":
        raise MessageRefusedError("a code is never sent twice: the person asks for a new one")
    channels.require(configured, message.channel)
    now = clock.now()
    closes = now + _RESENT_FOR
    topics = [
        Topic(each.kind, each.occasion, _again(each.moment), closes, each.form)
        for each in states.topics(session, message.id)
    ]
    draft = Draft(
        message.participant_id, message.kind, message.channel, message.language, by, message.id
    )
    return states.keep(session, draft, topics, Step("queued", by, next_at=now))


def test(
    session: Session, configured: Channels, person: Participant, channel: str, *, by: str
) -> Message:
    """Have a person sent a message that only says that messages arrive. Raises MessageRefusedError."""
    channels.require(configured, channel)
    states.hold(session, person.id)
    now = clock.now()
    topic = Topic("test", f"test {uuid4()}", "asked for", now + _TEST_LASTS)
    draft = Draft(person.id, "test", channel, "en", by)
    return states.keep(session, draft, [topic], Step("queued", by, next_at=now))


def _again(moment: str) -> str:
    """Return a moment of its own; that of a mail to staff still ends with which address it goes to."""
    name, slash, number = moment.rpartition("/")
    return f"{name or number} again {uuid4()}{slash}{number if slash else ''}"
