"""Tokens of wearable accounts: sealed, read by the worker's role only, refreshed once however many ask.

A refresh token may be single-use: whoever refreshes twice at once, or loses the answer, loses the link.
So a refresh happens while its row is locked, and the new pair is stored in that same transaction. After
a lost answer or a crash the old token is what we have; some providers still grant it for a short while,
and where they do not, the person must connect again. Nothing here ever loops.
"""

import base64
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Connection, Token
from hometrial.settings import Settings
from hometrial_ingest.provider import (
    Grant,
    Provider,
    ReconnectNeededError,
    RetiredError,
)

Keys = bytes | tuple[bytes, ...]
"""The key that seals, or several: the newest first, and older ones that still open."""
KEY = "tokens"
REFRESH_EARLY = timedelta(seconds=300)
"""A token that lives no longer than this is refreshed before it is used."""
DESTROYED = b""
"""In place of an access token that must open nothing any more; the refresh token then serves to revoke."""
Held = Row[bytes, bytes | None, datetime]


class LinkEndedError(TrialError):
    """The account's link has ended or is ending: nothing of it may be read."""


def keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys of the home folder, newest first; the first is made at first use."""
    newest = settings.key(KEY)
    older = [path.stem for path in _old_keys(settings)]
    return (newest, *(settings.key(name) for name in older))


def new_key(settings: Settings) -> None:
    """Put a new key in front: what is sealed from now on needs it, the old ones still open."""
    folder = settings.home / "keys"
    settings.key(KEY)
    number = max((int(path.stem.rpartition("-")[2]) for path in _old_keys(settings)), default=0)
    (folder / f"{KEY}.hex").rename(folder / f"{KEY}-{number + 1:04d}.hex")
    settings.key(KEY)


def forget_old_keys(settings: Settings) -> int:
    """Delete all keys but the newest and return how many; call it only after `rotate`."""
    old = _old_keys(settings)
    for path in old:
        path.unlink()
    return len(old)


def _old_keys(settings: Settings) -> list[Path]:
    return sorted((settings.home / "keys").glob(f"{KEY}-[0-9]*.hex"), reverse=True)


def seal(keys: Keys, owner: object, field: str, value: str) -> bytes:
    """Encrypt a value, bound to its row and field."""
    return _cipher(keys).encrypt(f"{owner}\x00{field}\x00{value}".encode())


def unseal(keys: Keys, owner: object, field: str, sealed: bytes) -> str:
    """Return what was sealed. Raises TrialError if it was with another key or for another row or field."""
    try:
        found, name, value = _cipher(keys).decrypt(bytes(sealed)).decode().split("\x00", 2)
    except InvalidToken as error:
        raise TrialError(f"a token was sealed with another key; restore keys/{KEY}.hex") from error
    if (found, name) != (str(owner), field):
        raise TrialError("a token belongs to another row: the vault was tampered with")
    return value


def _cipher(keys: Keys) -> MultiFernet:
    several = (keys,) if isinstance(keys, bytes) else keys
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in several])


def keep(session: Session, keys: Keys, account_id: UUID, grant: Grant) -> None:
    """Store an account's tokens; a grant without a refresh token leaves the one that is known.

    It reads nothing of them back, so that a role may hand tokens over without being able to see one.
    """
    values = _sealed(keys, account_id, grant)
    refresh = values.get("refresh")
    statement = insert(Token).values(
        account_id=account_id, version=1, **{"refresh": refresh, **values}
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Token.account_id], set_={**values, "version": Token.version + 1}
        )
    )


def _sealed(keys: Keys, account_id: UUID, grant: Grant) -> dict[str, object]:
    now = clock.now()
    values: dict[str, object] = {
        "access": seal(keys, account_id, "access", grant.access_token),
        "expires_at": now + timedelta(seconds=grant.expires_in),
        "refreshed_at": now,
    }
    if grant.refresh_token is not None:
        lasts = grant.refresh_expires_in
        values["refresh"] = seal(keys, account_id, "refresh", grant.refresh_token)
        values["refresh_expires_at"] = None if lasts is None else now + timedelta(seconds=lasts)
    return values


def holds(session: Session, account_id: UUID) -> bool:
    """Say whether tokens of this account are kept."""
    query = select(Token.account_id).where(Token.account_id == account_id)
    return session.scalar(query) is not None


def access(
    session: Session,
    keys: Keys,
    provider: Provider,
    account_id: UUID,
    *,
    stale: str | None = None,
) -> str:
    """Return an access token that may be used now, refreshed if it must be; as the worker's role.

    `stale` is the token that the provider has just refused. Commit before using what is returned: until
    then the row is locked and a new pair is not safe. Raises the provider's errors; on
    ReconnectNeededError call `linking.lost` in the same transaction, while the row is still locked.
    Raises LinkEndedError if the account was unlinked.
    """
    held = _locked(session, account_id)
    _require_live(session, account_id)
    if held is None:
        raise ReconnectNeededError("no tokens of this account are kept")
    if held.access != DESTROYED:
        token = unseal(keys, account_id, "access", held.access)
        if token != stale and held.expires_at - clock.now() > REFRESH_EARLY:
            return token
    grant = provider.refresh(_refresh_token(keys, account_id, held))
    values = _sealed(keys, account_id, grant)
    session.execute(
        update(Token)
        .where(Token.account_id == account_id)
        .values(**values, version=Token.version + 1)
    )
    return grant.access_token


def _locked(session: Session, account_id: UUID) -> Held | None:
    return session.execute(
        select(Token.access, Token.refresh, Token.expires_at)
        .where(Token.account_id == account_id)
        .with_for_update()
    ).one_or_none()


def _require_live(session: Session, account_id: UUID) -> None:
    """Look at the link's state only after the lock: it may have changed while we waited."""
    query = select(Connection.status, Connection.status_reason)
    found = session.execute(query.where(Connection.account_id == account_id)).one_or_none()
    match found and found.status:
        case "unlinking" | "unlinked":
            raise LinkEndedError("the account was unlinked; nothing of it is read any more")
        case "reconnect_needed":
            raise ReconnectNeededError(found.status_reason if found else "")
        case "retired":
            raise RetiredError(found.status_reason if found else "")


