"""A way in: a link that works once, and the visit that it opens. Only hashes of both are kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import LinkInvitation, Participant, Visitor

VALID_FOR = timedelta(days=7)
IDLE = timedelta(minutes=30)
"""A visit unused for so long ends (trust.md TM9)."""
LONGEST = timedelta(hours=12)
"""A visit ends so long after it began, used or not."""
SEEN_EVERY = timedelta(minutes=1)
"""Within this time a visit is not written anew at each request."""
State = Literal["open", "used", "old", "unknown"]


class InvitationRefusedError(TrialError):
    """A link that opens nothing; `state` says why."""

    def __init__(self, state: State) -> None:
        super().__init__(f"the invitation is {state}; `hometrial link invite` makes a new one")
        self.state = state


@dataclass(frozen=True)
class Visit:
    """Who is there, and the hash of the cookie that says so."""

    participant_id: UUID
    code: str
    cookie_sha256: str


def hashed(secret: str) -> str:
    """Return what is kept of a secret of at least 256 bit: it cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def invite(
    session: Session, participant: Participant, reason: str, valid_for: timedelta = VALID_FOR
) -> str:
    """Make a link's token for a person; it is shown once and opens one visit."""
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        LinkInvitation(
            participant_id=participant.id,
            token_sha256=hashed(token),
            reason=reason,
            created_at=now,
            expires_at=now + valid_for,
        )
    )
    session.flush()
    return token


def look(session: Session, token: str) -> State:
    """Say what a link is worth without using it: scanners of links look, too."""
    found = session.scalars(
        select(LinkInvitation).where(LinkInvitation.token_sha256 == hashed(token))
    ).one_or_none()
    if found is None:
        return "unknown"
    if found.used_at is not None:
        return "used"
    return "open" if clock.now() < found.expires_at else "old"


def enter(session: Session, token: str) -> tuple[UUID, str]:
    """Use a link up and open a visit; return whose it is and the cookie's value.

    Raises InvitationRefusedError if the link is used up, old or none of ours.
    """
    now = clock.now()
    participant_id = session.scalar(
        update(LinkInvitation)
        .where(
            LinkInvitation.token_sha256 == hashed(token),
            LinkInvitation.used_at.is_(None),
            LinkInvitation.expires_at > now,
        )
        .values(used_at=now)
        .returning(LinkInvitation.participant_id)
    )
    if participant_id is None:
        raise InvitationRefusedError(look(session, token))
    return participant_id, open_visit(session, participant_id)


def open_visit(session: Session, participant_id: UUID, since: datetime | None = None) -> str:
    """Open a visit and return its cookie's value; `since` is when it began under another cookie."""
    cookie, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        Visitor(
            cookie_sha256=hashed(cookie),
            participant_id=participant_id,
            opened_at=since or now,
            seen_at=now,
        )
    )
    session.flush()
    return cookie


def visit(session: Session, cookie: str) -> Visit | None:
    """Return the visit of a cookie and note that it goes on; None if there is none any more."""
    row = session.execute(
        select(Visitor, Participant.code)
        .join(Participant, Participant.id == Visitor.participant_id)
        .where(Visitor.cookie_sha256 == hashed(cookie))
    ).one_or_none()
    if row is None:
        return None
    found, now = row.Visitor, clock.now()
    if not _goes_on(found, now):
        return None
    if now - found.seen_at >= SEEN_EVERY:
        found.seen_at = now
        session.flush()
    return Visit(found.participant_id, row.code, found.cookie_sha256)


def _goes_on(found: Visitor, now: datetime) -> bool:
    fresh = now - found.seen_at <= IDLE and now - found.opened_at <= LONGEST
    return fresh and found.ended_at is None


def leave(session: Session, cookie: str) -> None:
    """End a visit; its cookie is worth nothing from now on."""
    session.execute(
        update(Visitor)
        .where(Visitor.cookie_sha256 == hashed(cookie), Visitor.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
