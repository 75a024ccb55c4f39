"""Every signature of a study held against what it was when it was given."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import ConsentSignature
from hometrial.services.agreeing import sealing
from hometrial.services.agreeing.sealing import Keys


@dataclass(frozen=True)
class Broken:
    """A signature that does not stand any more as it was given, and why."""

    id: UUID
    of: str
    faults: tuple[str, ...]


def verify_all(session: Session, keys: Keys) -> tuple[int, tuple[Broken, ...]]:
    """Return how many signatures there are, and those that are broken, oldest first."""
    rows = session.scalars(
        select(ConsentSignature).order_by(ConsentSignature.signed_at, ConsentSignature.id)
    ).all()
    found = ((row, sealing.verify(session, keys, row)) for row in rows)
    return len(rows), tuple(
        Broken(row.id, f"{row.signer}, {row.document} {row.version}", faults)
        for row, faults in found
        if faults
    )
