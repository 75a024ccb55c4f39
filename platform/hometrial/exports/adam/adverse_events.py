"""ADAE: adverse events with whole dates, whether they came under treatment, and the dose on which they began."""

import numpy as np
import pandas as pd

from hometrial.exports import deidentifying
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.finishing import KEY, own_links
from hometrial.exports.adam.trial import ONE_DAY, Frame, Trial, days, of_subjects, study_days

SEVERITIES = {"MILD": 1, "MODERATE": 2, "SEVERE": 3}
BY_GRADE = {"1": "MILD", "2": "MODERATE", "3": "SEVERE", "4": "SEVERE", "5": "SEVERE"}
"""What a grade says of the severity (CTCAE version 5: 1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 death)."""
UNRELATED = ("NOT RELATED", "UNRELATED", "UNLIKELY RELATED", "N")
_YEAR, _MONTH, _DAY = 4, 7, 10
"""Lengths of an ISO 8601 date that is known to the year, the month, the day."""


def rows(trial: Trial, doses: Doses) -> Frame:
    """Return every adverse event with its derived variables."""
    people, table = trial.subjects, trial.table("AE")
    made = table.assign(SRCDOM="AE", **{KEY: np.arange(len(table))})
    first, last = (of_subjects(made, people[each]) for each in ("TRTSDT", "TRTEDT"))
    made["AENDT"], made["AENDTF"] = _ended(made, of_subjects(made, people["RFPENDT"]))
    made["ASTDT"], made["ASTDTF"] = _begun(made, first)
    made["ASTDY"], made["AENDY"] = (
        study_days(made["ASTDT"], first),
        study_days(made["AENDT"], first),
    )
    made["ADURN"] = (made["AENDT"] - made["ASTDT"]).dt.days + 1
    made["ADURU"] = np.where(made["ADURN"].notna(), "DAYS", "")
    safe = trial.protocol.analysis.safety.days_after_last_dose
    under = (made["ASTDT"] >= first) & (made["ASTDT"] <= last + safe * ONE_DAY)
    made["TRTEMFL"] = np.where(under, "Y", "")
    made["BASEGR"] = _before(made, trial)
    is_same = pd.to_numeric(made["AETOXGR"], errors="coerce") <= made["BASEGR"]
    made["WORSEFL"] = np.where(under & ~is_same, "Y", "")
    made["PREFL"] = np.where(first.isna() | (made["ASTDT"] < first), "Y", "")
    made["FUPFL"] = np.where(made["ASTDT"] > last, "Y", "")
    graded = made["AETOXGR"].map(BY_GRADE).fillna("SEVERE")
    made["ASEV"] = made["AESEV"].where(made["AESEV"] != "", graded)
    made["ASEVN"] = made["ASEV"].map(SEVERITIES)
    made["AREL"] = np.where(made["AEREL"].isin(UNRELATED), "NOT RELATED", "RELATED")
    made["DOSEON"], made["DOSEU"] = doses.on(made, "ASTDT"), "mg"
    return _occurrences(made)


def data_set(made: Frame) -> tuple[Frame, Frame]:
    """Return the rows of ADAE and their sources."""
    return made, own_links(made)


def _begun(made: Frame, first_dose: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return ASTDT and ASTDTF. What is missing is put in so that the event counts as under treatment if it may be."""
    written = made["AESTDTC"]
    whole, length = days(written), written.str.len()
    missing_day = whole.isna() & (length >= _MONTH)
    missing_month = whole.isna() & (length >= _YEAR) & (length < _MONTH)
    earliest = days(written.str.slice(0, _MONTH) + "-01").where(
        missing_day, days(written.str.slice(0, _YEAR) + "-01-01")
    )
    treated = first_dose.dt.strftime("%Y-%m-%d").fillna("")
    same_month = missing_day & (treated.str.slice(0, _MONTH) == written.str.slice(0, _MONTH))
    same_year = missing_month & (treated.str.slice(0, _YEAR) == written.str.slice(0, _YEAR))
    nothing = whole.isna() & ~missing_day & ~missing_month
    imputed = earliest.mask(same_month | same_year | nothing, first_dose)
    ended = days(made["AEENDTC"])
    imputed = imputed.mask(imputed > ended, ended)
    flags = np.select([missing_day, missing_month, nothing & imputed.notna()], ["D", "M", "Y"], "")
    return whole.fillna(imputed), pd.Series(flags, made.index)


def _ended(made: Frame, contact: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return AENDT and AENDTF: the latest day that may be, but none after the last contact."""
    written = made["AEENDTC"]
    whole, length = days(written), written.str.len()
    missing_day = whole.isna() & (length >= _MONTH)
    missing_month = whole.isna() & (length >= _YEAR) & (length < _MONTH)
    month = days(written.str.slice(0, _MONTH) + "-01") + pd.offsets.MonthEnd(0)
    latest = month.where(missing_day, days(written.str.slice(0, _YEAR) + "-12-31"))
    imputed = latest.mask(latest > contact, contact)
    flags = np.select([missing_day, missing_month], ["D", "M"], "")
    return whole.fillna(imputed).astype("datetime64[s]"), pd.Series(flags, made.index)


def _before(made: Frame, trial: Trial) -> pd.Series:
    """Return the grade that each event's term had before treatment; nothing where nobody asked."""
    told = trial.table("MH")
    told = told[told["MHCAT"] == "SYMPTOM BEFORE TREATMENT"]
    graded = trial.table("SUPPMH")
    graded = graded[graded["QNAM"] == "BASEGRAD"]
    numbers = Frame(
        {
            "USUBJID": graded["USUBJID"],
            "MHSEQ": graded["IDVARVAL"].astype("float64"),
            "grade": graded["QVAL"].astype("float64"),
        }
    )
    known = told.merge(numbers, on=["USUBJID", "MHSEQ"]).assign(
        term=lambda rows: rows["MHTERM"].str.upper()
    )
    by_term = known.groupby(["USUBJID", "term"])["grade"].last()
    at = pd.MultiIndex.from_arrays([made["USUBJID"], made["AEMODIFY"]])
    return pd.Series(by_term.reindex(at).to_numpy(dtype="float64"), made.index)


def _occurrences(made: Frame) -> Frame:
    """Flag first events under treatment: of the subject, of each term and class, and the first of the gravest."""
    under = made[made["TRTEMFL"] == "Y"].sort_values(["USUBJID", "ASTDT", "AESEQ"], kind="stable")
    gravest = under.sort_values(["USUBJID", "ASEVN"], ascending=[True, False], kind="stable")
    termed = under[under["AEDECOD"] != deidentifying.WITHHELD]
    classed = under[under["AEBODSYS"] != ""]
    first = {
        "AOCCFL": under.drop_duplicates("USUBJID"),
        "AOCCPFL": termed.drop_duplicates(["USUBJID", "AEDECOD"]),
        "AOCCSFL": classed.drop_duplicates(["USUBJID", "AEBODSYS"]),
        "AOCCIFL": gravest.drop_duplicates("USUBJID"),
    }
    flags = {name: np.where(made.index.isin(rows.index), "Y", "") for name, rows in first.items()}
    return made.assign(**flags)
