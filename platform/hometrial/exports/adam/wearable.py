"""ADWD and ADWR: the wearable day by day and week by week, each with the subject's own baseline."""

import numpy as np
import pandas as pd

from hometrial.exports.adam.baselines import (
    BASELINE,
    averaged,
    changed,
    flagged,
    following,
    own_means,
)
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.findings import findings, numbered, parameter
from hometrial.exports.adam.finishing import own_links
from hometrial.exports.adam.questionnaires import WEEK_AT_LEAST, week
from hometrial.exports.adam.trial import Frame, Trial, days, of_subjects, study_days
from hometrial.exports.sdtm.wearables import CATEGORY, figures

_DOMAINS = ("FA", "NV", "VS")
_SUMMARY = {"": "", "MEAN": "MEAN", "MINIMUM": "LOW", "MAXIMUM": "HIGH"}
_VALID = {"day": "VALIDDAY", "night": "VALIDNT"}
_PARAMETER = ["USUBJID", "PARAMCD"]
_SATURDAY = 5


def parameters() -> dict[str, tuple[str, str]]:
    """Return for each daily metric that is tabulated its parameter, and what must be valid: day, night or nothing."""
    return {
        metric: (each.testcd + _SUMMARY[each.summary], each.valid)
        for metric, each in figures().items()
    }


def rows(trial: Trial) -> Frame:
    """Return every daily figure, with whether its day was valid."""
    kept = [each for each in _DOMAINS if each in trial.tabulations] or ["FA"]
    found = pd.concat([_daily(trial, each) for each in kept], ignore_index=True)
    summary = found["COLSRT"].map(_SUMMARY).fillna("")
    found = numbered(found.assign(PARAMCD=found["TESTCD"] + summary, PARAM=parameter(found)), trial)
    words = found["COLSRT"].str.capitalize()
    found["PARAM"] = found["PARAM"].where(summary == "", found["PARAM"] + ", " + words)
    asked = found["PARAMCD"].map(dict(parameters().values()))
    found["VALIDFL"] = ""
    for what, code in _VALID.items():
        found["VALIDFL"] = found["VALIDFL"].mask(asked == what, _judged(found, trial, code))
    found["WEARMIN"] = _on_days(found, "WEARMIN")
    found["ANL01FL"] = np.where(found["VALIDFL"] == "N", "", "Y")
    found["AWEEK"] = week(found["ADY"])
    return found.assign(DTYPE="")


def _daily(trial: Trial, domain: str) -> Frame:
    found = findings(trial, domain)
    return found[found["PARCAT1"] == CATEGORY]


def _judged(found: Frame, trial: Trial, code: str) -> pd.Series:
    """Return what FA says of each row's subject and day: Y, N or nothing."""
    table = trial.table("FA")
    said = table[(table["FATESTCD"] == code) & (table["FASTAT"] == "")]
    known = said.assign(ADT=days(said["FADTC"])).drop_duplicates(["USUBJID", "ADT"], keep="last")
    at = pd.MultiIndex.from_frame(found[["USUBJID", "ADT"]])
    judged = known.set_index(["USUBJID", "ADT"])["FASTRESC"].reindex(at)
    return pd.Series(judged.to_numpy(), found.index).fillna("")


def _on_days(found: Frame, code: str) -> pd.Series:
    """Return the value of a parameter on each row's subject and day."""
    own = found.loc[found["PARAMCD"] == code].drop_duplicates(["USUBJID", "ADT"], keep="last")
    value = own.set_index(["USUBJID", "ADT"])["AVAL"]
    at = pd.MultiIndex.from_frame(found[["USUBJID", "ADT"]])
    return pd.Series(value.reindex(at).to_numpy(dtype="float64"), found.index)


def data_set(found: Frame, trial: Trial, doses: Doses) -> tuple[Frame, Frame]:
    """Return the rows of ADWD and their sources."""
    base, of_base = own_means(found[found["ANL01FL"] == "Y"], trial, {}, following(found))
    together = pd.concat([found, base], ignore_index=True)
    together["ABLFL"] = flagged(together, together["DTYPE"] == "AVERAGE", {})
    first = of_subjects(together, trial.subjects["TRTSDT"])
    together["ADY"] = study_days(together["ADT"], first)
    together["AWEEK"] = week(together["ADY"])
    together = changed(together.drop(columns=["BASESD"]))
    spread = base[[*_PARAMETER, "BASESD", "NDAYS"]].rename(columns={"NDAYS": "BASEN"})
    together = together.merge(spread, how="left", on=_PARAMETER)
    is_mean = together["DTYPE"] == "AVERAGE"
    for name in ("AVISIT", "EPOCH", "SPDEVID", "VALIDFL"):
        together[name] = together[name].fillna("")
    together["ANL01FL"] = together["ANL01FL"].mask(is_mean, "Y")
    done = doses.joined(together)
    done.loc[is_mean, ["DOSEA", "DOSEP"]] = np.nan
    return done, pd.concat([own_links(found), of_base], ignore_index=True)


def weekly(found: Frame, trial: Trial, doses: Doses) -> tuple[Frame, Frame]:
    """Return the rows of ADWR and their sources."""
    valid = found[(found["ANL01FL"] == "Y")]
    base, of_base = own_means(valid, trial, {}, 0)
    known = valid[valid["AWEEK"].notna()]
    weeks, of_weeks = averaged(known, [*_PARAMETER, "AWEEK"], 1, following(base))
    numbers = weeks["AWEEK"].astype("int64")
    weeks["AVISIT"], weeks["AVISITN"] = (
        "Study Week " + numbers.astype("str"),
        numbers.astype("float64"),
    )
    weekend = (
        known[known["ADT"].dt.day_of_week >= _SATURDAY]
        .groupby([*_PARAMETER, "AWEEK"])["ADT"]
        .nunique()
    )
    at = pd.MultiIndex.from_frame(weeks[[*_PARAMETER, "AWEEK"]])
    weeks["NWEEKEND"] = weekend.reindex(at).fillna(0).to_numpy()
    enough = weeks["NDAYS"] >= WEEK_AT_LEAST
    weeks["VALWKFL"] = np.where(enough & (weeks["NWEEKEND"] >= 1), "Y", "N")
    together = pd.concat([base, weeks], ignore_index=True)
    is_base = together["AVISIT"] == BASELINE
    together["ANL01FL"] = np.where(is_base | (together["NDAYS"] >= WEEK_AT_LEAST), "Y", "")
    together["ABLFL"] = np.where(is_base, "Y", "")
    first = of_subjects(together, trial.subjects["TRTSDT"])
    together["ADY"] = study_days(together["ADT"], first)
    done = changed(together).assign(EPOCH="", DOSEU="mg", DOSEA=np.nan)
    done["DOSEA"] = _mean_dose(done, doses, first)
    done["VALWKFL"] = done["VALWKFL"].fillna("")
    return done, pd.concat([of_base, of_weeks], ignore_index=True)


def _mean_dose(weeks: Frame, doses: Doses, first: pd.Series) -> pd.Series:
    """Return the mean dose of the days of each row's study week that are known; nothing of a baseline."""
    each = weeks[weeks["AVISITN"] != 0]
    begins = each["AVISITN"].where(each["AVISITN"] < 0, each["AVISITN"] - 1) * 7
    start = first.reindex(each.index) + pd.to_timedelta(begins, unit="D")
    by_day = [
        doses.on(Frame({"USUBJID": each["USUBJID"], "ADT": start + pd.Timedelta(days=day)}))
        for day in range(7)
    ]
    return pd.concat(by_day, axis=1).mean(axis=1) if len(each) else pd.Series(dtype="float64")
