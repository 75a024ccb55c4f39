"""Passkeys: registered by who is known, used to come in or to confirm, removed by their owner.

A passkey is found by the browser itself, and unlocked by its owner (finger, face or PIN): that it was is required.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import webauthn
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.dialects.postgresql import insert
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
from hometrial.models import Passkey, PasskeyRemoval, PasskeyUse
from hometrial.services.entering import addresses, challenges, freshness
from hometrial.services.entering.challenges import Purpose
from hometrial.services.entering.freshness import NotConfirmedError
from hometrial.services.entering.parties import Party
from hometrial.services.syncing.invitations import Visit

_UNLOCKED = UserVerificationRequirement.REQUIRED
_MILLISECONDS = int(challenges.VALID_FOR.total_seconds() * 1000)
_NOT_RIGHT = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError)
"""What the library raises for answers that are forged, damaged or none at all."""


@dataclass(frozen=True)
class Own:
    """One of a person's passkeys, as they see it."""

    id: UUID
    is_synced: bool
    registered_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Asked:
    """What a browser is asked, as JSON, and the secret that it has to bring back with the answer."""

    options: str
    browser: str


def mine(session: Session, participant_id: UUID) -> list[Own]:
    """Return a person's passkeys that open something, oldest first."""
    rows = session.execute(
        select(Passkey, func.max(PasskeyUse.used_at))
        .outerjoin(PasskeyUse, PasskeyUse.passkey_id == Passkey.id)
        .where(Passkey.participant_id == participant_id, _stands())
        .group_by(Passkey.id)
        .order_by(Passkey.registered_at, Passkey.id)
    )
    return [Own(key.id, key.is_synced, key.registered_at, last) for key, last in rows]


def voucher(session: Session, visit: Visit) -> str | None:
    """Return what stands behind a passkey that is registered now; None if the person is to confirm first.

    Who has no address on record can prove nothing yet: their first passkey stands on their link alone, and says
    so. Anybody else confirms, or whoever finds an open page would get a key to it for good.
    """
    means = freshness.confirmed(session, visit)
    if means is not None:
        return means
    known = addresses.of_person(session, visit.participant_id) is not None
    return None if known or mine(session, visit.participant_id) else "invitation"


def ask_to_register(session: Session, party: Party, visit: Visit, site_name: str) -> Asked:
    """Return what a browser is asked to make a passkey for. Raises NotConfirmedError."""
    _require_voucher(session, visit)
    browser, challenge = challenges.mint(session, "register", visit)
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name=site_name,
        user_id=visit.participant_id.bytes,
        user_name=visit.code,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_UNLOCKED
        ),
        exclude_credentials=_descriptors(session, visit.participant_id),
    )
    return Asked(webauthn.options_to_json(options), browser)


def _require_voucher(session: Session, visit: Visit) -> str:
    found = voucher(session, visit)
    if found is None:
        raise NotConfirmedError(
            f"{visit.code} has not just proved who they are, and a new passkey needs it; confirm it at /confirm"
        )
    return found


def register(
    session: Session, party: Party, visit: Visit, browser: str, answer: str
) -> Passkey | None:
    """Keep the passkey that a browser made; None if its answer is not right. Raises NotConfirmedError."""
    registered_by = _require_voucher(session, visit)
    spent = challenges.spend(session, "register", browser, visit)
    if spent is None:
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=spent.challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _NOT_RIGHT:
        return None
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)):
        return None
    passkey = Passkey(
        participant_id=visit.participant_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        is_synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        registered_by=registered_by,
        registered_at=clock.now(),
    )
    session.add(passkey)
    spent.outcome = "accepted"
    session.flush()
    return passkey


def ask_to_use(session: Session, party: Party, visit: Visit | None = None) -> Asked:
    """Return what a browser is asked to sign: to come in with any passkey, or to confirm a visit with one's own."""
    browser, challenge = challenges.mint(session, _purpose(visit), visit)
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=_descriptors(session, visit.participant_id) if visit else [],
        user_verification=_UNLOCKED,
    )
    return Asked(webauthn.options_to_json(options), browser)


def use(
    session: Session, party: Party, browser: str, answer: str, visit: Visit | None = None
) -> UUID | None:
    """Return whose passkey answered; None if the answer is not right. What was tried is to be committed."""
    purpose = _purpose(visit)
    spent = challenges.spend(session, purpose, browser, visit)
    if spent is None:
        return None
    try:
        given = parse_authentication_credential_json(answer)
        passkey = _found(session, given, visit)
        if passkey is None:
            return None
        verified = webauthn.verify_authentication_response(
            credential=given,
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
        PasskeyUse(
            passkey_id=passkey.id,
            purpose=purpose,
            sign_count=verified.new_sign_count,
            used_at=clock.now(),
        )
    )
    spent.outcome = "accepted"
    session.flush()
    return passkey.participant_id


def remove(session: Session, participant_id: UUID, passkey_id: UUID) -> bool:
    """Have one of a person's own passkeys open nothing more; False if they have no such passkey."""
    found = session.scalar(
        select(Passkey).where(
            Passkey.id == passkey_id, Passkey.participant_id == participant_id, _stands()
        )
    )
    if found is None:
        return False
    removal = insert(PasskeyRemoval).values(passkey_id=passkey_id, removed_at=clock.now())
    session.execute(removal.on_conflict_do_nothing())
    return True


def _purpose(visit: Visit | None) -> Purpose:
    return "enter" if visit is None else "confirm"


def _stands() -> ColumnElement[bool]:
    return ~select(PasskeyRemoval).where(PasskeyRemoval.passkey_id == Passkey.id).exists()


def _descriptors(session: Session, participant_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = select(Passkey.credential_id).where(Passkey.participant_id == participant_id, _stands())
    return [PublicKeyCredentialDescriptor(id=each) for each in session.scalars(ids)]


def _found(
    session: Session, given: AuthenticationCredential, visit: Visit | None
) -> Passkey | None:
    """Return the passkey that answers, held until the end of the transaction: its counter is read and raised.

    The browser says, too, whose it is; both must be the same, and the visit's own where there is a visit.
    """
    found = session.scalar(select(Passkey).where(Passkey.credential_id == given.raw_id, _stands()))
    if found is None:
        return None
    told = given.response.user_handle
    if told is None and visit is None:
        return None
    if told is not None and told != found.participant_id.bytes:
        return None
    if visit is not None and visit.participant_id != found.participant_id:
        return None
    key = {"key": f"hometrial.passkey.{found.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    return found


def _count(session: Session, passkey: Passkey) -> int:
    """Return the highest counter that a passkey ever showed: a copy of it shows a lower one."""
    used = session.scalar(
        select(func.max(PasskeyUse.sign_count)).where(PasskeyUse.passkey_id == passkey.id)
    )
    return max(passkey.sign_count, used or 0)
