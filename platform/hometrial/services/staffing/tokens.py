"""Tokens with which a program reads as its owner: shown once, kept as a hash, ended on a day that is known."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import StaffAccount, StaffToken
from hometrial.services.entering import budgets
from hometrial.services.entering.budgets import Budget
from hometrial.services.staffing import acting
from hometrial.services.staffing.acting import Actor

START = "hometrial_"
"""By its beginning a token that lies about is known for what it is."""
LONGEST = timedelta(days=366)
_LONGEST_NAME = 64
_WINDOW = 60
_TOLD = Budget("told-of-token", 2, _WINDOW)
"""How often it is written down that a token asks too often: once in a minute, however often it does."""


class TokenRefusedError(TrialError):
    """A token that cannot be made like this."""


class TooOftenError(TrialError):
    """A token that has asked too often; `seconds` until it may again, `is_news`: not written down in this minute yet."""

    def __init__(self, most: int, seconds: int, *, is_news: bool) -> None:
        super().__init__(
            f"this token has made its {most} requests of a minute, half of which may come at once; "
            f"ask again in {seconds} seconds"
        )
        self.most, self.seconds, self.is_news = most, seconds, is_news


def spend(session: Session, key: bytes, token: str, most: int) -> TooOftenError | None:
    """Take one of a token's `most` requests in any minute; return the refusal if none is left."""
    whose = _digest(token).hex()
    wait = budgets.spend(session, key, (Budget("requests-of-token", most, _WINDOW), whose))
    if wait is None:
        return None
    is_news = budgets.spend(session, key, (_TOLD, whose)) is None
    return TooOftenError(most, wait.seconds, is_news=is_news)


def issue(session: Session, account_id: UUID, name: str, lasting: timedelta) -> str:
    """Make a token and return it, which is kept nowhere. Raises TokenRefusedError."""
    called = name.strip()
    if not 1 <= len(called) <= _LONGEST_NAME or not called.isprintable():
        raise TokenRefusedError(
            f"name: say in 1 to {_LONGEST_NAME} characters what the token is for"
        )
    if not timedelta() < lasting <= LONGEST:
        raise TokenRefusedError(f"days: a token lasts 1 to {LONGEST.days} days, not {lasting.days}")
    if session.scalar(
        select(StaffToken.id).where(*_open_of(account_id), StaffToken.name == called)
    ):
        raise TokenRefusedError(
            f"name: there is a token {called!r} already; revoke it or take another name"
        )
    token, now = START + secrets.token_urlsafe(32), clock.now()
    session.add(
        StaffToken(
            account_id=account_id,
            name=called,
            token_sha256=_digest(token),
            made_at=now,
            expires_at=now + lasting,
        )
    )
    session.flush()
    return token


def actor(session: Session, token: str) -> Actor | None:
    """Return who a token acts for, with what they may do now; None if it opens nothing.

    Its owner must still hold a role that may have tokens at all.
    """
    found = holder(session, token)
    return found if found is not None and found.may("token.own") else None


def holder(session: Session, token: str) -> Actor | None:
    """Return whose a token is, whatever they may do by now; None for one that is unknown, revoked or over."""
    owner = session.scalar(
        select(StaffAccount)
        .join(StaffToken, StaffToken.account_id == StaffAccount.id)
        .where(
            StaffToken.token_sha256 == _digest(token),
            StaffToken.revoked_at.is_(None),
            StaffToken.expires_at > clock.now(),
            StaffAccount.disabled_at.is_(None),
        )
    )
    return None if owner is None else acting.actor_of(session, owner)


def mine(session: Session, account_id: UUID) -> Sequence[StaffToken]:
    """Return an account's tokens that are not revoked, oldest first; also those that have expired."""
    return session.scalars(
        select(StaffToken).where(*_open_of(account_id)).order_by(StaffToken.made_at, StaffToken.id)
    ).all()


def revoke(session: Session, account_id: UUID, token_id: UUID) -> bool:
    """Have one of an account's own tokens open nothing more; False if there is no such token."""
    return _end(session, *_open_of(account_id), StaffToken.id == token_id) == 1


def revoke_all(session: Session, account_id: UUID) -> int:
    """Have no token of an account open anything; return how many there were."""
    return _end(session, *_open_of(account_id))


def _open_of(account_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (StaffToken.account_id == account_id, StaffToken.revoked_at.is_(None))


def _end(session: Session, *which: ColumnElement[bool]) -> int:
    ended = session.scalars(
        update(StaffToken).where(*which).values(revoked_at=clock.now()).returning(StaffToken.id)
    )
    return len(ended.all())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
