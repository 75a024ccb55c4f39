"""Of how many: a percentage never stands without its denominator and its exact interval."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar


@dataclass(frozen=True)
class Proportion:
    """k of n with an interval; as text: `16/17 (94.1 %; exact 95 % CI 71.3-99.8 %)`."""

    k: int
    n: int
    low: float
    high: float
    level: float
    method: Literal["exact", "wilson"]

    def __str__(self) -> str:
        """Write it as a report prints it."""
        share = 100 * self.k / self.n
        return (
            f"{self.k}/{self.n} ({share:.1f} %; {self.method} {100 * self.level:g} % CI "
            f"{100 * self.low:.1f}-{100 * self.high:.1f} %)"
        )


def proportion(
    k: int, n: int, level: float = 0.95, method: Literal["exact", "wilson"] = "exact"
) -> Proportion:
    """Return k of n with the interval of Clopper and Pearson 1934, or of Wilson 1927.

    Raises ValueError where k of n is nothing that can be counted.
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"{k} of {n} cannot be counted")
    found = stats.binomtest(k, n).proportion_ci(level, method=method)
    return Proportion(k, n, float(found.low), float(found.high), level, method)


def without_events(n: int, level: float = 0.95) -> float:
    """Return the true rate that no event in n people still allows, one-sided: 1 - (1 - level)^(1/n)."""
    if n < 1:
        raise ValueError(f"{n} people exclude nothing")
    return float(1 - (1 - level) ** (1 / n))


def changed_sides(only_before: int, only_after: int) -> float:
    """Return the exact p value of McNemar 1947 for people who are responders at one of two times only."""
    return float(mcnemar(np.array([[0, only_before], [only_after, 0]]), exact=True).pvalue)


def attainable(percent: float, n: int) -> list[int]:
    """Return every k of n that prints as this percentage, rounded to as many decimals as it has; none: it is of another n.

    A half may have been rounded up or down: 12.5 is printed as 12 and as 13. Raises ValueError for nobody.
    """
    if n < 1:
        raise ValueError(f"{n} people have no percentage")
    unit = Decimal(10) ** -len(f"{percent:g}".partition(".")[2])
    told = Decimal(f"{percent:g}")
    return [
        k for k in range(n + 1) if abs(Fraction(100 * k, n) - Fraction(told)) <= Fraction(unit) / 2
    ]
