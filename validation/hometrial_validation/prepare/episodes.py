"""What came before: the end of the earlier intervals, sessions or stages of the same source."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import SECOND, Context, placed
from hometrial_validation.prepare.groups import grouped, in_time


def with_previous_end(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `previous_end`: the latest end (µs) of what the same participant and source began before."""
    counts = placed(frame) & (frame["duration"] > 0)
    return frame.assign(previous_end=_previous_end(frame, ("participant", "source"), counts))


def with_previous_stage(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `previous_end`: the latest end (µs) of the earlier stages of the same session.

    Awakenings laid over the stages neither count nor are they measured.
    """
    counts = placed(frame) & ~frame["overlay"].astype(bool)
    columns = ("participant", "source", "session")
    return frame.assign(previous_end=_previous_end(frame, columns, counts))


def _previous_end(frame: pd.DataFrame, columns: tuple[str, ...], counts: pd.Series) -> pd.Series:
    rows = frame.loc[counts, [*columns, "row_id", "at", "duration"]]
    group = grouped(rows, columns)
    order = in_time(rows, group)
    ends = (rows["at"] + rows["duration"] * SECOND).iloc[order]
    latest = ends.groupby(group[order]).cummax()
    before = latest.groupby(group[order]).shift().astype(np.float64)
    return before.reindex(frame.index)
