"""ADSL: one row a subject, with treatment, end, populations and exposure."""

import numpy as np
import pandas as pd

from hometrial.exports.adam.baselines import LAST_DAYS
from hometrial.exports.adam.endpoints import FLAGS
from hometrial.exports.adam.finishing import KEY, own_links
from hometrial.exports.adam.outcomes import Outcomes
from hometrial.exports.adam.populations import Populations
from hometrial.exports.adam.trial import ONE_DAY, Frame, Trial, duration, of_subjects
from hometrial.exports.sdtm import planned

_AGES = [-np.inf, 18, 40, 60, np.inf]
_AGE_GROUPS = ["<18", "18-39", "40-59", ">=60"]


def rows(outcomes: Outcomes, exposure: Frame) -> Frame:
    """Return ADSL by USUBJID; `exposure` has the parameters of ADEX as columns."""
    trial = outcomes.trial
    made = trial.subjects.copy()
    group = pd.cut(made["AGE"], _AGES, right=False, labels=False)
    made["AGEGR1N"] = group
    made["AGEGR1"] = pd.Series(group).map(dict(enumerate(_AGE_GROUPS))).fillna("")
    codes = planned.arm_codes(trial.protocol).values()
    places = {code.upper(): place for place, code in enumerate(codes, start=1)}
    for suffix, code, words in (("P", "ARMCD", "ARM"), ("A", "ACTARMCD", "ACTARM")):
        made[f"TRT01{suffix}"] = made[words].where(made[words] != "", made["ARMNRS"])
        made[f"TRT01{suffix}N"] = made[code].str.upper().map(places)
    made["TRTP"], made["TRTA"] = made["TRT01P"], made["TRT01A"]
    run_in = trial.run_in.reindex(made.index)
    made["RUNSDT"], made["RUNEDT"] = run_in["first"], run_in["last"]
    made["TRTDURD"] = duration(made["TRTSDT"], made["TRTEDT"])
    made = _ended(made)
    taken = exposure.reindex(made.index)
    made["DOSMAX"], made["DOSMAINT"] = taken["MAXDOSE"], taken["DOSMAINT"]
    made["TRCMP"] = taken["ADHERE"]
    made["BLVALDY"] = _valid_days(trial)
    return _populated(made, Populations(outcomes, exposure["ADHERE"]))


def _ended(made: Frame) -> Frame:
    """Add how treatment and participation ended."""
    for prefix, reason in (("EOT", "DCTREAS"), ("EOS", "DCSREAS")):
        term = made[f"{prefix}DECOD"]
        ended = np.where(term == "COMPLETED", "COMPLETED", "DISCONTINUED")
        made[f"{prefix}STT"] = np.where(term == "", "ONGOING", ended)
        made[reason] = term.where(term != "COMPLETED", "")
    made["EOTSTT"] = made["EOTSTT"].where(made["TRTSDT"].notna(), "")
    made["DCTREAS"] = made["DCTREAS"].where(made["TRTSDT"].notna(), "")
    return made


def _valid_days(trial: Trial) -> pd.Series:
    """Return how many of the last days of the run-in were valid, of who has any figure of a wearable."""
    table = trial.table("FA")
    said = table[(table["FATESTCD"] == "VALIDDAY")]
    at = pd.to_datetime(said["FADTC"].str.slice(0, 10)).astype("datetime64[s]")
    last = of_subjects(said, trial.run_in["last"])
    first = of_subjects(said, trial.run_in["first"])
    begins = (last - (LAST_DAYS - 1) * ONE_DAY).where(lambda day: day > first, first)
    counted = (at >= begins) & (at <= last)
    valid = (said["FASTRESC"] == "Y").astype("float64")
    return valid[counted].groupby(said.loc[counted, "USUBJID"]).sum()


def _populated(made: Frame, populations: Populations) -> Frame:
    protocol = populations.outcomes.trial.protocol
    made["ENRLFL"] = np.where(made["RFICDT"].notna(), "Y", "N")
    made["SAFFL"] = np.where(made["TRTSDT"].notna(), "Y", "N")
    for each in protocol.analysis.sets:
        made[FLAGS[each.id]] = populations.flag(each)
    if protocol.allocation.method != "not_allocated":
        made["RANDFL"] = np.where(made["RANDDT"].notna(), "Y", "N")
    made["BLPRIM"] = populations.baseline.reindex(made.index)
    return made


def data_set(made: Frame) -> tuple[Frame, Frame]:
    """Return the rows of ADSL and their sources."""
    found = made.reset_index(drop=True).assign(SRCDOM="DM")
    found[KEY] = np.arange(len(found))
    return found, own_links(found)
