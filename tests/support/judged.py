"""The outer judges of tabulations: CDISC's rules (CORE), and its controlled terminology, on the twin of a protocol."""

import gzip
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.formats import writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.foreseen import Foreseen
from hometrial.exports.source.reading import Source

ROOT = Path(__file__).resolve().parents[2]
CORE = Path(os.environ.get("HOMETRIAL_CORE", ROOT.parent / "shared" / "core"))
_VENV = Path(os.environ.get("CORE_VENV", Path.home() / ".cache" / "core-venv"))
_PYTHONS = ("python3.12", *map(str, Path.home().glob(".pyenv/versions/3.12.*/bin/python")))
_TOLD = re.compile(r"\s*(?P<count>\d+)  (?P<kind>.{45}) (?P<where>\S+) +(?P<value>.*)")
_KEPT, _NEAR = ("consent", "first_dose", "last_dose"), 5
_ORIGIN = Origin("twin", datetime(2026, 11, 23), "Example", "Hometrial", "test")  # noqa: DTZ001
_SPONSOR = "ct: sponsor extension (note only)"
_OWN_INSTRUMENT = re.compile(r"(QS|RS|FT)\.(QS|RS|FT)(TESTCD|TEST)")


def missing() -> str | None:
    """Say why nothing can be judged here, None if it can."""
    if not (CORE / "run_core.sh").is_file():
        return f"no rule checker at {CORE}: set HOMETRIAL_CORE to the folder of run_core.sh"
    if (_VENV / "bin" / "python").exists() or any(_is_right(name) for name in _PYTHONS):
        return None
    return "CDISC CORE needs Python 3.12, and there is none here: set CORE_PYTHON to one"


def _is_right(python: str) -> bool:
    found = shutil.which(os.environ.get("CORE_PYTHON", python))
    asked = "import sys; sys.exit(sys.version_info[:2] != (3, 12))"
    return found is not None and not subprocess.run([found, "-c", asked], check=False, capture_output=True).returncode  # fmt: skip


def trimmed(source: Source) -> Source:
    """Return a study with diaries and wearable days only about the days that count for a person: the judge is slow."""
    anchors: dict[str, list[int]] = {}
    for row in source.rows("anchor"):
        if row["anchor"] in _KEPT:
            anchors.setdefault(row["participant"], []).append(row["day"].toordinal())

    def is_near(row: dict[str, Any], column: str) -> bool:
        days = anchors.get(row["participant"], ())
        return any(abs(row[column].toordinal() - day) <= _NEAR for day in days)

    far = [
        row["id"]
        for row in source.rows("response")
        if row["kind"] == "diary" and not is_near(row, "due")
    ]
    tables = dict(source.tables)
    for name in ("item", "free_answer", "score"):
        tables[name] = _without(source.table(name), "response", far)
    tables["response"] = _without(source.table("response"), "id", far)
    for name in ("daily_metric", "data_day"):
        later = [row["id"] for row in source.rows(name) if not is_near(row, "day")]
        tables[name] = _without(source.table(name), "id", later)
    return Source(tables)


def _without(table: pa.Table, column: str, dropped: list[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[column], pa.array(dropped, pa.string()))))


def written(source: Source, folder: Path) -> tuple[Path, dict[str, Made]]:
    """Write a study's tabulations as transport files with their Define-XML; return where, and what."""
    made = tabulate(source)
    return write(made, folder), made


def write(made: Mapping[str, Made], folder: Path) -> Path:
    """Write tabulations as transport files with their Define-XML; return where."""
    writing.write_all(folder, "sdtm", list(made.values()), ["xpt5"], _ORIGIN)
    return folder / "sdtm"


@dataclass(frozen=True)
class Finding:
    """A record, or a data set, that a rule speaks of."""

    rule: str
    message: str
    data_set: str
    value: Mapping[str, Any]
    subject: str

    def __str__(self) -> str:
        return (
            f"{self.rule} {self.data_set} {self.subject}: {self.message} {json.dumps(self.value)}"
        )


