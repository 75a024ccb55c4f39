"""A message is sent once: it is claimed and marked before the server hears of it, and settled after its answer.

Between the two nobody can know. If the program stops there, the message may have arrived or not; to send it
again might disturb somebody twice, to say it was sent might be a lie. So it is told as `unknown`, and is left.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Message
from hometrial.services import working
from hometrial.services.messaging import judging, secrets, states, wording
from hometrial.services.messaging.judging import Drop, Wait
from hometrial.services.messaging.notes import Answer, Note, Refused, Sent
from hometrial.services.messaging.states import Step, Unended
from hometrial.services.messaging.wording import Said

BY = "worker"
WORK = "message_refused"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""After a refusal that may end, the next try comes after twice the pause before, up to the longest."""
LOST_AFTER = timedelta(minutes=10)
"""A message that is being handed over for so long is so no more: every server answers sooner or is given up."""
LOST = (
    "the program stopped before the server answered: it may have arrived or not; it is not sent again by "
    "itself, for that might tell somebody twice"
)


@dataclass(frozen=True)
class Claimed:
    """A message that is marked as being sent by whoever has this, with its words."""

    message: Message
    note: Note
    tries: int


def waiting(session: Session) -> list[UUID]:
    """Return the messages whose time has come: codes first, for somebody sits and waits for them."""
    now = clock.now()
    due = [
        each.message
        for each in states.unended(session)
        if each.last.next_at is not None and each.last.next_at <= now
    ]
    return [each.id for each in sorted(due, key=lambda message: message.kind != "code")]


def claim(session: Session, key: bytes, public_url: str, message_id: UUID) -> Claimed | None:
    """Mark a message as being sent and return it with its words; as the worker. Commit before you send it.

    None if another has it, if it waits longer, or if it is not to be sent any more: then that is recorded.
    """
    message = session.get_one(Message, message_id)
    states.hold(session, message.participant_id)
    last = states.last_step(session, message_id)
    if last is None or last.next_at is None or last.next_at > clock.now():
        return None
    said = _said(session, key, message)
    if said is None:
        return None
    states.record(session, message, Step("sending", BY))
    tries = sum(each.state == "sending" for each in states.history(session, message_id))
    return Claimed(message, wording.note(message.id, message.language, said, public_url), tries)


def _said(session: Session, key: bytes, message: Message) -> Said | None:
    topics = states.topics(session, message.id)
    if all(each.closes_at <= clock.now() for each in topics):
        _expire(session, message, "what it was about is over")
        return None
    try:
        verdict = judging.judge(session, message, topics)
    except TrialError as error:  # a person who follows no trial any more, or has no zone
        verdict = Drop(str(error))
    if isinstance(verdict, Drop):
        states.record(session, message, Step("suppressed", BY, reason=verdict.reason))
        return None
    if isinstance(verdict, Wait):
        step = Step("planned", BY, next_at=verdict.until, reason=verdict.reason)
        states.record(session, message, step)
        return None
    if message.kind != "code":
        return verdict.said
    code = secrets.read(session, key, message.id)
    if code is None:
        _expire(session, message, "its code is destroyed")
        return None
    return Said("code", {"code": code})


def settle(session: Session, claimed: Claimed, answer: Answer) -> None:
    """Record what became of a message that was handed over; as the worker."""
    message = claimed.message
    states.hold(session, message.participant_id)
    last = states.last_step(session, message.id)
    if last is None or last.state != "sending":
        return  # the answer came so late that it was given up
    if isinstance(answer, Refused) and not answer.is_final:
        _put_off(session, claimed, answer)
        return
    secrets.destroy(session, message.id)
    if isinstance(answer, Sent):
        states.record(session, message, Step("sent", BY, code=answer.code, reason=answer.answer))
        _close_work(session, message)
    elif isinstance(answer, Refused):
        states.record(session, message, Step("refused", BY, code=answer.code, reason=answer.answer))
        _open_work(session, message, answer)
    else:
        reason = f"the line broke before the server answered: {answer.answer}"
        states.record(session, message, Step("unknown", BY, reason=reason))


def _put_off(session: Session, claimed: Claimed, answer: Refused) -> None:
    message = claimed.message
    pause = min(FIRST_PAUSE * 2 ** min(claimed.tries - 1, 10), LONGEST_PAUSE)
    next_at = clock.now() + pause
    step = Step("delayed", BY, next_at=next_at, code=answer.code, reason=answer.answer)
    states.record(session, message, step)
    if _ends(session, message) <= next_at:
        _expire(session, message, f"no server took it in time; the last said: {answer.answer}")
        _open_work(session, message, answer)


def _ends(session: Session, message: Message) -> datetime:
    return max(each.closes_at for each in states.topics(session, message.id))


def _expire(session: Session, message: Message, reason: str) -> None:
    states.record(session, message, Step("expired", BY, reason=reason))
    secrets.destroy(session, message.id)


def _open_work(session: Session, message: Message, answer: Refused) -> None:
    if message.participant_id is None:
        return  # to the staff: a work item is about a person, and the alert itself stays open
    code = "" if answer.code is None else f"{answer.code} "
    reason = f"a {message.kind} by {message.channel} did not arrive: {code}{answer.answer}"
    working.open_item(session, message.participant_id, WORK, message.channel, reason)


def _close_work(session: Session, message: Message) -> None:
    if message.participant_id is not None:
        working.close_items(
            session, message.participant_id, WORK, message.channel, because="a message arrived"
        )


def give_up_lost(session: Session) -> list[Unended]:
    """Tell as unknown what was being handed over when the program stopped; return those."""
    lost = [
        each
        for each in states.unended(session)
        if each.last.state == "sending" and clock.now() - each.last.at >= LOST_AFTER
    ]
    for each in lost:
        states.hold(session, each.message.participant_id)
        last = states.last_step(session, each.message.id)
        if last is not None and last.state == "sending":
            states.record(session, each.message, Step("unknown", BY, reason=LOST))
            secrets.destroy(session, each.message.id)
    return lost
