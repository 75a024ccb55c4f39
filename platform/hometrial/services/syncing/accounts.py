"""The accounts that are linked: whose each is, and what its link's state says."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, StreamState, WearableAccount
from hometrial.services import working
from hometrial.services.syncing import unlinking
from hometrial.services.syncing.outcomes import Failed, Linked, Outcome, WrongAccount
from hometrial_ingest.provider import Account, ProviderError

FORMER = "fitbit"
"""The provider under whose ids an account's `former_id` is known."""
_ITEM_OF = {"reconnect_needed": "reconnect", "not_linked": "not_linked", "retired": "retired"}


def lock(session: Session, participant_id: UUID) -> None:
    """Let one trip of a person at a time decide which account is theirs."""
    key = {"key": f"hometrial.link.{participant_id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)


def bind(
    session: Session, participant_id: UUID, provider: str, account: Account
) -> UUID | WrongAccount:
    """Return this person's account of that id, made if there is none.

    An account belongs to one person for good, and a person has one live account at a provider.
    """
    if _is_former_of_another(session, participant_id, account.former_id):
        return WrongAccount("someone_elses")
    of_id = select(WearableAccount).where(
        WearableAccount.provider == provider, WearableAccount.external_id == account.external_id
    )
    known = session.scalars(of_id).one_or_none()
    if known is not None and known.participant_id != participant_id:
        return WrongAccount("someone_elses")
    if _has_another(session, participant_id, provider, None if known is None else known.id):
        return WrongAccount("another_of_yours")
    session.execute(
        insert(WearableAccount)
        .values(
            id=uuid4(),
            participant_id=participant_id,
            provider=provider,
            external_id=account.external_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    bound = session.scalars(of_id).one()  # another person may have been quicker by a moment
    return bound.id if bound.participant_id == participant_id else WrongAccount("someone_elses")


def _is_former_of_another(session: Session, participant_id: UUID, former_id: str | None) -> bool:
    """Say whether the older service knew this account as another person of the study."""
    return former_id is not None and bool(
        session.scalar(
            select(
                exists().where(
                    WearableAccount.provider == FORMER,
                    WearableAccount.external_id == former_id,
                    WearableAccount.participant_id != participant_id,
                )
            )
        )
    )


def _has_another(
    session: Session, participant_id: UUID, provider: str, account_id: UUID | None
) -> bool:
    """Say whether the person has another live account there; one without data behind it gives way."""
    others = at(session, participant_id, provider, "active", "reconnect_needed", "not_linked")
    others = [other for other in others if other.account_id != account_id]
    for other in others:
        if other.status == "not_linked":
            unlinking.unlink(session, other.account_id, "another account was linked instead")
    return any(other.status not in unlinking.ENDED for other in others)


def at(
    session: Session, participant_id: UUID, provider: str, *statuses: str
) -> Sequence[Connection]:
    """Return a person's connections at a provider that have one of these states, newest first."""
    return session.scalars(
        select(Connection)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .where(
            Connection.participant_id == participant_id,
            WearableAccount.provider == provider,
            Connection.status.in_(statuses),
        )
        .order_by(Connection.linked_at.desc())
    ).all()


def activate(
    session: Session,
    participant_id: UUID,
    account_id: UUID,
    streams: Sequence[str],
    former_id: str | None,
) -> None:
    """Let an account be read from now on, with what the person granted; old obstacles are gone."""
    now = clock.now()
    found = _locked(session, account_id)
    if found is None:
        found = Connection(account_id=account_id, participant_id=participant_id)
        found.status, found.status_since, found.status_reason = "active", now, "linked"
        session.add(found)
    elif found.status != "active":
        _turn(found, "active", "linked again", now)
    found.streams, found.linked_at = list(streams), now
    found.former_id = former_id or found.former_id
    session.flush()
    session.execute(
        update(StreamState)
        .where(StreamState.account_id == account_id, StreamState.stream.in_(streams))
        .values(obstacle=None, obstacle_since=None, obstacle_text=None, failures=0, retry_at=None)
    )


def _locked(session: Session, account_id: UUID) -> Connection | None:
    query = select(Connection).where(Connection.account_id == account_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _turn(found: Connection, status: str, reason: str, now: datetime) -> None:
    found.status, found.status_since, found.status_reason = status, now, reason


def lost(session: Session, account_id: UUID, error: ProviderError) -> bool:
    """Record that an account cannot be read for good (reconnect needed, not linked, retired).

    Call it in the transaction in which `vault.access` raised: the tokens are still locked there, so that
    a link that the person renews at this moment is not marked dead. Says whether anything changed.
    """
    found = _locked(session, account_id)
    may_turn = found is not None and found.status in ("active", "not_linked", "reconnect_needed")
    if found is None or not may_turn or error.kind not in _ITEM_OF or found.status == error.kind:
        return False
    _turn(found, error.kind, error.text, clock.now())
    session.flush()
    provider = session.get_one(WearableAccount, account_id).provider
    working.open_item(
        session, found.participant_id, _ITEM_OF[error.kind], provider, f"{provider}: {error.text}"
    )
    return True


def note(session: Session, participant_id: UUID, provider: str, outcome: Outcome) -> None:
    """Open the staff's work that an outcome asks for; close what a new link has settled."""
    match outcome:
        case Linked(shared=shared):
            for kind in ("reconnect", "not_linked", "wrong_account", "our_bug"):
                working.close_items(session, participant_id, kind, provider, because="linked again")
            unlinking.settle(session, participant_id, provider, because="linked again")
            for stream in shared:
                subject = f"{provider}/{stream}"
                working.close_items(
                    session, participant_id, "scope_missing", subject, because="granted"
                )
        case WrongAccount(whose="someone_elses"):
            reason = f"{provider}: signed in with an account that is another participant's"
            working.open_item(session, participant_id, "wrong_account", provider, reason)
        case Failed(why="our_bug"):
            reason = f"{provider}: linking fails; check the client id, secret and redirect address"
            working.open_item(session, participant_id, "our_bug", provider, reason)