def by_rules(folder: Path, kind: str = "xpt", jobs: int = 2) -> list[Finding]:
    """Return what CORE finds in a folder's files of a kind. Raises AssertionError if it could not judge."""
    out = folder.parent / f"findings-{folder.name}.jsonl"
    told = subprocess.run(
        [CORE / "run_core.sh", folder, "--define", folder / "define.xml", "--filetype", kind,
         "--jobs", str(jobs), "--out", out, "--quiet"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "of which unexpected: 0" in told.stdout, told.stdout
    return list(_findings(out))


def surprises(found: Iterable[Finding], told: Iterable[Foreseen]) -> list[str]:
    """Return each finding that the folder did not foresee, and each that it foresaw and nobody found."""
    said = list(found)
    left = Counter(
        (each.rule, each.data_set, subject) for each in told for subject in each.subjects
    )
    unknown = []
    for each in said:
        key = (each.rule, each.data_set, each.subject)
        if left[key] > 0:
            left[key] -= 1
        else:
            unknown.append(str(each))
    return unknown + [f"foreseen, and not found: {' '.join(key)}" for key in left.elements()]


def _findings(out: Path) -> Iterator[Finding]:
    known = json.loads((CORE / "known_overreports.json").read_text())
    for line in out.read_text().splitlines():
        rule = json.loads(line)
        for result in rule.get("results", ()):
            if result.get("executionStatus") != "issue reported":
                continue
            for error in result.get("errors") or [{}]:
                if not _is_over_reported(known.get(rule["rule"]), result, error):
                    yield Finding(
                        rule["rule"], rule["message"], str(result.get("dataset")),
                        error.get("value") or {}, str(error.get("USUBJID") or ""),
                    )  # fmt: skip


def _is_over_reported(known: dict[str, str] | None, result: dict[str, Any], error: object) -> bool:
    """Judge as the judge's own list of over-reports does."""
    if known is None:
        return False
    is_of_set = result.get("dataset") == known.get("only_dataset", result.get("dataset"))
    return is_of_set and known.get("only_if", "") in str(error)


def by_terms(folder: Path, made: Mapping[str, Made]) -> list[str]:
    """Return what the judge of controlled terminology finds beyond sponsor's terms."""
    told = subprocess.run(
        [_VENV / "bin" / "python", CORE / "ct_check.py", folder],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert not told.stderr, told.stderr
    *lines, _ = told.stdout.splitlines()
    own = _own_codes(made)
    return [line for line in lines if not _is_a_note(line, own)]


def _is_a_note(line: str, own: set[str]) -> bool:
    found = _TOLD.fullmatch(line)
    if found is None:
        return False
    if found["kind"].strip() == _SPONSOR:
        return True
    is_unlisted = found["kind"].startswith("CT: NOT IN A CLOSED CODELIST")
    return bool(is_unlisted and _OWN_INSTRUMENT.fullmatch(found["where"]) and found["value"] in own)


def _own_codes(made: Mapping[str, Made]) -> set[str]:
    """Return the codes and names of what CDISC has no list for: sponsor's instruments, and scores that are computed."""
    categories = _categories()
    own: set[str] = set()
    for name in ("QS", "RS", "FT"):
        if name not in made:
            continue
        for row in made[name].table.to_pylist():
            if row[f"{name}CAT"] not in categories or row.get(f"{name}DRVFL") == "Y":
                own |= {row[f"{name}TESTCD"], row[f"{name}TEST"][:60]}
    return own


def _categories() -> set[str]:
    with gzip.open(CORE / "data" / "sdtmct-2025-03-28.json.gz") as body:
        lists = json.load(body)["codelists"]
    return {
        term["submissionValue"]
        for each in lists
        if each["submissionValue"] in ("QSCAT", "RSCAT", "FTCAT")
        for term in each["terms"]
    }
