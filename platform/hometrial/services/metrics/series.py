"""What many days of one person amount to: regularity, variation, and the person's own baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hometrial_ingest.local_time import Float64

_SRI_PAIRS = 5  # protocol 6.3
_VARIATION_DAYS = 14  # protocol 6.2
_BASELINE_DAYS = 7  # protocol 6.1: the least of a run-in
_TO_DEVIATION = 1.4826  # makes the MAD of a normal distribution its standard deviation


def sleep_regularity_index(sleep_wake: Float64) -> float | None:
    """Return the SRI, -100 to 100, of consecutive days x epochs of 1 asleep, 0 awake, NaN unknown.

    SRI = -100 + 200 x the share of epochs in the same state as 24 h later; only pairs with both
    epochs known count (protocol 6.3). None with fewer than 5 pairs of days that have such epochs.
    """
    before, after = sleep_wake[:-1], sleep_wake[1:]
    known = ~(np.isnan(before) | np.isnan(after))
    if known.any(axis=1).sum() < _SRI_PAIRS:
        return None
    return float(-100 + 200 * (before == after)[known].mean())


def day_to_day_sd(values: Sequence[float], days: int = _VARIATION_DAYS) -> float | None:
    """Return the standard deviation (n - 1) of the last `days` valid days; None if there are fewer.

    Of steps this is the "boom and bust" measure of protocol 6.2.
    """
    if len(values) < days:
        return None
    return float(np.std(values[-days:], ddof=1))


@dataclass(frozen=True)
class Baseline:
    """A person's own usual level: median and median absolute deviation of `days` valid days."""

    median: float
    mad: float
    days: int

    def band(self, width: float = 3.0) -> tuple[float, float]:
        """Return median ± width x 1.4826 x MAD, the person's own usual range (features.md N10)."""
        reach = width * _TO_DEVIATION * self.mad
        return self.median - reach, self.median + reach


def own_baseline(values: Sequence[float]) -> Baseline | None:
    """Return the baseline of a run-in's valid days; None with fewer than 7 (protocol 6.1)."""
    if len(values) < _BASELINE_DAYS:
        return None
    median = float(np.median(values))
    return Baseline(median, float(np.median(np.abs(np.asarray(values) - median))), len(values))
