"""What a statistician reads first: README.txt, the reviewer's guide, and what adds up for each person."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from hometrial.exports.sdtm import subjects
from hometrial.exports.sdtm.foreseen import Foreseen
from hometrial.exports.source.reading import Row, Source

README, GUIDE, RECONCILIATION = "README.txt", "guide.md", "reconciliation.csv"
CORE_EXPECTED = Path("validation", "core-expected.json")
_OPTIONAL = re.compile(
    r"  \*?((?:sdtm|adam|samples|forms|validation)(?=/)|load\.|-transformations\.csv)"
)
_GOES_ON = " " * 20
"""Starts of the README's lines about what a delivery need not have, and of lines that go on with the one before."""
_HERE = files("hometrial.exports")


def write(
    place: Path,
    source: Source,
    facts: Mapping[str, Any],
    findings: Sequence[str],
    foreseen: Sequence[Foreseen] | None = None,
) -> dict[Path, int]:
    """Write the papers; return them with their rows. `foreseen`: what CDISC's rules will say; None without tabulations."""
    rows = reconciled(source)
    told = {
        **_named(source),
        "kind": _kind(facts),
        "people": str(len(source.people)),
        "made_at": str(facts["made_at"]),
        "profile": f"{facts['profile']['name']}: {facts['profile']['text']}",
        "open_queries": str(facts["state"]["open_queries"]),
        "provisional_days": str(facts["state"]["provisional_days"]),
        "findings": _list(findings),
        "subjects": _subjects(source, foreseen),
        "foreseen": _foreseen(foreseen),
        "changed": _changed(facts["transformations"]),
    }
    told["loaders"] = ", ".join(sorted(path.name for path in place.glob("load.*")))
    readme = _of_what_is_there(place, _filled("readme.txt", told))
    (place / README).write_text(readme, encoding="utf-8")
    (place / GUIDE).write_text(_filled("guide.md", told), encoding="utf-8")
    (place / RECONCILIATION).write_text(_table(rows), encoding="utf-8")
    written = {place / README: 0, place / GUIDE: 0, place / RECONCILIATION: len(rows)}
    if foreseen is not None:
        written |= _expected(place / CORE_EXPECTED, foreseen)
    return written


def _expected(path: Path, foreseen: Sequence[Foreseen]) -> dict[Path, int]:
    """Write what CDISC's rules will say, rule by rule with the subjects, to hold a report of theirs against."""
    told = [vars(each) | {"findings": len(each.subjects)} for each in foreseen]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return {path: len(told)}


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"* {each}" for each in lines) or "None."


def _changed(counted: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many values are in a format in another way, and where each is listed."""
    return _list(
        [
            f"{format_}: {count:,} values, in `{delivery}-transformations.csv`"
            for delivery, formats in counted.items()
            for format_, count in formats.items()
        ]
    )


def _subjects(source: Source, foreseen: Sequence[Foreseen] | None) -> str:
    if foreseen is None:
        return _NOTHING
    reasons = Counter(subjects.left_out(source).values())
    people = len(source.people)
    said = f"{people - reasons.total()} of {people} people are subjects of the tabulations and of the analysis data sets."
    if not reasons:
        return said
    return f"{said} Left out are\n\n" + _list(
        [f"{reason}: {count}" for reason, count in sorted(reasons.items())]
    )


def _foreseen(foreseen: Sequence[Foreseen] | None) -> str:
    if foreseen is None:
        return _NOTHING
    return _list(
        [
            f"**{each.rule}, {each.data_set}: {_counted_subjects(each)}**: {each.message}. {each.why}"
            for each in foreseen
        ]
    )


_NOTHING = "Nothing was tabulated: no protocol is in force."


def _counted_subjects(found: Foreseen) -> str:
    findings, people = len(found.subjects), len(set(found.subjects) - {""})
    of_whom = f"{people} subject{'' if people == 1 else 's'}" if people else "of no subject"
    return f"{findings} finding{'' if findings == 1 else 's'}, {of_whom}"


def _of_what_is_there(place: Path, text: str) -> str:
    """Leave out the lines about folders and files that this delivery has none of."""
    there = {path.name for path in place.iterdir()}
    kept, is_told = [], True
    for line in text.splitlines(keepends=True):
        if not line.startswith(_GOES_ON):
            found = _OPTIONAL.match(line)
            is_told = not found or any(
                name.startswith(found[1]) or name.endswith(found[1]) for name in there
            )
        if is_told:
            kept.append(line)
    return "".join(kept)


def _named(source: Source) -> dict[str, str]:
    if not source.has_protocol:
        return {"title": "A study without a protocol in force", "protocol": "none"}
    protocol = source.protocol
    return {"title": protocol.title, "protocol": f"{protocol.id} {protocol.version}"}


def _kind(facts: Mapping[str, Any]) -> str:
    if facts["kind"] == "draft":
        return (
            "A DRAFT: what was stored, not locked. It may change with the next import or decision."
        )
    if facts["kind"] == "twin":
        return "A SYNTHETIC TWIN: nobody in it is real. It is for rehearsing programs, never for results."
    return f"DATA LOCK {facts['number']}, {facts['name']}: {facts['reason']}"


def _filled(name: str, told: Mapping[str, str]) -> str:
    return Template(_HERE.joinpath(name).read_text(encoding="utf-8")).substitute(told)


def reconciled(source: Source) -> list[Row]:
    """Return for each person what was due and what came: forms, queries until they are closed, wearable days, doses."""
    forms = _counted(source, "expected_form", lambda row: row["state"])
    queries = _counted(source, "query", lambda row: row["status"])
    days = _counted(source, "data_day", lambda row: row["status"])
    valid = _counted(
        source,
        "daily_metric",
        lambda row: "valid" if row["metric"] == "valid_day" and row["value"] == 1 else "other",
    )
    doses = _counted(source, "dose_day", lambda row: row["status"])
    return [
        {
            "participant_id": person,
            "forms_received": forms[person, "received"],
            "forms_missing": forms[person, "missing"],
            "forms_excused": forms[person, "excused"],
            "forms_open": forms[person, "open"],
            "queries_open": queries[person, "open"] + queries[person, "answered"],
            "wearable_days_final": days[person, "final"],
            "wearable_days_provisional": days[person, "provisional"],
            "wearable_days_valid": valid[person, "valid"],
            "dose_days_taken": doses[person, "taken"],
            "dose_days_missed": doses[person, "missed"],
            "dose_days_unknown": doses[person, "unknown"],
        }
        for person in source.people
    ]


def _counted(source: Source, table: str, of: Any) -> Counter[tuple[str, str]]:
    return Counter((row["participant"], of(row)) for row in source.rows(table))


def _table(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
