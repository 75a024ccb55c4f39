"""What would foretell an allocation: sealed with a key of its own, under a role that only allocation takes on."""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import AllocationDraw, AllocationSeal
from hometrial.protocol.drawing import Seed

ALLOCATION_ROLE = "hometrial_allocation"
KEY = "allocation"
"""The name of the key in the home folder: without it and the database together nobody can foretell anything."""


@contextmanager
def _as_allocation(session: Session) -> Iterator[None]:
    """Act inside as the only role that may read what is sealed, and nothing else."""
    session.flush()
    before = session.execute(text("SELECT current_setting('role')")).scalar_one()
    session.execute(text(f"SET LOCAL ROLE {ALLOCATION_ROLE}"))
    yield
    # After an exception the transaction is lost anyway, and its role with it.
    session.execute(text("SELECT set_config('role', :before, true)"), {"before": before})


def keep(session: Session, key: bytes, scheme_id: UUID, file: bytes) -> None:
    """Seal the file of a scheme, bound to it."""
    sealed = _cipher(key).encrypt(scheme_id.bytes + file)
    with _as_allocation(session):
        session.execute(insert(AllocationSeal).values(scheme_id=scheme_id, file=sealed))


def opened(session: Session, key: bytes, scheme_id: UUID) -> bytes:
    """Return the file of a scheme. Raises TrialError if it was sealed with another key, or for another scheme."""
    query = select(AllocationSeal.file).where(AllocationSeal.scheme_id == scheme_id)
    with _as_allocation(session):
        sealed = session.execute(query).scalar_one()
    try:
        found = _cipher(key).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise TrialError(
            f"the allocation was sealed with another key; restore keys/{KEY}.hex from the backup"
        ) from error
    if found[:16] != scheme_id.bytes:
        raise TrialError("the sealed file belongs to another scheme: the vault was tampered with")
    return found[16:]


def seed_of(file: bytes) -> Seed:
    """Return the seed that a sealed file holds."""
    return Seed(json.loads(file)["seed"])


def keep_draw(session: Session, draw: AllocationDraw) -> None:
    """Keep what an allocation used up of its stream."""
    with _as_allocation(session):
        session.add(draw)
        session.flush()


def draws(session: Session, allocations: Iterable[UUID]) -> dict[UUID, AllocationDraw]:
    """Return what these allocations used up."""
    query = select(AllocationDraw).where(AllocationDraw.allocation_id.in_(list(allocations)))
    with _as_allocation(session):
        return {row.allocation_id: row for row in session.scalars(query)}


def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))
