"""Passkeys of the staff: one is enough to log in, as it asks its owner for finger, face or PIN, each time.

What one signs is made here, good for five minutes, for one browser, one purpose and one session, once.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import webauthn
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hometrial import clock
from hometrial.models import StaffAccount, StaffChallenge, StaffPasskey, StaffPasskeyUse
from hometrial.services.entering.parties import Party

Purpose = Literal["register", "enter", "confirm"]
VALID_FOR = timedelta(minutes=5)
_UNLOCKED = UserVerificationRequirement.REQUIRED
_MILLISECONDS = int(VALID_FOR.total_seconds() * 1000)
_NOT_RIGHT = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError)
"""What the library raises for answers that are forged, damaged or none at all."""


@dataclass(frozen=True)
class Own:
    """One of an account's passkeys, as its owner sees it."""

    id: UUID
    is_synced: bool
    registered_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Asked:
    """What a browser is asked, as JSON, and the secret that it has to bring back with the answer."""

    options: str
    browser: str


@dataclass(frozen=True)
class Answered:
    """What a browser brings back; `bound`: the hash of the session or link in which it was asked, if in any."""

    browser: str
    answer: str
    bound: bytes | None = None


def mine(session: Session, account_id: UUID) -> list[Own]:
    """Return an account's passkeys that open something, oldest first."""
    rows = session.execute(
        select(StaffPasskey, func.max(StaffPasskeyUse.used_at))
        .outerjoin(StaffPasskeyUse, StaffPasskeyUse.passkey_id == StaffPasskey.id)
        .where(StaffPasskey.account_id == account_id, StaffPasskey.removed_at.is_(None))
        .group_by(StaffPasskey.id)
        .order_by(StaffPasskey.registered_at, StaffPasskey.id)
    )
    return [Own(key.id, key.is_synced, key.registered_at, last) for key, last in rows]


def ask_to_register(session: Session, party: Party, account: StaffAccount, bound: bytes) -> Asked:
    """Return what a browser is asked to make a passkey for."""
    browser, challenge = _mint(session, "register", bound)
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name="Hometrial",
        user_id=account.id.bytes,
        user_name=account.name,
        user_display_name=account.full_name,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_UNLOCKED
        ),
        exclude_credentials=_descriptors(session, account.id),
    )
    return Asked(webauthn.options_to_json(options), browser)


def register(session: Session, party: Party, account_id: UUID, given: Answered) -> bool:
    """Keep the passkey that a browser made; False if its answer is not right."""
    spent = _spend(session, "register", given)
    if spent is None:
        return False
    try:
        made = webauthn.verify_registration_response(
            credential=given.answer,
            expected_challenge=spent.challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _NOT_RIGHT:
        return False
    known = select(StaffPasskey.id).where(StaffPasskey.credential_id == made.credential_id)
    if session.scalar(known) is not None:
        return False
    session.add(
        StaffPasskey(
            account_id=account_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            is_synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            registered_at=clock.now(),
        )
    )
    spent.outcome = "accepted"
    session.flush()
    return True


def ask_to_use(
    session: Session, party: Party, account_id: UUID | None = None, bound: bytes | None = None
) -> Asked:
    """Return what a browser is asked to sign: to come in with any passkey, or to confirm with one's own."""
    browser, challenge = _mint(session, _purpose(bound), bound)
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=_descriptors(session, account_id) if account_id else [],
        user_verification=_UNLOCKED,
    )
    return Asked(webauthn.options_to_json(options), browser)


def use(
    session: Session, party: Party, given: Answered, account_id: UUID | None = None
) -> UUID | None:
    """Return whose passkey answered; None if the answer is not right. What was tried is to be committed."""
    spent = _spend(session, _purpose(given.bound), given)
    if spent is None:
        return None
    try:
        credential = parse_authentication_credential_json(given.answer)
        passkey = _found(session, credential, account_id)
        if passkey is None:
            return None
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=spent.challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=_count(session, passkey),
            require_user_verification=True,
        )
    except _NOT_RIGHT:
        return None
    session.add(
        StaffPasskeyUse(
            passkey_id=passkey.id, sign_count=verified.new_sign_count, used_at=clock.now()
        )
    )
    spent.outcome = "accepted"
    session.flush()
    return passkey.account_id


def remove(session: Session, account_id: UUID, passkey_id: UUID) -> bool:
    """Have one of an account's own passkeys open nothing more; False if there is no such passkey."""
    removed = session.execute(
        update(StaffPasskey)
        .where(
            StaffPasskey.id == passkey_id,
            StaffPasskey.account_id == account_id,
            StaffPasskey.removed_at.is_(None),
        )
        .values(removed_at=clock.now())
        .returning(StaffPasskey.id)
    )
    return removed.first() is not None


def _purpose(bound: bytes | None) -> Purpose:
    return "enter" if bound is None else "confirm"


def _mint(session: Session, purpose: Purpose, bound: bytes | None) -> tuple[str, bytes]:
    browser, challenge, now = secrets.token_urlsafe(32), secrets.token_bytes(64), clock.now()
    session.add(
        StaffChallenge(
            purpose=purpose,
            browser_sha256=hashlib.sha256(browser.encode()).digest(),
            bound_sha256=bound,
            challenge=challenge,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    session.flush()
    return browser, challenge


def _spend(session: Session, purpose: Purpose, given: Answered) -> StaffChallenge | None:
    """Use a browser's challenge up; it counts as refused until the answer is found to be right."""
    now = clock.now()
    return session.scalar(
        update(StaffChallenge)
        .where(
            StaffChallenge.browser_sha256 == hashlib.sha256(given.browser.encode()).digest(),
            StaffChallenge.purpose == purpose,
            StaffChallenge.bound_sha256.is_not_distinct_from(given.bound),
            StaffChallenge.used_at.is_(None),
            StaffChallenge.expires_at > now,
        )
        .values(used_at=now, outcome="refused")
        .returning(StaffChallenge)
    )


def _descriptors(session: Session, account_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = select(StaffPasskey.credential_id).where(
        StaffPasskey.account_id == account_id, StaffPasskey.removed_at.is_(None)
    )
    return [PublicKeyCredentialDescriptor(id=each) for each in session.scalars(ids)]


def _found(
    session: Session, given: AuthenticationCredential, account_id: UUID | None
) -> StaffPasskey | None:
    """Return the passkey that answers, held until the end of the transaction: its counter is read and raised.

    The browser says, too, whose it is: both must be the same, and of the account that confirms if one does.
    """
    found = session.scalar(
        select(StaffPasskey)
        .join(StaffAccount, StaffAccount.id == StaffPasskey.account_id)
        .where(
            StaffPasskey.credential_id == given.raw_id,
            StaffPasskey.removed_at.is_(None),
            StaffAccount.disabled_at.is_(None),
        )
    )
    if found is None:
        return None
    told = given.response.user_handle
    if told is None and account_id is None:
        return None
    if told is not None and told != found.account_id.bytes:
        return None
    if account_id is not None and account_id != found.account_id:
        return None
    key = {"key": f"hometrial.staff_passkey.{found.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    return found


def _count(session: Session, passkey: StaffPasskey) -> int:
    """Return the highest counter that a passkey ever showed: a copy of it shows a lower one."""
    used = session.scalar(
        select(func.max(StaffPasskeyUse.sign_count)).where(StaffPasskeyUse.passkey_id == passkey.id)
    )
    return max(passkey.sign_count, used or 0)
