"""ADTTE: how long until a dose was reached, and until the drug was stopped."""

import numpy as np
import pandas as pd

from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.exposure import MARK_MG
from hometrial.exports.adam.finishing import KEY, LINKS
from hometrial.exports.adam.trial import ROW, Frame, Trial, duration, of_subjects, study_days

_EVENT = ["USUBJID", "ADT", "CNSR", "EVNTDESC", "CNSDTDSC", "SRCDOM", "SRCVAR", "SRCSEQ", ROW]
_LAST_DOSE = "LAST DAY WITH A DOSE"


def data_set(trial: Trial, doses: Doses) -> tuple[Frame, Frame]:
    """Return the rows of ADTTE and their sources, of everybody who took a dose."""
    marks = {"T3MG": ("Time to 3 mg a Day (days)", MARK_MG)}
    highest = max(trial.protocol.titration_of(each.id).max_mg_day for each in trial.protocol.arms)
    marks["TMAXDOSE"] = (f"Time to {highest:g} mg a Day, the Highest Planned (days)", highest)
    found = [
        _until_dose(trial, doses, mg).assign(PARAMCD=code, PARAM=label)
        for code, (label, mg) in marks.items()
    ]
    found.append(
        _until_stopped(trial, doses).assign(
            PARAMCD="TSTOP", PARAM="Time to Stopping the Drug (days)"
        )
    )
    made = pd.concat(found, ignore_index=True)
    made["STARTDT"] = of_subjects(made, trial.subjects["TRTSDT"])
    made["AVAL"] = duration(made["STARTDT"], made["ADT"])
    made["ADY"] = study_days(made["ADT"], made["STARTDT"])
    made[KEY] = np.arange(len(made))
    return made, made.loc[made[ROW].notna(), LINKS]


def _last_doses(trial: Trial, doses: Doses) -> Frame:
    """Return for everybody treated the last day with a dose, as a time that no event ended."""
    sequence = trial.table("EX").set_index(ROW)["EXSEQ"]
    last = doses.taken.sort_values("ADT").drop_duplicates("USUBJID", keep="last")
    return last.assign(
        CNSR=1, EVNTDESC="", CNSDTDSC=_LAST_DOSE, SRCDOM="EX", SRCVAR="EXENDTC", SRCSEQ=last[ROW].map(sequence)
    )  # fmt: skip


def _until_dose(trial: Trial, doses: Doses, mg: float) -> Frame:
    sequence = trial.table("EX").set_index(ROW)["EXSEQ"]
    reached = doses.taken[doses.taken["DOSEA"] >= mg].sort_values("ADT").drop_duplicates("USUBJID")
    reached = reached.assign(
        CNSR=0, EVNTDESC=f"{mg:g} MG A DAY TAKEN", CNSDTDSC="", SRCDOM="EX", SRCVAR="EXSTDTC",
        SRCSEQ=reached[ROW].map(sequence),
    )  # fmt: skip
    rest = _last_doses(trial, doses)
    rest = rest[~rest["USUBJID"].isin(reached["USUBJID"])].assign(
        EVNTDESC=f"{mg:g} MG A DAY NOT TAKEN"
    )
    return pd.concat([reached, rest], ignore_index=True)[_EVENT]


def _until_stopped(trial: Trial, doses: Doses) -> Frame:
    """Return when somebody stopped before the plan's end; who completed, or goes on, is censored."""
    ends = trial.disposition("STUDY TREATMENT")
    stopped = ends[ends["DSDECOD"] != "COMPLETED"]
    found = _last_doses(trial, doses)
    has_stopped = found["USUBJID"].isin(stopped.index)
    of_end = stopped.reindex(found["USUBJID"]).set_axis(found.index)
    censored = np.where(found["USUBJID"].isin(ends.index), "COMPLETED TREATMENT", "ON TREATMENT")
    return found.assign(
        CNSR=np.where(has_stopped, 0, 1),
        EVNTDESC=np.where(has_stopped, "STOPPED: " + of_end["DSDECOD"].fillna(""), censored),
        CNSDTDSC=np.where(has_stopped, "", _LAST_DOSE),
        SRCDOM=np.where(has_stopped, "DS", "EX"),
        SRCVAR=np.where(has_stopped, "DSDECOD", "EXENDTC"),
        SRCSEQ=of_end["DSSEQ"].where(has_stopped, found["SRCSEQ"]),
        **{ROW: of_end[ROW].where(has_stopped, found[ROW])},
    )[_EVENT]
