"""Randomisation: permuted blocks and minimisation, one person at a time.

Every function allocates the next person; none lists what is to come. Who holds the seed can compute the list,
so it is read at the click that allocates, and never on the way to a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from hometrial.protocol.drawing import AllocationError, Draws, Seed

UNSTRATIFIED = "all"
"""The stratum of a trial that has no factors."""


@dataclass(frozen=True)
class Arm:
    """An arm and its share of the allocations."""

    id: str
    ratio: int = 1


@dataclass(frozen=True)
class Factor:
    """A prognostic factor with its levels; minimisation gives it a weight."""

    name: str
    levels: tuple[str, ...]
    weight: Fraction = Fraction(1)


@dataclass(frozen=True)
class PermutedBlocks:
    """A design of permuted blocks of random size within strata; sites must not learn the sizes."""

    arms: tuple[Arm, ...]
    sizes: tuple[int, ...] = field(repr=False)
    factors: tuple[Factor, ...] = ()

    def __post_init__(self) -> None:
        _check_arms(self.arms)
        _check_factors(self.factors)
        whole = sum(arm.ratio for arm in self.arms)
        if wrong := [size for size in self.sizes if size <= 0 or size % whole]:
            raise AllocationError(
                f"block sizes {wrong}: give multiples of {whole}, the sum of the ratios"
            )
        if len(set(self.sizes)) < 2:
            raise AllocationError(
                "block sizes: give at least two that differ, or the last of each block can be foretold"
            )

    @property
    def strata(self) -> tuple[str, ...]:
        """All strata, such as `severity=mild|sex=F`; `all` without factors."""
        named = [[f"{factor.name}={level}" for level in factor.levels] for factor in self.factors]
        return tuple("|".join(cell) or UNSTRATIFIED for cell in product(*named))

    def stratum(self, levels: Mapping[str, str]) -> str:
        """Return the stratum of a person with these levels. Raises AllocationError if one is missing or unknown."""
        cell = _levels(self.factors, levels)
        return "|".join(f"{name}={level}" for name, level in cell) or UNSTRATIFIED


@dataclass(frozen=True)
class Minimisation:
    """A design of minimisation over factors (Pocock and Simon, Biometrics 1975;31:103-115), marginal range.

    `probability`: that of the arm which would leave the least imbalance.
    """

    arms: tuple[Arm, ...]
    factors: tuple[Factor, ...]
    probability: float

    def __post_init__(self) -> None:
        _check_arms(self.arms)
        _check_factors(self.factors)
        if not self.factors:
            raise AllocationError("minimisation without factors: name at least one")
        if not 1 / len(self.arms) < self.probability < 1:
            raise AllocationError(
                f"probability {self.probability}: give one above chance, 1/{len(self.arms)}, and below 1,"
                " which could be foretold"
            )


@dataclass(frozen=True)
class BlockAllocation:
    """The allocation of a stratum's person `number`, from 1.

    `drawn` numbers of the stratum's stream are used up; it betrays the blocks, so it is for the audit trail only.
    """

    arm: str
    stratum: str
    number: int
    drawn: int = field(repr=False)


@dataclass(frozen=True)
class MinimisedAllocation:
    """The allocation of a trial's person `number`, from 1, with their levels in the order of the factors.

    `imbalance`: the weighted imbalance that each arm would have left; `preferred`: the arm with the least of it,
    None if all were equal. `drawn` numbers are used up. All but the arm is for the audit trail.
    """

    arm: str
    number: int
    levels: tuple[str, ...]
    imbalance: tuple[Fraction, ...] = field(repr=False)
    preferred: str | None = field(repr=False)
    drawn: int = field(repr=False)


def allocate_in_block(
    seed: Seed, design: PermutedBlocks, stratum: str, so_far: int
) -> BlockAllocation:
    """Return the allocation of the next person of a stratum in which `so_far` persons are allocated.

    Nothing but seed, design, stratum and that number matters: other strata never change it.
    """
    if stratum not in design.strata:
        raise AllocationError(
            f"stratum {stratum!r}: the design has only {', '.join(design.strata)}"
        )
    if so_far < 0:
        raise AllocationError(f"{so_far} persons allocated so far: give 0 or more")
    draws, past = Draws(seed, f"pb|{stratum}"), 0
    while True:
        block = _block(draws, design)
        if past + len(block) > so_far:
            return BlockAllocation(block[so_far - past], stratum, so_far + 1, draws.drawn)
        past += len(block)


def allocate_by_minimisation(
    seed: Seed,
    design: Minimisation,
    levels: Mapping[str, str],
    so_far: Sequence[MinimisedAllocation],
) -> MinimisedAllocation:
    """Return the allocation of the next person, given all allocations so far in their order."""
    own = tuple(level for _, level in _levels(design.factors, levels))
    draws = Draws(seed, "ps", so_far[-1].drawn if so_far else 0)
    imbalance = _imbalance(design, own, so_far)
    arm, preferred = _drawn_arm(draws, design, imbalance)
    return MinimisedAllocation(arm, len(so_far) + 1, own, imbalance, preferred, draws.drawn)


def _block(draws: Draws, design: PermutedBlocks) -> list[str]:
    size = design.sizes[draws.below(len(design.sizes))]
    times = size // sum(arm.ratio for arm in design.arms)
    return draws.shuffled([arm.id for arm in design.arms for _ in range(arm.ratio * times)])


def _imbalance(
    design: Minimisation, own: tuple[str, ...], so_far: Sequence[MinimisedAllocation]
) -> tuple[Fraction, ...]:
    """Return, for each arm, the sum over factors of weight x range over arms of the counts by ratio."""
    counts = [
        {
            arm.id: sum(one.arm == arm.id and one.levels[place] == level for one in so_far)
            for arm in design.arms
        }
        for place, level in enumerate(own)
    ]
    return tuple(
        sum(
            (
                factor.weight * _spread(design.arms, count, chosen.id)
                for factor, count in zip(design.factors, counts, strict=True)
            ),
            Fraction(),
        )
        for chosen in design.arms
    )


def _spread(arms: tuple[Arm, ...], count: Mapping[str, int], chosen: str) -> Fraction:
    shares = [Fraction(count[arm.id] + (arm.id == chosen), arm.ratio) for arm in arms]
    return max(shares) - min(shares)


def _drawn_arm(
    draws: Draws, design: Minimisation, imbalance: tuple[Fraction, ...]
) -> tuple[str, str | None]:
    names = [arm.id for arm in design.arms]
    least = [name for name, value in zip(names, imbalance, strict=True) if value == min(imbalance)]
    if len(least) == len(names):
        return names[draws.below(len(names))], None
    preferred = least[draws.below(len(least))] if len(least) > 1 else least[0]
    if draws.uniform() < design.probability:
        return preferred, preferred
    others = [name for name in names if name != preferred]
    return others[draws.below(len(others))], preferred


def _levels(factors: tuple[Factor, ...], levels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    names = {factor.name for factor in factors}
    if names != set(levels):
        raise AllocationError(
            f"levels of {', '.join(sorted(levels)) or 'nothing'} given: give one each of"
            f" {', '.join(sorted(names)) or 'nothing'}"
        )
    for factor in factors:
        if levels[factor.name] not in factor.levels:
            raise AllocationError(
                f"{factor.name} {levels[factor.name]!r}: the design has only {', '.join(factor.levels)}"
            )
    return tuple((factor.name, levels[factor.name]) for factor in factors)


def _check_arms(arms: tuple[Arm, ...]) -> None:
    if len({arm.id for arm in arms}) < max(2, len(arms)):
        raise AllocationError(f"arms {[arm.id for arm in arms]}: give at least two that differ")
    if wrong := [f"{arm.id} {arm.ratio}" for arm in arms if arm.ratio < 1]:
        raise AllocationError(f"ratio of {', '.join(wrong)}: give whole numbers from 1")


def _check_factors(factors: tuple[Factor, ...]) -> None:
    if len({factor.name for factor in factors}) < len(factors):
        raise AllocationError(f"factors {[each.name for each in factors]}: one is there twice")
    for factor in factors:
        if len(set(factor.levels)) < max(2, len(factor.levels)):
            raise AllocationError(f"levels of {factor.name}: give at least two that differ")
        if factor.weight <= 0:
            raise AllocationError(f"weight {factor.weight} of {factor.name}: give one above 0")
        # Two strata must never share a label, and so a list.
        if "=" in factor.name or any("|" in word for word in (factor.name, *factor.levels)):
            raise AllocationError(
                f"{factor.name}: its name may not hold = or |, its levels may not hold |"
            )
