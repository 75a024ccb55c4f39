"""The sealed file of an allocation: committed to before the first person, revealed and proven at the end."""

import hashlib
import hmac
import json
from collections.abc import Sequence

from hometrial.protocol.allocation import (
    BlockAllocation,
    Minimisation,
    MinimisedAllocation,
    PermutedBlocks,
    allocate_by_minimisation,
    allocate_in_block,
)
from hometrial.protocol.drawing import AllocationError, Seed

Made = BlockAllocation | MinimisedAllocation

_LEAST_SEALED = 32  # characters: 128 bits in hexadecimal digits


class SealBrokenError(AllocationError):
    """A sealed file is not the one that was committed to."""


def sealed(seed: Seed, design: PermutedBlocks | Minimisation) -> bytes:
    """Return the file to keep sealed: seed and design, in one form only. Its `commitment` is made public.

    Raises AllocationError of a seed so short that it could be guessed from its commitment.
    """
    if len(seed.text) < _LEAST_SEALED:
        raise AllocationError(
            f"the seed has {len(seed.text)} characters: take {_LEAST_SEALED} or more, from a source of chance,"
            " or it can be guessed from its commitment"
        )
    told = {
        "schema": "allocation/1",
        "generator": "HMAC-CTR",
        "seed": seed.text,
        "arms": [[arm.id, arm.ratio] for arm in design.arms],
        "factors": [[each.name, list(each.levels), str(each.weight)] for each in design.factors],
    } | (
        {"method": "permuted blocks", "sizes": list(design.sizes)}
        if isinstance(design, PermutedBlocks)
        else {"method": "minimisation", "probability": design.probability}
    )
    return json.dumps(told, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


def commitment(file: bytes) -> str:
    """Return the SHA-256 of a sealed file in hexadecimal digits; it is not that of the seed, which is the key."""
    return hashlib.sha256(file).hexdigest()


def require_unbroken(
    file: bytes, committed: str, seed: Seed, design: PermutedBlocks | Minimisation
) -> None:
    """Raise SealBrokenError unless the file is the one committed to, and holds this seed and this design."""
    if not hmac.compare_digest(commitment(file), committed):
        raise SealBrokenError(
            f"the sealed file has the SHA-256 {commitment(file)}, committed was {committed}"
        )
    if file != sealed(seed, design):
        raise SealBrokenError("the sealed file holds another seed or design than the one in use")


def not_as_drawn(
    seed: Seed, design: PermutedBlocks | Minimisation, made: Sequence[Made]
) -> list[Made]:
    """Return which of the allocations made, in their order, are not those that the revealed seed gives.

    One that is left out or there twice shows, too: the next of its stratum has another number.
    """
    return [each for before, each in enumerate(made) if each != _again(seed, design, made, before)]


def _again(
    seed: Seed, design: PermutedBlocks | Minimisation, made: Sequence[Made], before: int
) -> Made:
    each, earlier = made[before], made[:before]
    if isinstance(design, PermutedBlocks) and isinstance(each, BlockAllocation):
        so_far = sum(_stratum(one) == each.stratum for one in earlier)
        return allocate_in_block(seed, design, each.stratum, so_far)
    if isinstance(design, Minimisation) and isinstance(each, MinimisedAllocation):
        names = [factor.name for factor in design.factors]
        levels = dict(zip(names, each.levels, strict=True))
        past = [one for one in earlier if isinstance(one, MinimisedAllocation)]
        return allocate_by_minimisation(seed, design, levels, past)
    raise AllocationError(f"{type(each).__name__} was not made by {type(design).__name__}")


def _stratum(made: Made) -> str | None:
    return made.stratum if isinstance(made, BlockAllocation) else None
