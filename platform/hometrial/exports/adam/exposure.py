"""ADEX: how long, how much and how faithfully each treated subject took the drug."""

import numpy as np
import pandas as pd

from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.finishing import KEY, LINKS
from hometrial.exports.adam.trial import ROW, Frame, Trial, duration, of_subjects
from hometrial.exports.sdtm import planned

MARK_MG = 3.0
"""The dose that pilots of low-dose naltrexone count as reached (protocol-and-instruments 5.4)."""
MAINTENANCE_DAYS = 28
_DAY = ["USUBJID", "ADT"]
_COUNTED = ["DOSETAKN", "DOSETOLD", "ADHERE"]
_OF_TOLD = ["MISSDAYS", "HELDDAYS", *_COUNTED]
PARAMETERS = {
    "TRTDUR": "Treatment Duration (days)", "EXPDAYS": "Days With a Dose or a Part of It (days)", "MISSDAYS": "Days on Which Every Dose Was Missed (days)",
    "HELDDAYS": "Days on Which the Drug Was Held (days)", "UNKDAYS": "Days of Which Nobody Told, or Not of Every Dose (days)", "CUMDOSE": "Cumulative Dose (mg)", "AVGDOSE": "Mean Daily Dose on Days With a Dose (mg)",
    "MAXDOSE": "Highest Daily Dose (mg)", "LASTDOSE": "Last Daily Dose (mg)", "DAYS3MG": "Days at 3 mg or More (days)",
    "DAYSMAX": "Days at the Highest Planned Dose (days)", "DOSETAKN": "Doses Taken, as Told (doses)",
    "DOSETOLD": "Doses Ordered and Told of (doses)", "ADHERE": "Doses Taken of Doses Told (%)",
}  # fmt: skip


def summary(trial: Trial, doses: Doses) -> Frame:
    """Return the parameters of ADEX as columns, and DOSMAINT, by USUBJID, of everybody who took a dose."""
    people = trial.subjects[trial.subjects["TRTSDT"].notna()]
    taken, missed = doses.taken, _within(trial, doses.missed)
    by = taken.groupby("USUBJID")["DOSEA"]
    highest = _highest_planned(trial).reindex(people.index)
    found = Frame(
        {
            "TRTDUR": duration(people["TRTSDT"], people["TRTEDT"]),
            "EXPDAYS": by.size(),
            "MISSDAYS": missed.groupby("USUBJID").size(),
            "HELDDAYS": doses.held.groupby("USUBJID").size(),
            "CUMDOSE": by.sum(),
            "AVGDOSE": by.mean(),
            "MAXDOSE": by.max(),
            "LASTDOSE": taken.sort_values("ADT").groupby("USUBJID")["DOSEA"].last(),
            "DAYS3MG": taken[taken["DOSEA"] >= MARK_MG].groupby("USUBJID").size(),
            "DAYSMAX": taken[taken["DOSEA"] >= of_subjects(taken, highest)]
            .groupby("USUBJID")
            .size(),
        },
        index=people.index,
    )
    counts = ["EXPDAYS", "MISSDAYS", "HELDDAYS", "DAYS3MG", "DAYSMAX"]
    found[counts] = found[counts].fillna(0)
    found["DAYSMAX"] = found["DAYSMAX"].where(highest.notna())
    known = _within(trial, _known(doses)).groupby("USUBJID").size().reindex(people.index)
    found["UNKDAYS"] = found["TRTDUR"] - known.fillna(0)
    counted = doses.counted.groupby("USUBJID")[["taken", "told"]].sum().reindex(people.index)
    told = counted["told"].where(counted["told"] > 0)
    found["DOSETAKN"], found["DOSETOLD"] = counted["taken"].where(told.notna()), told
    found["ADHERE"] = 100 * counted["taken"] / told
    found["DOSMAINT"] = _maintenance(taken)
    return found


def _known(doses: Doses) -> Frame:
    """Return the days of which somebody told, and of every dose that was ordered."""
    heard = doses.heard[_DAY].drop_duplicates()
    short = doses.counted.loc[doses.counted["told"] < doses.counted["planned"], _DAY]
    joined = heard.merge(short, how="left", on=_DAY, indicator="also")
    return joined[joined["also"] == "left_only"]


def _within(trial: Trial, found: Frame) -> Frame:
    """Return the days between the first and the last dose."""
    first, last = (of_subjects(found, trial.subjects[each]) for each in ("TRTSDT", "TRTEDT"))
    return found[(found["ADT"] >= first) & (found["ADT"] <= last)]


def _highest_planned(trial: Trial) -> pd.Series:
    """Return the highest dose of each subject's plan; of who has no known arm, nothing."""
    protocol = trial.protocol
    by_arm = {
        code.upper(): protocol.titration_of(arm).max_mg_day
        for arm, code in planned.arm_codes(protocol).items()
    }
    return trial.subjects["ARMCD"].str.upper().map(by_arm).astype("float64")


def _maintenance(taken: Frame) -> pd.Series:
    """Return the dose of most of the last days with a dose; of equally frequent ones the higher."""
    last = taken.sort_values("ADT").groupby("USUBJID").tail(MAINTENANCE_DAYS)
    times = last.groupby(["USUBJID", "DOSEA"]).size().rename("times").reset_index()
    times = times.sort_values(["USUBJID", "times", "DOSEA"])
    return times.drop_duplicates("USUBJID", keep="last").set_index("USUBJID")["DOSEA"]


def data_set(found: Frame, trial: Trial, doses: Doses) -> tuple[Frame, Frame]:
    """Return the rows of ADEX, and their sources: the intervals of EX, and of EC where doses were missed."""
    told = found[list(PARAMETERS)].rename_axis("USUBJID").reset_index()
    made = told.melt(id_vars="USUBJID", var_name="PARAMCD", value_name="AVAL")
    made = made[made["AVAL"].notna()].reset_index(drop=True)
    made["PARAM"] = made["PARAMCD"].map(PARAMETERS)
    made[KEY] = np.arange(len(made))
    of_told, has_told = made["PARAMCD"].isin(_OF_TOLD), "EC" in trial.tabulations
    of_counted = made["PARAMCD"].isin(_COUNTED)
    made["SRCDOM"] = np.where(of_told, "EC" if has_told else "", "EX")
    made["SRCVAR"] = np.where(of_told, "ECOCCUR" if has_told else "", "EXDOSE")
    made.loc[made["PARAMCD"] == "TRTDUR", "SRCVAR"] = "EXSTDTC"
    made.loc[of_counted, "SRCVAR"] = "ECDOSE"
    links = [
        _links(made[~of_told], doses.taken, "EX"),
        _links(made[of_counted], doses.scheduled, "EC"),
        _links(made[of_counted], doses.heard[~doses.heard["was_held"]], "EC"),
        _links(made[made["PARAMCD"] == "MISSDAYS"], _within(trial, doses.missed), "EC"),
        _links(made[made["PARAMCD"] == "HELDDAYS"], doses.held, "EC"),
    ]
    return made, pd.concat(links, ignore_index=True)


def _links(made: Frame, days: Frame, domain: str) -> Frame:
    """Return the records of a tabulation that rows of each subject are made of."""
    records = days[["USUBJID", ROW]].drop_duplicates().assign(SRCDOM=domain)
    return made[["USUBJID", KEY]].merge(records, on="USUBJID")[LINKS]
