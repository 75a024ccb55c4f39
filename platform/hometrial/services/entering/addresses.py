"""Finding a person by their e-mail address without reading one: a keyed hash stands beside the sealed address."""

import hmac
import re
import unicodedata
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import EntryAddress, Participant

LONGEST = 254
_SHAPE = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


class AddressRefusedError(TrialError):
    """An e-mail address that cannot be kept or asked for; the address itself is never repeated."""


def normalised(email: str) -> str:
    """Return an address as it is compared: without spaces around it, in small letters.

    Raises AddressRefusedError if it cannot be an address.
    """
    bare = unicodedata.normalize("NFC", email).strip().lower()
    if len(bare) > LONGEST or not _SHAPE.fullmatch(bare) or not bare.isprintable():
        raise AddressRefusedError(
            "email: this is no address; it looks like name@example.org, without spaces"
        )
    return bare


def look_up_key(identity_key: bytes) -> bytes:
    """Return the key of the hashes. It is derived, so that whoever stores an address cannot lack it."""
    return hmac.digest(identity_key, b"hometrial: look-up of e-mail addresses", "sha256")


def hashed(identity_key: bytes, email: str) -> str:
    """Return what an address is looked up by; without the key it cannot be guessed back."""
    return hmac.digest(look_up_key(identity_key), normalised(email).encode("utf-8"), "sha256").hex()


def keep(session: Session, identity_key: bytes, participant_id: UUID, email: str) -> None:
    """Have a person be found by an address from now on, and by no former one.

    Raises AddressRefusedError if it is none, or another person's: a code sent there would reach both.
    """
    wanted = hashed(identity_key, email)
    owner = session.execute(
        select(Participant.id, Participant.code)
        .join(EntryAddress, EntryAddress.participant_id == Participant.id)
        .where(EntryAddress.address_hmac == wanted)
    ).one_or_none()
    if owner is not None and owner.id != participant_id:
        raise AddressRefusedError(
            f"email: this address is on record for {owner.code} already, and a code sent there would open "
            "the pages of both; ask this person for an address of their own"
        )
    row = session.get(EntryAddress, participant_id)
    if row is None:
        row = EntryAddress(participant_id=participant_id)
        session.add(row)
    if row.address_hmac != wanted:
        row.address_hmac, row.recorded_at = wanted, clock.now()
    session.flush()


def owner(session: Session, address_hmac: str) -> UUID | None:
    """Return whose address this is."""
    return session.scalar(
        select(EntryAddress.participant_id).where(EntryAddress.address_hmac == address_hmac)
    )


def of_person(session: Session, participant_id: UUID) -> str | None:
    """Return the hash of a person's address; None if none is on record."""
    return session.scalar(
        select(EntryAddress.address_hmac).where(EntryAddress.participant_id == participant_id)
    )
