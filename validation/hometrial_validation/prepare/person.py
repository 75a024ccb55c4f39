"""A value beside what is usual for the person who wore the device."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import Baseline, Context

_SIGMA = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution (Rousseeuw, Croux 1993)."""


def with_usual(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add `usual_low` and `usual_high`, the person's robust band; null where none can be formed.

    A band needs `band_days` days and a deviation above 0: somebody who never varied yet has none.
    """
    people = frame["participant"].cat
    codes = people.codes.to_numpy()
    bands = [_band(context.baselines.get(str(name)), context) for name in people.categories]
    limits = np.array([*bands, (np.nan, np.nan)], dtype=np.float64)[codes]
    return frame.assign(usual_low=limits[:, 0], usual_high=limits[:, 1])


def _band(baseline: Baseline | None, context: Context) -> tuple[float, float]:
    settings = context.settings
    if baseline is None or baseline.days < settings.band_days or not baseline.deviation > 0:
        return float("nan"), float("nan")
    reach = settings.band_width * _SIGMA * baseline.deviation
    return baseline.median - reach, baseline.median + reach
