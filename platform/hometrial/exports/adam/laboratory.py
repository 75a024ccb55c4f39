"""ADLB: laboratory values with their limits, baselines, shifts and multiples of the upper limit."""

import csv
import re
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from hometrial.exports.adam.baselines import changed, flagged
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.findings import findings, numbered, parameter
from hometrial.exports.adam.finishing import own_links
from hometrial.exports.adam.trial import Frame, Trial
from hometrial.exports.adam.visits import asked, chosen, placed


def rows(trial: Trial) -> Frame:
    """Return every numeric laboratory value, with its visit and flag."""
    found = findings(trial, "LB")
    found = numbered(found.assign(PARAMCD=found["TESTCD"], PARAM=parameter(found)), trial)
    found = placed(found, trial, asked(trial, "LB"), pd.Series(data=False, index=found.index))
    return found.assign(ANL01FL=chosen(found))


def data_set(found: Frame, doses: Doses, declared: dict[str, pd.Series]) -> tuple[Frame, Frame]:
    """Return the rows of ADLB and their sources; `declared`: the baseline records of the protocol's outcomes."""
    made = found.assign(ABLFL=flagged(found, found["LOBXFL"] == "Y", declared))
    made["ANRIND"] = _indicator(made)
    made["R2A1HI"] = made["AVAL"] / made["ANRHI"].where(made["ANRHI"] > 0)
    base = made.loc[made["ABLFL"] == "Y", ["USUBJID", "PARAMCD", "ANRIND"]]
    made = changed(made).merge(
        base.rename(columns={"ANRIND": "BNRIND"}), how="left", on=["USUBJID", "PARAMCD"]
    )
    made["BNRIND"] = made["BNRIND"].fillna("")
    shifted = made["CHG"].notna() & (made["BNRIND"] != "") & (made["ANRIND"] != "")
    made["SHIFT1"] = np.where(shifted, made["BNRIND"] + " to " + made["ANRIND"], "")
    return doses.joined(made), own_links(found)


def _indicator(made: Frame) -> pd.Series:
    above, below = made["AVAL"] > made["ANRHI"], made["AVAL"] < made["ANRLO"]
    is_known = made["ANRHI"].notna() | made["ANRLO"].notna()
    reckoned = np.select([above, below, is_known], ["HIGH", "LOW", "NORMAL"], "")
    return made["NRIND"].where(made["NRIND"] != "", pd.Series(reckoned, made.index))


@cache
def _short_names() -> dict[str, str]:
    written = files("hometrial.exports.sdtm").joinpath("laboratory.csv").read_text("utf-8")
    return {line["analyte"]: line["LBTESTCD"] for line in csv.DictReader(written.splitlines())}


def short_name(analyte: str) -> str:
    """Return LBTESTCD of an analyte of the protocol: the listed one, or else one made of its name."""
    return _short_names().get(analyte) or re.sub(r"[^A-Z0-9]", "", analyte.upper())[:8]
