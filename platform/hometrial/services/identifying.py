"""Names and addresses, encrypted and bound to their row and column, under a role of their own (D12)."""

import base64
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import as_identity
from hometrial.errors import TrialError
from hometrial.models import EntryAddress, Identity
from hometrial.services.entering import addresses

FIELDS = ("name", "email", "phone")


def keep(session: Session, key: bytes, participant_id: UUID, **values: str | None) -> None:
    """Store a person's identity encrypted; by their e-mail address they are found from now on.

    Raises TrialError for a field that is none, AddressRefusedError for an address that is none or another's.
    """
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise TrialError(f"{min(unknown)} is not a field of an identity; {', '.join(FIELDS)} are")
    email = values.get("email")
    if email is not None:
        addresses.keep(session, key, participant_id, email)
        values["email"] = email.strip()
    with as_identity(session):
        row = session.get(Identity, participant_id)
        if row is None:
            row = Identity(participant_id=participant_id, created_at=clock.now())
            session.add(row)
        for field, value in values.items():
            if value is not None:
                setattr(row, field, seal(key, participant_id, field, value))


def reveal(session: Session, key: bytes, participant_id: UUID) -> dict[str, str]:
    """Return a person's identity in clear.

    Raises TrialError if a value was made with another key or for another person or field.
    """
    with as_identity(session):
        row = session.get(Identity, participant_id)
        sealed = {field: getattr(row, field) for field in FIELDS} if row else {}
    return {
        field: unseal(key, participant_id, field, value)
        for field, value in sealed.items()
        if value is not None
    }


def index(session: Session, key: bytes) -> int:
    """Have everybody be found by the address that is kept of them; return how many were not found before.

    Raises AddressRefusedError if two people have one address.
    """
    with as_identity(session):
        people = session.scalars(
            select(Identity.participant_id).where(Identity.email.is_not(None))
        ).all()
    known = set(session.scalars(select(EntryAddress.participant_id)))
    missing = [person for person in people if person not in known]
    for person in missing:
        addresses.keep(session, key, person, reveal(session, key, person)["email"])
    return len(missing)


def _cipher(key: bytes) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key))])


def seal(key: bytes, row: UUID, field: str, value: str) -> bytes:
    """Return a value encrypted, bound to its row and column."""
    return _cipher(key).encrypt(f"{row}\x00{field}\x00{value}".encode())


def unseal(key: bytes, row: UUID, field: str, sealed: bytes) -> str:
    """Return a sealed value in clear. Raises TrialError of another key, row or column."""
    try:
        owner, name, value = _cipher(key).decrypt(bytes(sealed)).decode().split("\x00", 2)
    except InvalidToken as error:
        raise TrialError(
            f"{field} was sealed with another key; restore keys/identity.hex"
        ) from error
    if (owner, name) != (str(row), field):
        raise TrialError(f"{field} belongs to another row: the table was tampered with")
    return value
