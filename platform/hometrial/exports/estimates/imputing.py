"""What missing values could change: multiple imputation pooled by Rubin's rules, and the point at which a finding tips."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, sqrt

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.imputation.mice import MICEData
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from hometrial.exports.estimates.change import SEED
from hometrial.exports.estimates.numbers import Values, is_constant, known

TIMES = 20
FEWEST, LEAST_MISSING = 20, 0.1
"""Multiple imputation is worth it from so many people on, and so large a share without a value."""
FEWEST_SEEN = 10
"""And only if so many have the value: of fewer nothing is drawn, as no model is fitted."""
_SETTLING, _ROUNDS, _DONORS = 10, 2, 5
_STEP, _MOST_STEPS = 0.25, 80


@dataclass(frozen=True)
class Pooled:
    """A mean pooled over imputations with its interval; `between` and `within` are the parts of its variance."""

    estimate: float
    low: float
    high: float
    df: float
    within: float
    between: float
    times: int


def pooled(estimates: Sequence[float], variances: Sequence[float], complete_df: float) -> Pooled:
    """Pool by Rubin 1987, T = U + (1 + 1/m) B, with the degrees of freedom of Barnard and Rubin 1999.

    `complete_df` are those without missing values. Raises ValueError for fewer than two imputations, and where nothing
    varies within them or no degree of freedom is left: then there is no interval.
    """
    m = len(estimates)
    if m < 2 or m != len(variances):
        raise ValueError(
            f"{m} estimates and {len(variances)} variances cannot be pooled; give two and more of both"
        )
    mean = float(known(estimates, 2, "estimates").mean())
    within = float(known(variances, 2, "variances").mean())
    if not within > 0 or not complete_df > 0:
        raise ValueError(
            f"a variance of {within:.3g} within imputations and {complete_df:g} degrees of freedom allow no interval"
        )
    between = float(np.var(estimates, ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    old = (m - 1) / share**2 if share else float("inf")
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    df = observed if isinf(old) else 1 / (1 / old + 1 / observed)
    half = float(stats.t.ppf(0.975, df)) * sqrt(total)
    return Pooled(mean, mean - half, mean + half, df, within, between, m)


def is_worth_it(people: int, missing: int) -> bool:
    """Say whether so much is missing, of so many people, that values are imputed, and enough is seen to draw them of."""
    if people < FEWEST or people - missing < FEWEST_SEEN:
        return False
    return missing / people >= LEAST_MISSING


def completed(values: pd.DataFrame, seed: int = SEED, times: int = TIMES) -> list[pd.DataFrame]:
    """Return so many completions of a frame by chained equations with predictive mean matching, from a seed.

    Raises ValueError where a column has fewer known values than ten, of which nothing is drawn.
    """
    for name, count in values.notna().sum().items():
        if count < FEWEST_SEEN:
            raise ValueError(
                f"{count} values of {name} are known; it takes {FEWEST_SEEN} to draw others of them"
            )
    with warnings.catch_warnings():
        # Of people who all began alike the baseline says what the intercept says; predictions are the same either way.
        warnings.simplefilter("ignore", SingularMatrixWarning)
        chained = MICEData(values, k_pmm=_DONORS, rng=np.random.default_rng(seed))
        chained.update_all(_SETTLING)
        found = []
        for _ in range(times):
            chained.update_all(_ROUNDS)
            found.append(chained.data[list(values.columns)].copy())
    return found


def pooled_change(
    seen: Sequence[float], drawn: Sequence[Sequence[float]], shift: float = 0.0
) -> Pooled:
    """Pool the mean of changes that were `seen` and those `drawn`, one list an imputation; `shift` is added to the latter.

    Raises ValueError for fewer than two people, and where `pooled` does.
    """
    estimates, variances, people = [], [], 0
    for each in drawn:
        d = known([*seen, *(one + shift for one in each)], 2, "changes")
        people = d.size
        estimates.append(float(d.mean()))
        variances.append(float(d.var(ddof=1)) / people)
    return pooled(estimates, variances, people - 1)


@dataclass(frozen=True)
class Tipping:
    """By how much those without a value must have fared worse until the interval of the mean change holds 0.

    `delta` is None if even the largest tried does not tip it; `steps` are all that were tried with the interval.
    """

    delta: float | None
    steps: tuple[tuple[float, float, float, float], ...]


def tipping(changes: Sequence[float], missing: int, worse: float) -> Tipping:
    """Give the missing the mean change of the others, and then less and less, in quarters of the SD of the changes.

    `worse` is +1 where a rise is for the worse, -1 where a fall is. Single imputation: its interval is too narrow, so
    the point lies further out than it says. Raises ValueError for fewer than two changes, or where all are the same.
    """
    seen = known(changes, 2, "changes")
    unit = _unit(seen)
    tried: list[tuple[float, float, float, float]] = []
    for step in range(_MOST_STEPS + 1 if missing else 1):
        delta = step * unit
        filled = np.concatenate([seen, np.full(missing, seen.mean() + worse * delta)])
        mean = float(filled.mean())
        half = float(stats.t.ppf(0.975, filled.size - 1) * filled.std(ddof=1) / sqrt(filled.size))
        tried.append((delta, mean, mean - half, mean + half))
        if mean - half <= 0 <= mean + half:
            return Tipping(delta, tuple(tried))
    return Tipping(None, tuple(tried))


def _unit(changes: Values) -> float:
    """Return the step by which the missing are made worse."""
    if is_constant(changes):
        raise ValueError(
            f"every person changed by the same amount, {changes[0]:.3g}: there is no spread to step by"
        )
    return _STEP * float(changes.std(ddof=1))


def tipping_drawn(seen: Sequence[float], drawn: Sequence[Sequence[float]], worse: float) -> Tipping:
    """Make the values that were drawn worse, in quarters of the SD of the changes seen, until the pooled interval holds 0.

    Raises ValueError for fewer than two changes or two imputations, or where all changes are the same.
    """
    unit = _unit(known(seen, 2, "changes"))
    tried: list[tuple[float, float, float, float]] = []
    for step in range(_MOST_STEPS + 1):
        delta = step * unit
        found = pooled_change(seen, drawn, worse * delta)
        tried.append((delta, found.estimate, found.low, found.high))
        if found.low <= 0 <= found.high:
            return Tipping(delta, tuple(tried))
    return Tipping(None, tuple(tried))
