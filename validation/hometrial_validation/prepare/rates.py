"""Steps a minute, where the interval is long enough and certain enough to divide by."""

import pandas as pd

from hometrial_validation.frame import Context
from hometrial_validation.prepare.streams import timed

SHORTEST = 60
"""Seconds. Phones write down what they counted over minutes under an interval of seconds (a real
recording: 329 steps in 5 s), so that a rate over less than a minute says nothing about the steps."""


def with_step_rate(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `rate` and `short_rate`, the value a minute; each row has one of them at most.

    `rate` is that of intervals of a minute and more that the source timed, `short_rate` that of all
    others. Both are null for a row without a length.
    """
    lasts = frame["duration"] > 0
    long = (frame["duration"] >= SHORTEST) & timed(frame["source"])
    rate = frame["value"] * 60.0 / frame["duration"].where(lasts)
    return frame.assign(rate=rate.where(long), short_rate=rate.where(~long))
