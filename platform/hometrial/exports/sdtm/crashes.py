"""Crash days and bad days as people told of them, as findings about an event (FA)."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.assembling import PERSON, SOURCE
from hometrial.exports.sdtm.study import Study

CRASH, BAD_DAYS = "CRASH AFTER EXERTION", "BAD DAYS"
_TOLD_IN = {CRASH: "DIARY", BAD_DAYS: "DECLARATION OF BAD DAYS"}
_CRASH_ITEM = "crash"
_SEVERITY = {1: "MILD", 2: "MODERATE", 3: "SEVERE"}
_OCCURS = ("OCCUR", "Occurrence Indicator")
_SEVERE = ("SEV", "Severity/Intensity")
_COLUMNS = (
    PERSON, SOURCE, "FATESTCD", "FATEST", "FAOBJ", "FACAT", "FAORRES", "FASTRESC", "FADTC"
)  # fmt: skip


def crashes(study: Study) -> pa.Table:
    """Return whether and how severely each diary day was a crash, and when bad days were declared and ended."""
    rows = [*_of_diaries(study), *_declared(study)]
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in _COLUMNS})


def _of_diaries(study: Study) -> list[dict[str, Any]]:
    due = {row["id"]: row["due"] for row in study.source.rows("response") if row["kind"] == "diary"}
    items, made = study.source.table("item"), []
    # Of the answers, which are most of a study, only these become rows.
    for row in items.filter(pc.equal(items["item"], _CRASH_ITEM)).to_pylist():
        if row["number"] is None or row["response"] not in due:
            continue
        day, source = due[row["response"]].isoformat(), f"item/{row['id']}"
        made += _found(row["participant"], source, CRASH, day, int(row["number"]))
    return made


def _declared(study: Study) -> list[dict[str, Any]]:
    made = []
    for row in study.source.rows("bad_day"):
        source, day = f"bad_day/{row['id']}", row["at"][:16]
        if row["kind"] == "over":
            made += _found(row["participant"], source, BAD_DAYS, day, 0)
        else:
            made += _found(row["participant"], source, BAD_DAYS, day, row["severity"])
    return made


def _found(
    person: str, source: str, what: str, when: str, severity: int | None
) -> list[dict[str, Any]]:
    """Return that it occurred or not, and how severe it was if that was told."""
    known = {PERSON: person, SOURCE: source, "FAOBJ": what, "FACAT": _TOLD_IN[what], "FADTC": when}
    results = [(_OCCURS, "N" if severity == 0 else "Y")]
    if severity:
        results.append((_SEVERE, _SEVERITY[severity]))
    return [
        known | {"FATESTCD": code, "FATEST": name, "FAORRES": result, "FASTRESC": result}
        for (code, name), result in results
    ]
