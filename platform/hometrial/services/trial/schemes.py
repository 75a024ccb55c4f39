"""Schemes of allocation: a sealed seed, and a commitment to it that is public before the first person."""

import secrets
from fractions import Fraction

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Allocation,
    AllocationDraw,
    AllocationReveal,
    AllocationScheme,
    ProtocolVersion,
)
from hometrial.protocol import sealing
from hometrial.protocol.allocation import (
    BlockAllocation,
    Minimisation,
    MinimisedAllocation,
    PermutedBlocks,
)
from hometrial.protocol.applying import blocks_of
from hometrial.protocol.arms import AllocatedFromList
from hometrial.protocol.drawing import AllocationError, Seed
from hometrial.protocol.model import Protocol
from hometrial.protocol.sealing import Made
from hometrial.services.trial import publishing, sealed

Design = PermutedBlocks | Minimisation

_SEED_BYTES = 32


def hold(session: Session) -> None:
    """One at a time opens, draws or reveals."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.allocation'))"))


def open_scheme(
    session: Session, key: bytes, version: ProtocolVersion, *, by: str
) -> AllocationScheme:
    """Draw a seed for a version in force, seal it, and make its commitment public.

    A later version that allocates in the same way goes on with the scheme there is. Raises AllocationError.
    """
    design = design_of(publishing.of(version))
    hold(session)
    if version.state != "published":
        raise AllocationError(
            f"{version.protocol} {version.version} is {version.state}; only the version in force is opened"
        )
    if (present := scheme_for(session, version)) is not None:
        raise AllocationError(
            f"the allocation of {version.protocol} is open already, committed to {present.commitment}"
        )
    if session.scalar(
        select(AllocationScheme.id).where(AllocationScheme.protocol_version_id == version.id)
    ):
        raise AllocationError(
            f"the allocation of {version.protocol} {version.version} is revealed; nobody is allocated any more"
        )
    file = sealing.sealed(Seed(secrets.token_hex(_SEED_BYTES)), design)
    scheme = AllocationScheme(
        protocol_version_id=version.id,
        commitment=sealing.commitment(file),
        opened_at=clock.now(),
        opened_by=by,
    )
    session.add(scheme)
    session.flush()
    sealed.keep(session, key, scheme.id, file)
    return scheme


def design_of(protocol: Protocol) -> Design:
    """Return how a protocol allocates. Raises AllocationError where it does not, or by a list from elsewhere."""
    design = blocks_of(protocol)
    if design is not None:
        return design
    if isinstance(protocol.allocation, AllocatedFromList):
        raise AllocationError(
            f"{protocol.id} is allocated by a list from elsewhere, which cannot be uploaded yet;"
            " declare permuted_blocks or minimisation"
        )
    raise AllocationError(f"{protocol.id} allocates nobody: it has one arm")


def scheme_for(session: Session, version: ProtocolVersion) -> AllocationScheme | None:
    """Return the scheme in use for people of a version, None if there is none that is not revealed."""
    design = design_of(publishing.of(version))
    found = session.execute(
        select(AllocationScheme, ProtocolVersion)
        .join(ProtocolVersion, ProtocolVersion.id == AllocationScheme.protocol_version_id)
        .outerjoin(AllocationReveal, AllocationReveal.scheme_id == AllocationScheme.id)
        .where(
            ProtocolVersion.protocol == version.protocol,
            ProtocolVersion.is_test == version.is_test,
            AllocationReveal.scheme_id.is_(None),
        )
        .order_by(AllocationScheme.opened_at.desc(), AllocationScheme.id)
    )
    return next(
        (scheme for scheme, origin in found if blocks_of(publishing.of(origin)) == design), None
    )


def schemes_of(session: Session, protocol: str, *, is_test: bool = False) -> list[AllocationScheme]:
    """Return every scheme that a protocol was ever allocated by, the oldest first."""
    found = session.scalars(
        select(AllocationScheme)
        .join(ProtocolVersion, ProtocolVersion.id == AllocationScheme.protocol_version_id)
        .where(ProtocolVersion.protocol == protocol, ProtocolVersion.is_test == is_test)
        .order_by(AllocationScheme.opened_at, AllocationScheme.id)
    )
    return list(found)


def made_by(
    session: Session, scheme: AllocationScheme, design: Design
) -> list[tuple[Allocation, Made]]:
    """Return what a scheme allocated, in order within each stratum; in error or not, it was drawn."""
    rows = session.scalars(
        select(Allocation)
        .where(Allocation.scheme_id == scheme.id)
        .order_by(Allocation.stratum, Allocation.number)
    ).all()
    draws = sealed.draws(session, [row.id for row in rows])
    return [(row, _made(design, row, draws.get(row.id) or _NOTHING)) for row in rows]


_NOTHING = AllocationDraw(drawn=-1, imbalance=[], preferred=None)
"""Of an allocation that was never drawn: it equals no draw."""


def _made(design: Design, row: Allocation, draw: AllocationDraw) -> Made:
    if isinstance(design, PermutedBlocks):
        return BlockAllocation(row.arm, row.stratum, row.number, draw.drawn)
    levels = tuple(row.levels[factor.name] for factor in design.factors)
    shares = tuple(Fraction(share) for share in draw.imbalance)
    return MinimisedAllocation(row.arm, row.number, levels, shares, draw.preferred, draw.drawn)
