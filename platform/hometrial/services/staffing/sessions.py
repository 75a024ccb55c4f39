"""Sessions of the staff: kept on the server, ended there; a cookie that somebody copied is worth nothing afterwards."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import StaffAccount, StaffSession

IDLE = timedelta(minutes=15)
"""A session unused for so long ends (trust.md TM9)."""
LONGEST = timedelta(hours=12)
"""A session ends so long after the log-in, used or not (trust.md TM9)."""
FRESH = timedelta(minutes=5)
"""A signature asks for a proof of who sits there that is no older (architecture D14)."""
_NOTED_EVERY = timedelta(seconds=20)
"""That a session is used is written down no more often: a page of ten pictures is one use."""


def begin(session: Session, account_id: UUID, means: str, address: str) -> str:
    """Open a session and return its token, which is kept nowhere. `means`: how it was proven who comes."""
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        StaffSession(
            account_id=account_id,
            token_sha256=_digest(token),
            opened_at=now,
            used_at=now,
            confirmed_at=now,
            means=means,
            address=address,
        )
    )
    session.flush()
    return token


def live(session: Session, token: str) -> tuple[StaffSession, StaffAccount] | None:
    """Return the session of a token with its account, if it lasts and the account is not disabled."""
    now = clock.now()
    found = session.execute(
        select(StaffSession, StaffAccount)
        .join(StaffAccount, StaffAccount.id == StaffSession.account_id)
        .where(
            StaffSession.token_sha256 == _digest(token),
            StaffSession.ended_at.is_(None),
            StaffSession.used_at >= now - IDLE,
            StaffSession.opened_at >= now - LONGEST,
            StaffAccount.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def is_due(found: StaffSession) -> bool:
    """Say whether its use has to be noted again."""
    return clock.now() - found.used_at >= _NOTED_EVERY


def note_use(session: Session, session_id: UUID) -> None:
    """Note that a session is used now."""
    session.execute(
        update(StaffSession).where(StaffSession.id == session_id).values(used_at=clock.now())
    )


def is_fresh(found: StaffSession) -> bool:
    """Say whether it was proven a moment ago who sits there."""
    return clock.now() - found.confirmed_at <= FRESH


def renew(session: Session, found: StaffSession, means: str, address: str) -> str:
    """Replace a session by one with a new token and a fresh proof; the old token opens nothing."""
    end(session, StaffSession.id == found.id, because="confirmed anew")
    token = begin(session, found.account_id, means, address)
    # The longest time counts from the log-in: a proof does not prolong it.
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == _digest(token))
        .values(opened_at=found.opened_at)
    )
    return token


def end(session: Session, *which: ColumnElement[bool], because: str) -> int:
    """End the open sessions that meet the conditions; return how many."""
    ended = session.execute(
        update(StaffSession)
        .where(StaffSession.ended_at.is_(None), *which)
        .values(ended_at=clock.now(), ended_because=because)
        .returning(StaffSession.id)
    )
    return len(ended.all())


def end_token(session: Session, token: str, because: str) -> None:
    """End the session of a token, if there is one."""
    end(session, StaffSession.token_sha256 == _digest(token), because=because)


def end_all(session: Session, account_id: UUID, because: str) -> int:
    """End every session of an account: its roles, its factors or it itself have changed."""
    return end(session, StaffSession.account_id == account_id, because=because)


def open_ones(session: Session, account_id: UUID) -> Sequence[StaffSession]:
    """Return the sessions of an account that still last, the newest first."""
    now = clock.now()
    return session.scalars(
        select(StaffSession)
        .where(
            StaffSession.account_id == account_id,
            StaffSession.ended_at.is_(None),
            StaffSession.used_at >= now - IDLE,
            StaffSession.opened_at >= now - LONGEST,
        )
        .order_by(StaffSession.opened_at.desc())
    ).all()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
