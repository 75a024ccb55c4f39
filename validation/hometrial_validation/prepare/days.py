"""The sum of a day's intervals beside the daily total that the same source gives."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import DAY, TOTALS_COLUMNS, Context, placed, require


def with_day_sum(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add `day`, `day_sum` and `day_total` on the first row of each participant's local day.

    All other rows, and days for which the context has no total, are null in `day_total`.
    """
    day = frame["local"] // DAY
    if context.daily_totals is None or context.daily_totals.empty:
        return frame.assign(day=day, day_sum=np.nan, day_total=np.nan)
    require(context.daily_totals, TOTALS_COLUMNS, "Context.daily_totals")
    keys = [name for name in ("participant", "source", "day") if name in context.daily_totals]
    rows = frame.assign(day=day).loc[placed(frame)]
    rows = rows.sort_values(["local", "row_id"], kind="stable")
    sums = rows.groupby(keys, observed=True, sort=False)["value"].transform("sum")
    first = rows.loc[~rows.duplicated(keys)]
    return frame.assign(
        day=day,
        day_sum=sums.loc[first.index].reindex(frame.index),
        day_total=_totals(first, context.daily_totals, keys).reindex(frame.index),
    )


def _totals(first: pd.DataFrame, totals: pd.DataFrame, keys: list[str]) -> pd.Series:
    # A total that was revised stands last.
    last = totals.drop_duplicates(keys, keep="last")
    known = pd.Series(
        last["value"].to_numpy(dtype=np.float64),
        pd.MultiIndex.from_frame(last[keys].astype(object)),
    )
    wanted = pd.MultiIndex.from_frame(first[keys].astype(object))
    return pd.Series(known.reindex(wanted).to_numpy(), first.index)
