"""Wilcoxon's signed ranks: the exact distribution, the shift of Hodges and Lehmann, and its exact interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from hometrial.exports.estimates.numbers import NOISE, Values, known

EXACT_UP_TO = 50
"""So many pairs are counted out exactly, if none is tied and none is zero; beyond it the normal approximation holds."""
_DRAWN = 9999


@dataclass(frozen=True)
class Shift:
    """A median shift with its interval; `level` is what the interval really covers, at least what was asked for."""

    estimate: float
    low: float
    high: float
    level: float
    walsh_averages: int
    index: int


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's test of paired differences; `method` says how the p value was found."""

    statistic: float
    p: float
    pairs: int
    method: str


def signed_rank(differences: Sequence[float], seed: int) -> SignedRank:
    """Test whether differences lie about zero; zeros are dropped (Wilcoxon 1945).

    Exact where there are no ties and no zeros and at most 50 pairs; where there are, of all ways of signs if they are
    no more than 9,999 and by so many seeded permutations if they are; approximate beyond. What differs by less than
    the noise of binary fractions is tied. Raises ValueError where every difference is zero, or one is no number.
    """
    d: Values = np.round(known(differences, 0, "differences"), round(-np.log10(NOISE)))
    left = d[d != 0]
    if not left.size:
        raise ValueError("every difference is zero: there is nothing to rank")
    tied = left.size < d.size or np.unique(np.abs(left)).size < left.size
    if left.size > EXACT_UP_TO:
        return _tested(d, left.size, "approx", "approximate")
    if left.size == 1:
        return _tested(left, 1, "exact", "exact")
    if tied:
        drawn = stats.PermutationMethod(n_resamples=_DRAWN, rng=np.random.default_rng(seed))
        are_all = 2**left.size <= _DRAWN
        named = (
            f"exact, all {2**left.size:,} ways of signs"
            if are_all
            else f"permutations, seed {seed}"
        )
        return _tested(left, left.size, drawn, named)
    return _tested(d, left.size, "exact", "exact")


def _tested(d: Values, pairs: int, method: object, named: str) -> SignedRank:
    found = stats.wilcoxon(d, zero_method="wilcox", method=method)
    return SignedRank(float(found.statistic), float(found.pvalue), pairs, named)


def counts(n: int) -> npt.NDArray[np.object_]:
    """Return in how many of the 2^n ways of signs the sum of the positive ranks is 0, 1, ... n(n+1)/2; whole numbers."""
    ways = np.zeros(n * (n + 1) // 2 + 1, dtype=object)
    ways[0] = 1
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[:-rank]
    return ways


def shift(differences: Sequence[float], alpha: float = 0.05) -> Shift:
    """Return the median of the Walsh averages (d_i + d_j)/2, i <= j, and its exact interval.

    Sorted averages W_1..W_N: the interval is W_k to W_(N+1-k), k the smallest count c with P(W <= c) > alpha/2
    (Hollander, Wolfe and Chicken 2014, 3.3; the distribution is that of untied differences). Raises ValueError
    where so few pairs allow no interval of that level, or one is no number.
    """
    d = known(differences, 1, "pairs")
    first, second = np.triu_indices(d.size)
    walsh = np.sort((d[first] + d[second]) / 2)
    ways = counts(d.size)
    cumulated = np.cumsum(ways)
    k = next(c for c, count in enumerate(cumulated) if count > alpha / 2 * 2**d.size)
    if k == 0:
        raise ValueError(
            f"{d.size} pairs allow no interval of {100 * (1 - alpha):g} %: the widest covers "
            f"{100 * (1 - 2 / 2**d.size):.2f} %"
        )
    outside = 2 * int(cumulated[k - 1]) / 2**d.size
    return Shift(
        float(np.median(walsh)), float(walsh[k - 1]), float(walsh[-k]), 1 - outside, walsh.size, k
    )
