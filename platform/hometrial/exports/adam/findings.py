"""Results of a findings domain in one shape, whatever the domain is called."""

import numpy as np
import pandas as pd

from hometrial.exports.adam.finishing import KEY
from hometrial.exports.adam.trial import ROW, Frame, Trial, days, of_subjects, study_days

_TEXTS = {
    "TESTCD": "TESTCD", "TEST": "TEST", "PARCAT1": "CAT", "UNIT": "STRESU", "LOBXFL": "LOBXFL",
    "DRVFL": "DRVFL", "COLSRT": "COLSRT", "ATPT": "TPT", "NRIND": "NRIND",
}  # fmt: skip
_NUMBERS = {"ATPTN": "TPTNUM", "ANRLO": "STNRLO", "ANRHI": "STNRHI"}
_POPULATION = ("SUBJID", "SITEID", "TRTP", "TRTA", "TRTSDT", "TRTEDT", "SAFFL", "FASFL", "PPROTFL")


def findings(trial: Trial, domain: str) -> Frame:
    """Return the numeric results of a domain that have a day, one row each."""
    table = trial.table(domain)
    table = table[table[f"{domain}STRESN"].notna()]
    found = {
        "USUBJID": table["USUBJID"],
        "SRCDOM": domain,
        "SRCVAR": f"{domain}STRESN",
        "SRCSEQ": table[f"{domain}SEQ"],
        ROW: table[ROW],
        "AVAL": table[f"{domain}STRESN"],
        "ADT": days(table[f"{domain}DTC"]),
        "EPOCH": table["EPOCH"],
        "VISITNUM": _column(table, "VISITNUM", np.nan),
        "SPDEVID": _column(table, "SPDEVID", ""),
    }
    found |= {name: _column(table, domain + part, "") for name, part in _TEXTS.items()}
    found |= {name: _column(table, domain + part, np.nan) for name, part in _NUMBERS.items()}
    frame = Frame(found, table.index)
    return frame[frame["ADT"].notna()].reset_index(drop=True)


def _column(table: Frame, name: str, default: object) -> object:
    return table.get(name, default)


def numbered(rows: Frame, trial: Trial) -> Frame:
    """Return rows with a key of their own and their study day."""
    first = of_subjects(rows, trial.subjects["TRTSDT"])
    return rows.assign(ADY=study_days(rows["ADT"], first)).assign(**{KEY: np.arange(len(rows))})


def parameter(rows: Frame) -> pd.Series:
    """Return PARAM: the test with its unit, if it has one."""
    unit = rows["UNIT"].fillna("")
    return rows["TEST"].where(unit == "", rows["TEST"] + " (" + unit + ")")


def with_people(rows: Frame, adsl: Frame, trial: Trial) -> Frame:
    """Return rows with identifiers, treatment and population of their subjects (`adsl` by USUBJID)."""
    known = [name for name in _POPULATION if name in adsl]
    joined = rows.merge(adsl[known], how="left", left_on="USUBJID", right_index=True)
    return joined.assign(STUDYID=trial.protocol.id.upper())
