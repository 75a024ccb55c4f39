"""A trial is talked over before anybody signs on a screen: the fact is recorded, never the words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import TALK_WAYS, ConsentTalk, Participant
from hometrial.services.agreeing import reading


class TalkRefusedError(TrialError):
    """A talk that cannot be recorded like this."""


class TalkNeededError(TrialError):
    """Nobody of the team has talked the trial over with a person yet."""


@dataclass(frozen=True)
class Talk:
    """A talk: how and when it was held, who led it, and how it was made sure who the person is."""

    way: str
    led_by: str
    identity_check: str
    held_at: datetime


def record(session: Session, person: Participant, talk: Talk, *, by: str) -> ConsentTalk:
    """Record a talk that was held. Raises TalkRefusedError."""
    reading.hold(session, person)
    reading.require_present(session, person)
    now = clock.now()
    against = [
        f"{field}: say it; it is signed with"
        for field in ("led_by", "identity_check")
        if not getattr(talk, field).strip()
    ]
    if talk.way not in TALK_WAYS:
        against.append(f"way: {talk.way!r} is none of {', '.join(TALK_WAYS)}")
    if talk.held_at > now:
        against.append(f"held_at: {talk.held_at.isoformat()} is yet to come; record what was")
    if against:
        raise TalkRefusedError("\n".join(f"{person.code}: {each}" for each in against))
    row = ConsentTalk(
        participant_id=person.id,
        held_at=talk.held_at,
        way=talk.way,
        led_by=talk.led_by,
        identity_check=talk.identity_check,
        recorded_at=now,
        recorded_by=by,
    )
    session.add(row)
    session.flush()
    return row


def last(session: Session, person: Participant) -> ConsentTalk | None:
    """Return the last talk with a person; None if there was none."""
    return session.scalars(
        select(ConsentTalk)
        .where(ConsentTalk.participant_id == person.id)
        .order_by(ConsentTalk.held_at.desc(), ConsentTalk.recorded_at.desc())
        .limit(1)
    ).one_or_none()


def require(session: Session, person: Participant) -> ConsentTalk:
    """Return the last talk with a person. Raises TalkNeededError: nobody signs on a screen before one."""
    found = last(session, person)
    if found is None:
        raise TalkNeededError(
            f"{person.code}: nobody has talked the trial over with them yet; "
            f"hometrial consent-document talked {person.code}"
        )
    return found
