"""What is told of answers by looking at the form as a whole."""

import pandas as pd

from hometrial_validation.frame import Context


def with_marks(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add marks: `unknown`, `impossible`, `out_of_range`, `out_of_window`, `straight` (a form answered all alike)."""
    below = frame["value"] < frame["low"]
    early = frame["at"] < frame["opens_at"]
    return frame.assign(
        unknown=~frame["is_known"],
        impossible=~frame["is_possible"],
        out_of_range=below | (frame["value"] > frame["high"]),
        out_of_window=early | (frame["at"] >= frame["closes_at"]),
        straight=_straight(frame, context.settings.straight_items),
    )


def _straight(frame: pd.DataFrame, least: int) -> pd.Series:
    """Return the rows on scales of forms in which at least so many of them hold one and the same value."""
    scaled = frame["on_scale"] & frame["value"].notna()
    values = frame["value"].where(scaled).groupby(frame["form"], observed=True)
    alike = (values.transform("nunique") == 1) & (values.transform("count") >= least)
    marked: pd.Series = scaled & alike
    return marked
