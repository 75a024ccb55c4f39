"""The Crohn's pilot of the published vectors: 17 invented people before, on and off the drug."""

from datetime import date

import pandas as pd
from protocols import shipped
from reported import of_twin

from hometrial.exports.report.material import Material
from hometrial.exports.sdtm import planned

PRE = [356, 310, 402, 298, 275, 330, 390, 288, 265, 420, 344, 301, 377, 260, 315, 369, 283]
POST = [120, 140, 250, 90, 130, 145, 310, 110, 100, 380, 160, 125, 140, 85, 149, 220, 151]
AFTER = [300, 260, 300, 140, 160, 210, 350, 150, 140, 400, 200, 150, 190, 120, 200, 260, 180]
WHO = [f"P-{each:05}" for each in range(1, 18)]


def week(name):
    """Return AVISITN of a visit."""
    return next(
        each.number for each in planned.visits(shipped("ldn-crohns")) if each.visit.id == name
    )


def of_pilot():
    """Return the Crohn's protocol with the 17 people of the vectors in place of its twin's."""
    old = of_twin("ldn-crohns")
    rows = []
    for who, pre, post, later in zip(WHO, PRE, POST, AFTER, strict=True):
        for code, value, base in (("P1", post, pre), ("S4", later, pre)):
            rows.append(
                {
                    "SUBJID": who,
                    "PARAMCD": code,
                    "PARAM": code,
                    "AVAL": value,
                    "BASE": base,
                    "CHG": value - base,
                }
            )
        for code, reached in (
            ("S1", pre - post >= 70),
            ("S2", pre - post >= 100),
            ("S3", post < 150),
        ):
            flag = "Y" if reached else "N"
            rows.append(
                {
                    "SUBJID": who,
                    "PARAMCD": code,
                    "PARAM": code,
                    "AVAL": float(reached),
                    "CRIT1FL": flag,
                }
            )
    effect = (
        pd.DataFrame(rows)
        .assign(ANL01FL="Y", ANL02FL="Y", DTYPE="", ADT=date(2026, 5, 1))
        .fillna({"CRIT1FL": ""})
    )
    people = pd.DataFrame({"SUBJID": WHO}).assign(
        FASFL="Y", SAFFL="Y", ENRLFL="Y", PPROTFL="", EOTSTT="COMPLETED", ARM="", TRT01P=""
    )
    made = Material(old.source, old.tabulations, old.analyses, old.standing)
    told = [
        {"SUBJID": who, "PARAMCD": "CDAI0123", "AVISITN": week(each), "AVAL": value, "BASE": pre, "ANL01FL": "Y"}
        for who, pre, *values in zip(WHO, PRE, POST, AFTER, strict=True)
        for each, value in zip(("W12", "W16"), values, strict=True)
    ]  # fmt: skip
    made._frames.update(ADEFF=effect, ADSL=people, ADQS=pd.DataFrame(told))
    return made
