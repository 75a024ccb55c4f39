"""Codes on paper that stand in, each once, for a device that is lost."""

import hmac
import re
import secrets
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import RecoveryCode

HOW_MANY = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that look alike on paper."""
_GROUPS, _GROUP = 3, 5


def renew(session: Session, key: bytes, account_id: UUID) -> list[str]:
    """Make ten new codes and return them; they are kept as hashes, and those before open nothing more."""
    now = clock.now()
    session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, *_OPEN)
        .values(replaced_at=now)
    )
    made = [_new() for _ in range(HOW_MANY)]
    session.add_all(
        RecoveryCode(account_id=account_id, code_hmac=_hmac(key, account_id, code), made_at=now)
        for code in made
    )
    session.flush()
    return made


def spend(session: Session, key: bytes, account_id: UUID, typed: str) -> bool:
    """Use a code up; False if it is none of this account that still opens."""
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hmac == _hmac(key, account_id, typed),
            *_OPEN,
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    )
    return used.first() is not None


def left(session: Session, account_id: UUID) -> int:
    """Return how many codes of an account still open."""
    query = select(func.count()).where(RecoveryCode.account_id == account_id, *_OPEN)
    return session.scalar(query) or 0


_OPEN = (RecoveryCode.used_at.is_(None), RecoveryCode.replaced_at.is_(None))


def _new() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hmac(key: bytes, account_id: UUID, typed: str) -> bytes:
    plain = re.sub(r"[\s\-–]", "", typed).lower()
    return hmac.digest(key, f"recovery\x00{account_id}\x00{plain}".encode(), "sha256")
