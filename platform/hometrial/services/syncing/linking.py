"""Linking an account: a trip to the provider's sign-in page and back, bound to one person's visit.

Out: `begin`. Back: `claim` uses the state up, `trade` talks to the provider without a transaction,
`record` stores what came of it. The three are steps of one trip, each in a transaction of its own, so
that a state is used up whatever happens after it.
"""

import base64
import hashlib
import logging
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import LinkAttempt
from hometrial.services import consenting
from hometrial.services.syncing import accounts, vault
from hometrial.services.syncing.invitations import Visit, hashed
from hometrial.services.syncing.outcomes import (
    Failed,
    Linked,
    NotLinked,
    Outcome,
    Refused,
    WrongAccount,
    in_a_word,
)
from hometrial_ingest.provider import (
    Account,
    Caller,
    Grant,
    NotLinkedError,
    OurFaultError,
    Provider,
    ProviderError,
    ReconnectNeededError,
    RetiredError,
    ScopeMissingError,
)

TRIP = timedelta(minutes=10)
"""A person has so long to sign in and choose; then the state is worth nothing."""
KEPT = timedelta(days=30)
"""Trips are on record for so long."""
_log = logging.getLogger(__name__)


class NothingToShareError(TrialError):
    """The person's consent covers nothing that this provider has."""


@dataclass(frozen=True)
class Claim:
    """A state that was ours, used up now: whose trip it was, and what proves it to the provider."""

    participant_id: UUID
    provider: str
    state_sha256: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What the provider's page sent the browser back with."""

    code: str | None
    error: str | None


@dataclass(frozen=True)
class Offer:
    """Tokens, and the account that they open."""

    grant: Grant
    account: Account


def wanted(session: Session, participant_id: UUID, provider: Provider) -> frozenset[str]:
    """Return the streams to ask for: all, or those that the person's consent in force covers."""
    consents, now = consenting.spells(session, participant_id), clock.now()
    return frozenset(
        name
        for name, stream in provider.streams.items()
        if not consents.on_record or consents.in_force(stream.data_type, now)
    )


def begin(
    session: Session, keys: vault.Keys, visit: Visit, provider: Provider, redirect_uri: str
) -> str:
    """Return the address at which the person signs in and chooses what to share.

    Raises NothingToShareError if the person's consent covers none of the provider's streams.
    """
    streams = wanted(session, visit.participant_id, provider)
    if not streams:
        raise NothingToShareError("there is nothing of this service that you agreed to share")
    state, verifier, now = secrets.token_urlsafe(32), secrets.token_urlsafe(64), clock.now()
    state_sha256 = _of_visit(state, visit)
    session.execute(
        delete(LinkAttempt).where(
            LinkAttempt.participant_id == visit.participant_id, LinkAttempt.created_at < now - KEPT
        )
    )
    session.add(
        LinkAttempt(
            state_sha256=state_sha256,
            participant_id=visit.participant_id,
            provider=provider.name,
            verifier=vault.seal(keys, state_sha256, "verifier", verifier),
            created_at=now,
            expires_at=now + TRIP,
        )
    )
    session.flush()
    digest = hashlib.sha256(verifier.encode()).digest()
    return provider.authorisation_url(
        state=state,
        challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        redirect_uri=redirect_uri,
        streams=streams,
    )


def _of_visit(state: str, visit: Visit) -> str:
    """Hash the state together with its visit: in another browser it is unknown."""
    return hashed(f"{state}.{visit.cookie_sha256}")


def claim(
    session: Session, keys: vault.Keys, visit: Visit, provider: str, state: str
) -> Claim | Failed:
    """Use a state up. It must be this visit's, for this provider, in time, and new."""
    found = session.get(LinkAttempt, _of_visit(state, visit), with_for_update=True)
    why = _refusal(found, visit, provider)
    if found is None or why:
        _log.warning("a way back from %s to %s was refused: %s", provider, visit.code, why)
        if found is not None and found.used_at is None:
            found.used_at, found.outcome = clock.now(), f"refused: {why}"
        return Failed("state")
    found.used_at = clock.now()
    session.flush()
    verifier = vault.unseal(keys, found.state_sha256, "verifier", found.verifier)
    return Claim(found.participant_id, found.provider, found.state_sha256, verifier)


