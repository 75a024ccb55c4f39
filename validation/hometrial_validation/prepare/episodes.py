"""What came before: the end of the earlier intervals, sessions or stages of the same source."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import SECOND, Context, placed
from hometrial_validation.prepare.groups import grouped, in_time
from hometrial_validation.prepare.streams import many_apps, merged


def with_previous_end(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `previous_end`: the latest end (µs) of what the same participant and source began before.

    Add as well `own_end`, the same of what surely the same device began, and `others_end`, the previous
    end where it is not the device's own.
    """
    counts = placed(frame) & (frame["duration"] > 0)
    return _with_ends(frame, ("participant", "source"), counts)


def with_previous_stage(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `previous_end`, `own_end` and `others_end` of the earlier stages of the same session.

    Awakenings laid over the stages neither count nor are they measured.
    """
    counts = placed(frame) & ~frame["overlay"].astype(bool)
    return _with_ends(frame, ("participant", "source", "session"), counts)


def _with_ends(frame: pd.DataFrame, columns: tuple[str, ...], counts: pd.Series) -> pd.DataFrame:
    named = frame.assign(device=frame.get("device"))
    certain = (named["device"].notna() | merged(frame["source"])) & ~many_apps(frame["source"])
    previous = _previous_end(frame, columns, counts)
    own = _previous_end(named, (*columns, "device"), counts).where(certain)
    return frame.assign(
        previous_end=previous, own_end=own, others_end=previous.where(previous != own)
    )


def _previous_end(frame: pd.DataFrame, columns: tuple[str, ...], counts: pd.Series) -> pd.Series:
    rows = frame.loc[counts, [*columns, "row_id", "at", "duration"]]
    group = grouped(rows, columns)
    order = in_time(rows, group)
    ends = (rows["at"] + rows["duration"] * SECOND).iloc[order]
    latest = ends.groupby(group[order]).cummax()
    before = latest.groupby(group[order]).shift().astype(np.float64)
    return before.reindex(frame.index)
