"""Prepared frames of several signals as one batch, which one run of Great Expectations judges."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from hometrial_validation.frame import placed
from hometrial_validation.rule import Subject, Suite

HAS_INSTANT, SIGNAL = "has_instant", "signal"
"""Columns that a batch has besides those of the rules: true of placed rows; a category, whose row it is."""


def together(suite: Suite[Subject], frames: Mapping[Subject, pd.DataFrame]) -> pd.DataFrame:
    """Return the columns that the suite's rules look at, the frames one after the other, places as index."""
    rules = [rule for rule in suite.rules if any(rule.applies(signal) for signal in frames)]
    wanted = dict.fromkeys([*(name for rule in rules for name in rule.columns), "placement"])
    parts = list(frames.values())
    joined = {name: _joined([part[name] for part in parts]) for name in wanted}
    sizes = [len(part) for part in parts]
    whose = np.repeat(np.arange(len(parts)), sizes)
    joined[SIGNAL] = pd.Series(
        pd.Categorical.from_codes(whose, categories=pd.Index([str(signal) for signal in frames]))
    )
    batch = pd.DataFrame(joined, copy=False)
    return batch.assign(**{HAS_INSTANT: placed(batch)})


def _joined(parts: list[pd.Series]) -> pd.Series:
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return pd.Series(union_categoricals(parts))
    return pd.concat(parts, ignore_index=True)
