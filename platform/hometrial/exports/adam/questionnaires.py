"""ADQS: answers and scores, at visits and in diaries, with weekly means and the change from the baseline."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hometrial.exports.adam.baselines import Span, averaged, changed, flagged, following, own_means
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.findings import findings, numbered, parameter
from hometrial.exports.adam.finishing import KEY, own_links
from hometrial.exports.adam.trial import ONE_DAY, ROW, Frame, Trial, of_subjects, study_days
from hometrial.exports.adam.visits import asked, chosen, placed
from hometrial.exports.sdtm.coding import listed
from hometrial.questionnaires import loading

DOMAINS = ("QS", "RS", "FT")
WEEKS = 1000
"""AVISITN of study week 0, were there one: weeks never collide with visits."""
WEEK_AT_LEAST = 4
"""A weekly mean needs four of its seven days."""


def rows(trial: Trial) -> Frame:
    """Return every numeric answer and score, with its visit and flag."""
    kept = [each for each in DOMAINS if each in trial.tabulations] or ["QS"]
    found = pd.concat(
        [_dated(findings(trial, each), trial, each) for each in kept], ignore_index=True
    )
    found = numbered(found.assign(PARAMCD=found["TESTCD"], PARAM=parameter(found)), trial)
    is_diary = found["PARAMCD"].isin(diary_codes(trial)) & found["VISITNUM"].isna()
    found = placed(found, trial, asked(trial, *kept), is_diary)
    found["ANL01FL"] = chosen(found).mask(is_diary.to_numpy(), "Y")
    found["PARAMTYP"] = np.where(found["DRVFL"] == "Y", "DERIVED", "")
    return found.assign(DTYPE="", NDAYS=np.nan)


def _dated(found: Frame, trial: Trial, domain: str) -> Frame:
    """Give a diary that was sent in the small hours, before it closed, to the day that it is about."""
    sent = trial.table(domain).set_index(ROW)[f"{domain}DTC"].str.slice(11, 16)
    clock = sent.loc[found[ROW]].to_numpy()
    for instrument, closes in _closing(trial).items():
        codes = [code.testcd for (of, _, _), code in listed().items() if of == instrument]
        late = (
            found["TESTCD"].isin(codes)
            & found["VISITNUM"].isna()
            & (clock < closes)
            & (clock != "")
        )
        found["ADT"] = found["ADT"].mask(late, found["ADT"] - ONE_DAY)
    return found


def _closing(trial: Trial) -> dict[str, str]:
    """Return the clock by which each daily diary closes on the day after the one that it is about, by instrument."""
    of_form = {each.id: each.instrument for each in trial.protocol.forms}
    return {
        instrument: each.closes.strftime("%H:%M")
        for each in trial.protocol.diaries
        if each.every_days == 1 and each.closes_days_later == 1
        and (instrument := of_form[each.form]) is not None
    }  # fmt: skip


def diary_codes(trial: Trial) -> set[str]:
    """Return the test codes of the instruments of the protocol's diaries."""
    instruments = _instruments(trial)
    return {code.testcd for (of, _, _), code in listed().items() if of in instruments}


def scale_codes(trial: Trial) -> set[str]:
    """Return the test codes of the diaries' scales: what a mean over days makes sense of."""
    shipped = _instruments(trial) & set(loading.ids())
    return {
        listed()[instrument, "item", item.id].testcd
        for instrument in shipped
        for item in loading.named(instrument).items
        if item.type == "scale" and (instrument, "item", item.id) in listed()
    }


def _instruments(trial: Trial) -> set[str]:
    of_form = {each.id: each.instrument for each in trial.protocol.forms}
    found = {of_form[each.form] for each in trial.protocol.diaries}
    return {each for each in found if each is not None}


def data_set(
    found: Frame,
    trial: Trial,
    doses: Doses,
    spans: Mapping[str, Span],
    declared: dict[str, pd.Series],
) -> tuple[Frame, Frame]:
    """Return the rows of ADQS and their sources.

    `spans`: the outcomes that the protocol averages. `declared`: the baseline records of its other outcomes.
    """
    is_averaged = found["PARAMCD"].isin(scale_codes(trial) | set(spans)) & found["AVISITN"].isna()
    daily = found[is_averaged]
    base, of_base = own_means(daily, trial, spans, following(found))
    weeks, of_weeks = _weekly(daily, following(found, base))
    together = pd.concat([found, base, weeks], ignore_index=True)
    own_base = together[KEY].isin(base[KEY])
    has_mean = set(daily["PARAMCD"])
    together["ABLFL"] = flagged(
        together,
        own_base | ((together["LOBXFL"] == "Y") & ~together["PARAMCD"].isin(has_mean)),
        declared,
    )
    first = of_subjects(together, trial.subjects["TRTSDT"])
    together["ADY"] = study_days(together["ADT"], first)
    together["ANL01FL"] = together["ANL01FL"].mask(together["DTYPE"] == "AVERAGE", "Y").fillna("")
    done = doses.joined(changed(together))
    done.loc[done["DTYPE"] == "AVERAGE", ["DOSEA", "DOSEP"]] = np.nan
    return done, pd.concat([own_links(found), of_base, of_weeks], ignore_index=True)


def _weekly(daily: Frame, next_key: int) -> tuple[Frame, Frame]:
    known = daily[daily["ADY"].notna()].assign(week=lambda rows: week(rows["ADY"]))
    means, links = averaged(known, ["USUBJID", "PARAMCD", "week"], WEEK_AT_LEAST, next_key)
    numbers = means["week"].astype("int64")
    means["AVISIT"] = "Study Week " + numbers.astype("str")
    means["AVISITN"] = WEEKS + numbers.astype("float64")
    return means.drop(columns="week"), links[links[KEY].isin(means[KEY])]


def week(study_day: pd.Series) -> pd.Series:
    """Return the study week of study days: 1 of days 1 to 7, -1 of days -7 to -1."""
    return ((study_day - 1) // 7 + 1).where(study_day > 0, study_day // 7)
