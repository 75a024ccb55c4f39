"""Participants, their epochs, visits, doses and health: what their tidy tables have beyond the source tables."""

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.calendar import calendar, day_of
from hometrial.exports.tidy.projecting import Computed, decoded, looked_up

_ANCHORS = ("consent", "run_in_start", "randomisation")


def participants(source: Source, table: pa.Table) -> Computed:
    """Return of each participant the site's country, days, doses, arm, and the analysis sets that need no end point."""
    study = Study(source)
    people = table["participant"].to_pylist()
    rows = [_participant(study, each) for each in people]
    types = {
        **dict.fromkeys((*_ANCHORS, "first_dose", "last_dose"), pa.date32()),
        "days_on_drug": pa.int64(),
        "highest_dose_mg": pa.float64(),
        "in_enr": pa.bool_(),
        "in_saf": pa.bool_(),
        **dict.fromkeys(
            ("arm", "arm_label", "screening_outcome", "withdrawal_choice"), pa.string()
        ),
    }
    made = {name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()}
    return made | {"country": looked_up(table["site"], source.table("site"), "country")}


def _participant(study: Study, person: str) -> dict[str, Any]:
    days: dict[str, date] = study.anchors.get(person, {})
    taken = study.exposure_days.get(person, [])
    doses = [row["mg_least"] for row in taken]
    arm = next((row["arm"] for row in study.rows("allocation", person)), None)
    screened = study.screened(person)
    left = sorted(study.rows("withdrawal", person), key=lambda row: row["decided"] or "")
    labels = {arm.id: arm.label for each in study.source.protocols for arm in each.arms}
    return {
        **{name: days.get(name) for name in _ANCHORS},
        "first_dose": study.first_dose(person),
        "last_dose": study.last_dose(person),
        "days_on_drug": len(taken),
        "highest_dose_mg": max(doses, default=None),
        "arm": arm,
        "arm_label": labels.get(arm or ""),
        "screening_outcome": screened["outcome"] if screened else None,
        "withdrawal_choice": left[-1]["choice"] if left else None,
        "in_enr": study.consented(person) is not None,
        "in_saf": bool(taken),
    }


def epochs(source: Source, table: pa.Table) -> Computed:
    """Return the epochs in words."""
    return {"epoch_term": decoded(table["epoch"], Study(source).epoch_terms)}


def screening_answers(source: Source, table: pa.Table) -> Computed:
    """Return the variables of a screening in words, with their units."""
    asked = [variable for each in source.protocols for variable in each.variables]
    units = {each.id: str(getattr(each, "unit", "") or "") for each in asked}
    labels = {each.id: each.label for each in asked}
    return {
        "variable_label": decoded(table["variable"], labels),
        "unit": decoded(table["variable"], units),
    }


def visit_labels(source: Source) -> dict[str, str]:
    """Return the protocol's visits in words, the unscheduled ones too."""
    protocols = source.protocols
    planned = {visit.id: visit.label for each in protocols for visit in each.visits}
    others = {visit.id: visit.label for each in protocols for visit in each.unscheduled_visits}
    return planned | others


def visits(source: Source, table: pa.Table) -> Computed:
    """Return the visits in words, and what held on their days."""
    found = calendar(source).of(table["participant"], table["day"])
    return {"visit_label": decoded(table["visit"], visit_labels(source)), **found}


def deviations(source: Source, table: pa.Table) -> Computed:
    """Return what held on the day of a deviation."""
    return calendar(source).of(table["participant"], table["happened"])


def of_days(source: Source, table: pa.Table) -> Computed:
    """Return what held on the day of each row."""
    return calendar(source).of(table["participant"], table["day"])


def adverse_events(source: Source, table: pa.Table) -> Computed:
    """Return what held on the day of onset: the dose above all, and whether it was after the first one."""
    days = day_of(table["start"])
    found = calendar(source).of(table["participant"], days)
    emergent = pc.greater(found["study_day"], 0)
    serious = pc.if_else(pc.equal(table["serious"], ""), "none", table["serious"])
    return {**found, "local_day": days, "is_treatment_emergent": emergent, "serious": serious}


def laboratory(source: Source, table: pa.Table) -> Computed:
    """Return what held on the day of sampling."""
    days = day_of(table["sampled"])
    labels = decoded(table["visit"], visit_labels(source))
    return {
        **calendar(source).of(table["participant"], days),
        "local_day": days,
        "visit_label": labels,
    }
