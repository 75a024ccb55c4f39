"""Links with which somebody of the staff sets up how they log in: short-lived, used once, only their hash kept."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import SetupLink, StaffAccount
from hometrial.settings import Settings

SHORTEST, LONGEST, USUAL = timedelta(minutes=10), timedelta(days=7), timedelta(hours=24)


class LinkRefusedError(TrialError):
    """A link that cannot be made like this."""


def make(session: Session, account: StaffAccount, by: str, lasting: timedelta = USUAL) -> str:
    """Make a link's token and return it, which is kept nowhere; links made before end. Raises LinkRefusedError."""
    if account.disabled_at is not None:
        raise LinkRefusedError(f"{account.name} is disabled for good; make another account")
    if not SHORTEST <= lasting <= LONGEST:
        raise LinkRefusedError(f"a link lasts from {SHORTEST} to {LONGEST}, not {lasting}")
    end_all(session, account.id, "a newer link")
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        SetupLink(
            account_id=account.id,
            token_sha256=_digest(token),
            made_by=by,
            made_at=now,
            expires_at=now + lasting,
        )
    )
    session.flush()
    return token


def address(settings: Settings, token: str) -> str:
    """Return the link: at the address that is set, whatever a request says (trust.md TM11)."""
    return f"{settings.staff_url}/setup/{token}"


def owner(session: Session, token: str) -> StaffAccount | None:
    """Return whose link this is, None if it opens nothing."""
    return session.scalar(_owner(token))


def hold(session: Session, token: str) -> StaffAccount | None:
    """Return whose link this is, and keep others from using it until the end of the transaction."""
    return session.scalar(_owner(token).with_for_update(of=SetupLink))


def _owner(token: str) -> Select[StaffAccount]:
    return (
        select(StaffAccount)
        .join(SetupLink, SetupLink.account_id == StaffAccount.id)
        .where(*_open(token), StaffAccount.disabled_at.is_(None))
    )


def use(session: Session, token: str, because: str) -> bool:
    """Use a link up; False if it opens nothing, or another request was first."""
    used = session.execute(
        update(SetupLink)
        .where(*_open(token))
        .values(ended_at=clock.now(), ended_because=because)
        .returning(SetupLink.id)
    )
    return used.first() is not None


def end_all(session: Session, account_id: UUID, because: str) -> None:
    """End every open link of an account."""
    session.execute(
        update(SetupLink)
        .where(SetupLink.account_id == account_id, SetupLink.ended_at.is_(None))
        .values(ended_at=clock.now(), ended_because=because)
    )


def bound(token: str) -> bytes:
    """Return what a passkey's challenge is bound to while a link is open."""
    return _digest(token)


def _open(token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        SetupLink.token_sha256 == _digest(token),
        SetupLink.ended_at.is_(None),
        SetupLink.expires_at > clock.now(),
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
