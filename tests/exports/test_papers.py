"""The README names what is in the folder, and nothing else."""

import re
from pathlib import Path

from twins import twin

from hometrial.exports import papers

_FACTS = {
    "kind": "draft", "made_at": "2027-04-30T12:00:00+00:00", "profile": {"name": "study", "text": "As it is."},
    "state": {"open_queries": 0, "provisional_days": 0}, "transformations": {},
}  # fmt: skip


def _written(place: Path) -> str:
    papers.write(place, twin("ldn-mecfs"), _FACTS, [])
    return (place / papers.README).read_text(encoding="utf-8")


def test_folders_and_programs_that_a_delivery_has_not_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "load.py").touch()
    (tmp_path / "tidy").mkdir()
    said = _written(tmp_path)
    assert "with labels: load.py\n" in said
    assert not re.search(
        r"^  (sdtm|adam|samples|forms|validation)/|transformations|FHIR", said, re.MULTILINE
    )


def test_those_that_it_has_are(tmp_path: Path) -> None:
    for name in ("sdtm-csv", "adam-csv", "tidy", "samples", "forms", "validation"):
        (tmp_path / name).mkdir()
    for name in ("load.py", "load.R", "tidy-transformations.csv"):
        (tmp_path / name).touch()
    said = _written(tmp_path)
    assert "with labels: load.R, load.py\n" in said
    assert re.findall(r"^  (\S+)/", said, re.MULTILINE)[:4] == ["sdtm", "adam", "tidy", "samples"]
    assert "  forms/" in said
    assert "FHIR" in said
    assert "-transformations.csv" in said


def test_every_form_that_was_due_every_open_query_and_every_dose_day_is_reconciled() -> None:
    source = twin("ldn-mecfs")
    table = source.table("query")
    queries = table.to_pylist()
    queries[0] |= {"status": "answered"}
    queries[1] |= {"status": "closed"}
    source = type(source)({**source.tables, "query": table.from_pylist(queries, table.schema)})
    rows = papers.reconciled(source)
    assert [each["participant_id"] for each in rows] == list(source.people)
    total = {name: sum(each[name] for each in rows) for name in rows[0] if name != "participant_id"}
    due = [row for row in source.rows("expected_form") if row["state"] != "not_yet"]
    assert sum(count for name, count in total.items() if name.startswith("forms_")) == len(due)
    assert total["queries_open"] == sum(row["status"] != "closed" for row in queries)
    told = [row for row in source.rows("dose_day") if row["status"] != "not_planned"]
    assert sum(count for name, count in total.items() if name.startswith("dose_")) == len(told)


def test_the_guide_counts_what_the_formats_could_not_hold(tmp_path: Path) -> None:
    counted = {"sdtm": {"XPT version 5": 1385}, "adam": {}, "tidy": {"CSV": 2}}
    papers.write(tmp_path, twin("ldn-mecfs"), {**_FACTS, "transformations": counted}, [])
    said = (tmp_path / papers.GUIDE).read_text(encoding="utf-8")
    assert "* XPT version 5: 1,385 values, in `sdtm-transformations.csv`\n" in said
    assert "* CSV: 2 values, in `tidy-transformations.csv`\n\n" in said