def _refresh_token(keys: Keys, account_id: UUID, held: Held) -> str:
    if held.refresh is None:
        raise ReconnectNeededError("the provider gave no refresh token")
    return unseal(keys, account_id, "refresh", held.refresh)


def revocable(session: Session, keys: Keys, account_id: UUID) -> str | None:
    """Lock an account's tokens and return the one to revoke; None if there is none left."""
    held = _locked(session, account_id)
    return None if held is None else _refresh_token(keys, account_id, held)


def hold(session: Session, account_id: UUID) -> bool:
    """Lock an account's tokens without reading them and say whether there are any."""
    query = select(Token.account_id).where(Token.account_id == account_id)
    return session.scalar(query.with_for_update()) is not None


def blunt(session: Session, account_id: UUID, destroy_by: datetime | None) -> None:
    """Destroy what reads data; what is left serves to revoke, and no longer than `destroy_by`."""
    session.execute(
        update(Token)
        .where(Token.account_id == account_id)
        .values(access=DESTROYED, refresh_expires_at=destroy_by)
    )


def hasten(session: Session, account_id: UUID, destroy_by: datetime | None) -> None:
    """Let blunted tokens go at `destroy_by` unless they go before."""
    if destroy_by is not None:
        session.execute(
            update(Token)
            .where(Token.account_id == account_id)
            .values(refresh_expires_at=func.least(Token.refresh_expires_at, destroy_by))
        )


def destroy(session: Session, account_id: UUID) -> None:
    """Destroy an account's tokens."""
    session.execute(delete(Token).where(Token.account_id == account_id))


def rotate(session: Session, keys: Keys) -> int:
    """Seal every token anew with the newest key and return how many accounts there were; as the worker."""
    cipher = _cipher(keys)
    rows = session.execute(
        select(Token.account_id, Token.access, Token.refresh)
        .order_by(Token.account_id)
        .with_for_update()
    ).all()
    for row in rows:
        access = cipher.rotate(row.access) if row.access else DESTROYED
        refresh = None if row.refresh is None else cipher.rotate(row.refresh)
        session.execute(
            update(Token)
            .where(Token.account_id == row.account_id)
            .values(access=access, refresh=refresh)
        )
    return len(rows)