def _refusal(found: LinkAttempt | None, visit: Visit, provider: str) -> str | None:
    if found is None:
        return "its state is none of this visit's"
    if found.used_at is not None:
        return "its state was used before"
    if found.provider != provider or found.participant_id != visit.participant_id:
        return "its state belongs to another provider or person"
    return None if clock.now() < found.expires_at else "its state is too old"


def trade(provider: Provider, claimed: Claim, answer: Answer, redirect_uri: str) -> Offer | Outcome:
    """Trade the provider's answer for tokens and ask whose they are. Calls the provider; no transaction."""
    if answer.error is not None:
        return Refused() if answer.error == "access_denied" else Failed("try_later")
    if not answer.code:
        return Failed("state")
    try:
        grant = provider.exchange(
            code=answer.code, verifier=claimed.verifier, redirect_uri=redirect_uri
        )
        return Offer(grant, _whose(provider, grant))
    except ProviderError as error:
        _log.warning("linking %s failed: %s: %s", provider.name, error.kind, error.text)
        return _outcome_of(error)


def _whose(provider: Provider, grant: Grant) -> Account:
    """Return whose tokens these are; that may have been said with them, where nothing else may be asked."""
    try:
        return provider.account(Caller(grant.access_token))
    except ScopeMissingError:
        if grant.external_id is None:
            raise
        return Account(grant.external_id)


def _outcome_of(error: ProviderError) -> Outcome:
    match error:
        case NotLinkedError():
            return NotLinked()
        case ScopeMissingError():
            return Refused()  # nothing was ticked that would even say who it is
        case ReconnectNeededError():
            return Failed("state")  # the code was used before, or is too old
        case RetiredError():
            return Failed("retired")
        case OurFaultError():
            return Failed("our_bug")
        case _:
            return Failed("try_later")


def record(
    session: Session, keys: vault.Keys, provider: Provider, claimed: Claim, traded: Offer | Outcome
) -> Outcome:
    """Store what came of a trip and return it; an account that is not this person's to link is not kept."""
    outcome = traded
    if isinstance(traded, Offer):
        outcome = _store(session, keys, provider, claimed.participant_id, traded)
    assert not isinstance(outcome, Offer)  # noqa: S101  # it was stored just now
    accounts.note(session, claimed.participant_id, provider.name, outcome)
    attempt = session.get(LinkAttempt, claimed.state_sha256)
    if attempt is not None:
        attempt.outcome = in_a_word(outcome)
    session.flush()
    return outcome


def _store(
    session: Session, keys: vault.Keys, provider: Provider, participant_id: UUID, offer: Offer
) -> Outcome:
    scopes = offer.grant.scopes
    granted = [name for name, stream in provider.streams.items() if stream.scope in scopes]
    if not granted:
        return Refused()
    accounts.lock(session, participant_id)
    account_id = accounts.bind(session, participant_id, provider.name, offer.account)
    if isinstance(account_id, WrongAccount):
        return account_id
    if offer.grant.refresh_token is None and not vault.holds(session, account_id):
        return Failed("try_later")  # without a lasting grant the link would end within the hour
    vault.keep(session, keys, account_id, offer.grant)
    accounts.activate(session, participant_id, account_id, granted, offer.account.former_id)
    asked = wanted(session, participant_id, provider)
    return Linked(
        account_id,
        shared=tuple(name for name in granted if name in asked),
        missing=tuple(name for name in provider.streams if name in asked and name not in granted),
    )


def give_back(provider: Provider, traded: Offer | Outcome, outcome: Outcome) -> None:
    """Take the grant of an account that is linked to nobody back at the provider, as well as that goes.

    Never of an account that is linked: at some providers that would end the link that works.
    """
    mistaken = isinstance(outcome, WrongAccount) and outcome.whose == "another_of_yours"
    if not (isinstance(traded, Offer) and mistaken):
        return
    grant = traded.grant
    try:
        provider.revoke(grant.refresh_token or grant.access_token)
    except ProviderError as error:
        _log.warning("a grant that is not kept was not taken back: %s", error.text)
