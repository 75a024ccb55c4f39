"""The seal of the allocation as everybody may know it: what was committed to, when, and whether it is public."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Allocation, AllocationReveal, AllocationScheme, ProtocolVersion
from hometrial.services.trial import schemes


@dataclass(frozen=True)
class Seal:
    """A scheme of allocation as everybody may know it: the commitment, and whether the file is public yet."""

    commitment: str
    opened_at: datetime
    opened_by: str
    revealed_at: datetime | None
    revealed_by: str | None
    because: str | None
    allocated: int


def seals(session: Session, version: ProtocolVersion) -> tuple[Seal, ...]:
    """Return the schemes without anything that foretells: neither seed nor stream nor strata."""
    found: list[AllocationScheme] = schemes.schemes_of(
        session, version.protocol, is_test=version.is_test
    )
    reveals = {
        each.scheme_id: each
        for each in session.scalars(
            select(AllocationReveal).where(
                AllocationReveal.scheme_id.in_([scheme.id for scheme in found])
            )
        )
    }
    made = Counter(
        session.scalars(
            select(Allocation.scheme_id).where(
                Allocation.scheme_id.in_([scheme.id for scheme in found])
            )
        )
    )
    return tuple(_seal(each, reveals.get(each.id), made[each.id]) for each in found)


def _seal(scheme: AllocationScheme, revealed: AllocationReveal | None, made: int) -> Seal:
    return Seal(
        scheme.commitment,
        scheme.opened_at,
        scheme.opened_by,
        None if revealed is None else revealed.revealed_at,
        None if revealed is None else revealed.revealed_by,
        None if revealed is None else revealed.because,
        made,
    )
