"""Baselines: which record is one, and the change of the others from it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hometrial.exports.adam.finishing import KEY
from hometrial.exports.adam.trial import ONE_DAY, ROW, Frame, Trial

LAST_DAYS, AT_LEAST = 14, 7
"""The baseline of what is known by days: the last 14 days of the run-in, of which 7 are known."""
BASELINE = "Baseline"
Span = tuple[int, int]
_PARAMETER = ["USUBJID", "PARAMCD"]
_SAME = ["PARAM", "PARCAT1", "TEST", "UNIT", "SRCDOM", "SRCVAR"]


def following(*frames: Frame) -> int:
    """Return the first key that no row of these has."""
    return max((int(each[KEY].max()) + 1 for each in frames if len(each)), default=0)


def own_means(
    daily: Frame, trial: Trial, spans: Mapping[str, Span], next_key: int
) -> tuple[Frame, Frame]:
    """Return one row a subject and parameter: the mean over the run-in's last days, and the sources of these rows.

    `spans`: over how many days, and how many of them must be known, of parameters for which the protocol says it.
    The rows have new keys from `next_key` on.
    """
    known = daily.merge(trial.run_in, left_on="USUBJID", right_index=True).reset_index(drop=True)
    over = known["PARAMCD"].map({code: days for code, (days, _) in spans.items()}).astype("float64")
    begins = known["last"] - (over.fillna(LAST_DAYS) - 1) * ONE_DAY
    known = known[
        (known["ADT"] >= known["first"])
        & (known["ADT"] >= begins)
        & (known["ADT"] <= known["last"])
    ]
    means, links = averaged(known, _PARAMETER, 1, next_key)
    needed = means["PARAMCD"].map({code: least for code, (_, least) in spans.items()})
    means = means[means["NDAYS"] >= needed.astype("float64").fillna(AT_LEAST)]
    means = means.assign(AVISIT=BASELINE, AVISITN=0.0).reset_index(drop=True)
    return means, links[links[KEY].isin(means[KEY])]


def averaged(known: Frame, by: list[str], at_least: int, next_key: int) -> tuple[Frame, Frame]:
    """Return the means of groups that have so many days, with new keys, and the sources of these rows."""
    groups = known.groupby(by, sort=True, observed=True)
    same = {name: (name, "first") for name in _SAME if name in known}
    means = groups.agg(
        AVAL=("AVAL", "mean"),
        BASESD=("AVAL", "std"),
        NDAYS=("ADT", "nunique"),
        ADT=("ADT", "max"),
        **same,
    ).reset_index()
    means = means[means["NDAYS"] >= at_least].reset_index(drop=True)
    means = means.assign(DTYPE="AVERAGE", SRCSEQ=np.nan, **{ROW: np.nan})
    means[KEY] = np.arange(next_key, next_key + len(means))
    links = known[[*by, "SRCDOM", ROW]].merge(means[[*by, KEY]], on=by)
    return means, links[[KEY, "SRCDOM", ROW]]


def changed(rows: Frame) -> Frame:
    """Return rows with BASE, CHG and PCHG, by the rows whose ABLFL is Y. Change is after the baseline only."""
    base = rows.loc[rows["ABLFL"] == "Y", [*_PARAMETER, "AVAL", "ADT"]]
    base = base.drop_duplicates(_PARAMETER).rename(columns={"AVAL": "BASE", "ADT": "based"})
    found = rows.merge(base, how="left", on=_PARAMETER)
    after = found["ADT"] > found["based"]
    found["CHG"] = (found["AVAL"] - found["BASE"]).where(after)
    found["PCHG"] = (100 * found["CHG"] / found["BASE"]).where(found["BASE"] != 0)
    return found.drop(columns="based")


def flagged(rows: Frame, own: pd.Series, declared: dict[str, pd.Series]) -> pd.Series:
    """Return ABLFL: of the parameters in `declared` Y on those keys, of the others where `own` holds.

    Of several records of one subject and parameter the last one is the baseline.
    """
    marked = own & ~rows["PARAMCD"].isin(list(declared))
    for code, keys in declared.items():
        marked |= (rows["PARAMCD"] == code) & rows[KEY].isin(keys)
    order = rows[marked].sort_values(["ADT", "SRCSEQ"], kind="stable")
    last = order.drop_duplicates(_PARAMETER, keep="last").index
    return pd.Series(np.where(rows.index.isin(last), "Y", ""), rows.index)
