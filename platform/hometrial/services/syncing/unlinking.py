"""Unlinking: nothing is read from that moment on, and the provider is asked until it confirms.

What is kept for asking: only the refresh token, with the access token destroyed. It goes when the
provider confirms. Where consent ends it goes after a minute in any case (`at_latest`): then only
the person can still take the permission back, and an open work item says where, until staff confirm.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, Token, WearableAccount
from hometrial.services import working
from hometrial.services.syncing import vault
from hometrial.services.syncing.vendors import vendor
from hometrial_ingest.provider import Provider, ReconnectNeededError, RetiredError

ENDED = ("unlinking", "unlinked")
AT_WITHDRAWAL = timedelta(seconds=45)
"""Where consent ends no token outlives it by a minute; whoever destroys it has the rest of that minute."""
KIND = "revoke_pending"


def unlink(
    session: Session, account_id: UUID, because: str, *, at_latest: timedelta | None = None
) -> bool:
    """Stop reading an account; `revoke` does the rest. Says whether there is anything left to revoke.

    `at_latest`: destroy every token after that time even if the provider has not confirmed.
    """
    destroy_by = None if at_latest is None else clock.now() + at_latest
    kept = vault.hold(
        session, account_id
    )  # in the order in which everybody locks: tokens, then state
    found = _locked(session, account_id)
    if found is None or (found.status in ENDED and not kept):
        vault.destroy(session, account_id)
        return False
    if found.status == "retired" or not kept:
        _end(session, found, because)
        return False
    if found.status == "unlinking":
        vault.hasten(session, account_id, destroy_by)
        return True
    vault.blunt(session, account_id, destroy_by)
    _turn(found, "unlinking", because)
    name = _provider(session, account_id)
    reason = f"{name}: waits for the provider to confirm that our access is gone"
    working.open_item(session, found.participant_id, KIND, name, reason)
    return True


def revoke(session: Session, keys: vault.Keys, provider: Provider, account_id: UUID) -> bool:
    """Ask the provider to take our access back; as the worker's role. Says whether it is settled now.

    Raises the provider's errors when it does not confirm; ask again until it does.
    """
    token = vault.revocable(session, keys, account_id)
    found = _locked(session, account_id)
    if found is None or found.status != "unlinking" or token is None:
        return True
    if _is_overdue(session, account_id):
        _give_up(session, found)
        return True
    try:
        provider.revoke(token)
    except ReconnectNeededError:
        _end(session, found, f"{found.status_reason}; the provider knows no access of ours")
    except RetiredError:
        _end(session, found, f"{found.status_reason}; the provider has shut its service")
    else:
        _end(session, found, found.status_reason)
    return True


def waiting(session: Session) -> Sequence[tuple[UUID, str]]:
    """Return the accounts that wait for a confirmation, with their providers."""
    rows = session.execute(
        select(Connection.account_id, WearableAccount.provider)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .join(Token, Token.account_id == Connection.account_id)
        .where(Connection.status == "unlinking")
        .order_by(Connection.status_since)
    )
    return [(account_id, provider) for account_id, provider in rows]


def destroy_overdue(session: Session) -> int:
    """Destroy the tokens whose time is over without a confirmation; return how many accounts."""
    late = [account_id for account_id, _ in waiting(session) if _is_overdue(session, account_id)]
    for account_id in late:
        vault.hold(session, account_id)
        found = _locked(session, account_id)
        if found is not None and found.status == "unlinking":
            _give_up(session, found)
    return len(late)


def confirm(session: Session, account_id: UUID, because: str) -> None:
    """Record that the permission is gone at the provider as somebody saw there."""
    vault.hold(session, account_id)
    found = _locked(session, account_id)
    if found is not None and found.status == "unlinking":
        _end(session, found, because)


def settle(session: Session, participant_id: UUID, provider: str, *, because: str) -> None:
    """Close the staff's item about a confirmation unless another account still waits for one."""
    others = (
        select(Connection.id)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .where(
            Connection.participant_id == participant_id,
            Connection.status == "unlinking",
            WearableAccount.provider == provider,
        )
    )
    if session.scalar(select(others.exists())) is False:
        working.close_items(session, participant_id, KIND, provider, because=because)


def _is_overdue(session: Session, account_id: UUID) -> bool:
    query = select(Token.refresh_expires_at).where(Token.account_id == account_id)
    destroy_by = session.scalar(query)
    return destroy_by is not None and destroy_by <= clock.now()


def _give_up(session: Session, found: Connection) -> None:
    """Destroy the tokens unconfirmed; the state stays, since the provider has not confirmed."""
    vault.destroy(session, found.account_id)
    name = _provider(session, found.account_id)
    reason = (
        f"{name}: revocation not confirmed and our tokens are destroyed; the person can take the "
        f"permission back at {vendor(name).take_back}, then run: hometrial link confirm"
    )
    working.open_item(session, found.participant_id, KIND, name, reason)


def _end(session: Session, found: Connection, because: str) -> None:
    vault.destroy(session, found.account_id)
    _turn(found, "unlinked", because)
    session.flush()
    name = _provider(session, found.account_id)
    settle(session, found.participant_id, name, because="it is not waited for any more")


def _turn(found: Connection, status: str, reason: str) -> None:
    found.status, found.status_since, found.status_reason = status, clock.now(), reason


def _provider(session: Session, account_id: UUID) -> str:
    return session.get_one(WearableAccount, account_id).provider


def _locked(session: Session, account_id: UUID) -> Connection | None:
    query = select(Connection).where(Connection.account_id == account_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()
