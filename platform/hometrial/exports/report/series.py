"""An outcome over time: everybody's values from the baseline on, with the place of each on the axis."""

import pandas as pd

from hometrial.exports.adam.outcomes import Outcomes
from hometrial.exports.adam.trial import Trial
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.sdtm import planned
from hometrial.protocol.outcomes import FormOutcome, LaboratoryOutcome, Outcome, WearableOutcome

COLUMNS = ["person", "place", "label", "y", "change", "arm"]
_WEEKS_FROM = 1000
"""AVISITN of a weekly mean of a diary is this and the week; of the wearable it is the week."""
_VISITS_BELOW = 900


def code(material: Material, outcome: Outcome) -> str:
    """Return PARAMCD of an outcome."""
    return Outcomes(Trial(material.protocol, material.tabulations), {}).code(outcome)


def is_at_visits(outcome: Outcome) -> bool:
    """Whether an outcome is one value a visit, and no mean over days."""
    return isinstance(outcome, LaboratoryOutcome) or (
        isinstance(outcome, FormOutcome) and outcome.over_days is None
    )


def series(material: Material, outcome: Outcome) -> Frame:
    """Return everybody's baseline (place 0) and later values; an outcome without any has no rows."""
    if isinstance(outcome, FormOutcome | LaboratoryOutcome):
        table = material.frame("ADQS" if isinstance(outcome, FormOutcome) else "ADLB")
    elif isinstance(outcome, WearableOutcome):
        table = material.frame("ADWR")
    else:
        return Frame(columns=COLUMNS)
    rows = table[(table["PARAMCD"] == code(material, outcome)) & (table["ANL01FL"] == "Y")]
    rows = rows[rows["BASE"].notna() & rows["SUBJID"].isin(material.population("SAF"))]
    later = _at_visits(material, rows) if is_at_visits(outcome) else _by_week(rows, outcome)
    return _with_baselines(material, rows, later)


def _at_visits(material: Material, rows: Frame) -> Frame:
    known = {
        each.number: each.visit.id
        if each.visit.repeat is None
        else f"{each.visit.id}{each.repetition}"
        for each in planned.visits(material.protocol)
        if each.visit.anchor in ("first_dose", "last_dose")
    }
    place = {number: at for at, number in enumerate(sorted(known), start=1)}
    found = rows[rows["AVISITN"].isin(list(known)) & rows["CHG"].notna()]
    return found.assign(place=found["AVISITN"].map(place), label=found["AVISITN"].map(known))


def _by_week(rows: Frame, outcome: Outcome) -> Frame:
    since = _WEEKS_FROM if isinstance(outcome, FormOutcome) else 0
    of_weeks = rows[(rows["DTYPE"] == "AVERAGE") & (rows["AVISITN"] > (since or -_WEEKS_FROM))]
    week = of_weeks["AVISITN"] - since
    found = of_weeks.assign(place=week)[
        (week >= 1) & (week < _VISITS_BELOW) & of_weeks["CHG"].notna()
    ]
    return found.assign(label=found["place"].map("w{:g}".format))


def _with_baselines(material: Material, rows: Frame, later: Frame) -> Frame:
    firsts = rows.drop_duplicates("SUBJID")
    firsts = firsts[firsts["SUBJID"].isin(later["SUBJID"])]
    both = pd.concat(
        [
            firsts.assign(place=0, label="before", AVAL=firsts["BASE"], CHG=0.0),
            later,
        ]
    )
    arms = material.people["TRT01P"]
    found = Frame(
        {
            "person": both["SUBJID"], "place": both["place"].astype("int64"), "label": both["label"],
            "y": both["AVAL"].astype("float64"), "change": both["CHG"].astype("float64"),
            "arm": both["SUBJID"].map(arms),
        }
    )  # fmt: skip
    return (
        found.sort_values(["person", "place"])
        .drop_duplicates(["person", "place"])
        .reset_index(drop=True)
    )
