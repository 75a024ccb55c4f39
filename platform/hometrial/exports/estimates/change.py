"""The change of a measure within people, from before to after: mean, interval, standardised, bootstrapped, reliable."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, sqrt

import numpy as np
from scipy import special, stats

from hometrial.exports.estimates.numbers import Values, is_constant, known

SEED = 20261123
RESAMPLES = 9999


@dataclass(frozen=True)
class Interval:
    """An estimate between its limits."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """The mean change of complete pairs with Student's interval and test (Student 1908)."""

    pairs: int
    mean: float
    sd: float
    low: float
    high: float
    t: float
    df: int
    p: float


@dataclass(frozen=True)
class Standardised:
    """A change in standard deviations, under each of its names.

    `d_z` by the SD of the changes (also called standardised response mean), `g_z` corrected for few pairs by
    `j` (Hedges 1981, approximate) or `j_exact`, `d_av` by the mean of both SDs (Cumming 2012).
    """

    d_z: float
    j: float
    j_exact: float
    g_z: float
    d_av: float


def student(d: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean of differences. Raises ValueError for fewer than two, or all the same."""
    found = stats.ttest_1samp(_varying(known(d, 2, "differences")), 0.0).confidence_interval(level)
    return float(found.low), float(found.high)


def paired(before: Sequence[float], after: Sequence[float], level: float = 0.95) -> Change:
    """Return the mean change after - before. Raises ValueError where `differences` does, or where all are the same."""
    d = _varying(differences(before, after))
    found = stats.ttest_rel(after, before)
    limits = found.confidence_interval(level)
    return Change(
        pairs=d.size,
        mean=float(d.mean()),
        sd=float(d.std(ddof=1)),
        low=float(limits.low),
        high=float(limits.high),
        t=float(found.statistic),
        df=int(found.df),
        p=float(found.pvalue),
    )


def differences(before: Sequence[float], after: Sequence[float]) -> Values:
    """Return after - before of each pair. Raises ValueError where they cannot be paired, or for fewer than two."""
    if len(before) != len(after):
        raise ValueError(f"{len(before)} values before and {len(after)} after are no pairs")
    return known(np.asarray(after, dtype=float) - np.asarray(before, dtype=float), 2, "pairs")


def _varying(d: Values) -> Values:
    if is_constant(d):
        raise ValueError(
            f"every person changed by the same amount, {d[0]:.3g}: without any spread there is no interval and no test"
        )
    return d


def standardised(before: Sequence[float], after: Sequence[float]) -> Standardised:
    """Return the change in standard deviations.

    Raises ValueError where the changes do not vary, or for two pairs, of which Hedges' correction leaves nothing.
    """
    d = differences(before, after)
    if is_constant(d):
        raise ValueError("every person changed by the same amount: there is no spread to divide by")
    known(d, 3, "pairs")
    spread, m = float(d.std(ddof=1)), d.size - 1
    j = 1 - 3 / (4 * m - 1)
    j_exact = np.exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2)
    d_z = float(d.mean()) / spread
    both = (np.std(before, ddof=1) + np.std(after, ddof=1)) / 2
    return Standardised(d_z, j, float(j_exact), d_z * j, float(d.mean() / both))


def bootstrapped(
    values: Sequence[float], level: float = 0.95, seed: int = SEED, resamples: int = RESAMPLES
) -> Interval:
    """Return a mean with its bias-corrected and accelerated interval (Efron 1987), of a seed that is printed with it.

    Raises ValueError for fewer than two values, or where all are the same: samples of them tell nothing.
    """
    d = known(values, 2, "values")
    if is_constant(d):
        raise ValueError("all values are the same: samples of them do not vary")
    found = stats.bootstrap(
        (d,), np.mean, n_resamples=resamples, confidence_level=level, method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return Interval(float(d.mean()), float(found.low), float(found.high))


def reliable(sd_baseline: float, reliability: float) -> float:
    """Return the change of one person beyond which noise is unlikely: 1.96 * sqrt(2) * SD * sqrt(1 - r).

    Jacobson and Truax 1991; `reliability` is the test-retest coefficient of the run-in. Raises ValueError outside 0..1,
    and for a standard deviation that is none.
    """
    if not sd_baseline >= 0:
        raise ValueError(f"a standard deviation of {sd_baseline} is none; it is 0 or more")
    if not 0 <= reliability <= 1:
        raise ValueError(f"a reliability of {reliability} is none; it lies between 0 and 1")
    return float(special.ndtri(0.975)) * sqrt(2) * sd_baseline * sqrt(1 - reliability)


def agreement(first: Sequence[float], second: Sequence[float]) -> float:
    """Return ICC(A,1) of two measurements of the same people: two-way, absolute agreement (McGraw and Wong 1996).

    Raises ValueError for fewer than two people, values that do not match, or where all are the same.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} first values and {len(second)} second ones are no pairs")
    both = np.column_stack([known(first, 2, "first values"), known(second, 2, "second values")])
    if is_constant(both):
        raise ValueError("all values are the same: nothing varies that could agree")
    n, k = both.shape
    grand = both.mean()
    rows = k * ((both.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((both.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    rest = ((both - grand) ** 2).sum() - rows * (n - 1) - columns * (k - 1)
    error = rest / ((n - 1) * (k - 1))
    return float((rows - error) / (rows + (k - 1) * error + k * (columns - error) / n))
