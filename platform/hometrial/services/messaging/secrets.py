"""Codes on their way to a person: sealed, read by the worker's role alone, and destroyed within ten minutes."""

import base64
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import MessageSecret
from hometrial.settings import Settings

KEY = "messages"
LASTS = timedelta(minutes=10)
"""A code is destroyed after so long, sent or not."""


def key_of(settings: Settings) -> bytes:
    """Return the key that seals codes, made at first use."""
    return settings.key(KEY)


def keep(session: Session, key: bytes, message_id: UUID, code: str) -> None:
    """Seal the code of a message, bound to it."""
    sealed = _cipher(key).encrypt(f"{message_id}\x00{code}".encode())
    row = MessageSecret(message_id=message_id, sealed=sealed, destroy_at=clock.now() + LASTS)
    session.add(row)
    session.flush()


def read(session: Session, key: bytes, message_id: UUID) -> str | None:
    """Return the code of a message in clear, None if it is destroyed; as the worker.

    Raises TrialError if it was sealed with another key or for another message.
    """
    sealed = session.scalar(
        select(MessageSecret.sealed).where(
            MessageSecret.message_id == message_id, MessageSecret.destroy_at > clock.now()
        )
    )
    if sealed is None:
        return None
    try:
        owner, code = _cipher(key).decrypt(bytes(sealed)).decode().split("\x00", 1)
    except InvalidToken as error:
        raise TrialError(f"a code was sealed with another key; restore keys/{KEY}.hex") from error
    if owner != str(message_id):
        raise TrialError("a code belongs to another message: the vault was tampered with")
    return code


def destroy(session: Session, message_id: UUID) -> None:
    """Destroy the code of a message; as the worker."""
    session.execute(delete(MessageSecret).where(MessageSecret.message_id == message_id))


def destroy_overdue(session: Session) -> None:
    """Destroy every code whose time is over; as the worker."""
    session.execute(delete(MessageSecret).where(MessageSecret.destroy_at <= clock.now()))


def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))
