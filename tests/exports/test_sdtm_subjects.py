"""Who is a subject of the tabulations, who of those that were asked is none, and that nobody is lost on the way."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from twins import twin

from hometrial.exports import papers
from hometrial.exports.report import flow
from hometrial.exports.report.material import Standing, material
from hometrial.exports.sdtm import domains, subjects
from hometrial.exports.sdtm.foreseen import Foreseen
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.exports.tidy.tables import TIDY

_SIGNED = {"part": "participant", "document": "main", "version": "1.0.0", "kind": "electronic",
           "signed": "2026-01-05T10:00:00+00:00"}  # fmt: skip
_FACTS = {
    "kind": "draft", "made_at": "2026-12-01T12:00:00+00:00", "profile": {"name": "study", "text": "As it is."},
    "state": {"open_queries": 0, "provisional_days": 0}, "transformations": {},
}  # fmt: skip


def asked(status: str = "screening", **tables: list[dict[str, Any]]) -> Source:
    """Return the twin of six with one more person, A-1, of whom these rows are all there is."""
    whole = twin("ldn-crohns")
    more = {"participant": [{"id": "A-1", "site": "01", "status": status}], **tables}
    made = dict(whole.tables)
    for name, rows in more.items():
        rows = [{"id": f"A-1/{place}", "participant": "A-1", **row} for place, row in enumerate(rows)]  # fmt: skip
        made[name] = pa.concat_tables([whole.table(name), BY_NAME[name].table(rows)])
    return Source(made)


@pytest.mark.parametrize(
    ("status", "tables", "reason"),
    [
        ("screening", {}, subjects.OPEN),
        ("screening", {"screening": [{"number": 1}]}, subjects.OPEN),
        ("screening", {"screening": [{"number": 1}], "screening_answer": [{"variable": "age", "value": "40"}]},
         subjects.OPEN),
        ("declined", {"screening": [{"number": 1, "outcome": "declined"}]}, subjects.DECLINED),
        ("lost_to_follow_up", {}, subjects.LEFT),
        ("withdrawn", {"visit": [{"visit": "S1", "number": 1, "due": date(2026, 1, 9)}]}, subjects.LEFT),
        ("screening", {"consent_signature": [{**_SIGNED, "part": "investigator"}]}, subjects.OPEN),
        ("screening", {"consent_signature": [_SIGNED]}, None),
        ("declined", {"consent_signature": [_SIGNED]}, None),
        ("screening", {"anchor": [{"anchor": "consent", "day": date(2026, 1, 5)}]}, None),
        ("screen_failure", {"screening": [{"number": 1, "outcome": "screen_failure", "failing": "E1"}]}, None),
        ("screening", {"visit": [{"visit": "S1", "number": 1, "outcome": "held", "day": date(2026, 1, 9)}]}, None),
        ("screening", {"medication": [{"number": 1, "name": "x"}]}, None),
        ("withdrawn", {"withdrawal": [{"choice": "withdraw_completely", "decided": "2026-01-05T10:00:00+00:00"}]}, None),
    ],
)  # fmt: skip
def test_a_subject_signed_or_failed_or_has_a_clinical_record(status, tables, reason):
    assert subjects.left_out(asked(status, **tables)).get("A-1") == reason


def test_whoever_is_no_subject_is_in_no_tabulation_and_stays_in_the_tidy_tables():
    source = asked(screening=[{"number": 1, "opened": "2026-01-04T09:00:00+00:00"}],
                   screening_answer=[{"variable": "age", "value": "40", "number": 40.0}])  # fmt: skip
    study = subjects.study(source)
    assert "A-1" not in study.people
    assert len(study.people) == len(source.people) - 1
    for name in ("DM", "DS", "SE"):
        made = domains.DOMAINS[name](study)
        assert made
        assert all(row["_person"] != "A-1" for row in made)
    for name in ("participant", "screening", "screening_answer"):
        assert "A-1" in TIDY[name].rows(source)["participant_id"].to_pylist()


def test_the_rows_of_the_others_are_held_once():
    source = asked()
    study = subjects.study(source)
    for row, again in zip(study.source.rows("visit"), source.rows("visit"), strict=True):
        assert row is again


def test_a_study_of_subjects_alone_is_the_study_itself():
    source = twin("ldn-crohns")
    assert subjects.left_out(source) == {}
    assert subjects.study(source).source is source


@pytest.fixture(scope="module")
def counted():
    source = asked("declined", screening=[{"number": 1, "outcome": "declined"}])
    made = material(source, Standing("draft", "x", datetime(2027, 5, 1, tzinfo=UTC), "1"))
    return source, made


def test_the_flow_starts_with_everybody_and_says_why_somebody_is_no_subject(counted):
    source, made = counted
    found = flow.flow(made)
    registered, consented = found.stages[0], found.stages[1]
    assert registered.people == set(source.people)
    assert "A-1" not in consented.people
    assert registered.leavers["A-1"] == subjects.DECLINED
    assert found.ends["Registered, not consented"] == {"A-1"}
    assert set(made.people.index) == set(source.people) - {"A-1"}


def test_the_guide_counts_who_is_left_out_and_what_the_rules_will_say(tmp_path):
    source = asked("declined", screening=[{"number": 1, "outcome": "declined"}])
    told = [Foreseen("CORE-000266", "AE", "AESER is not N", "Nobody judged it.", ("X-1", "X-1"))]
    papers.write(tmp_path, source, _FACTS, [], told)
    guide = (tmp_path / papers.GUIDE).read_text(encoding="utf-8")
    assert "6 of 7 people are subjects" in guide
    assert f"* {subjects.DECLINED}: 1\n" in guide
    assert (
        "* **CORE-000266, AE: 2 findings, 1 subject**: AESER is not N. Nobody judged it.\n" in guide
    )
    [kept] = json.loads((tmp_path / papers.CORE_EXPECTED).read_text(encoding="utf-8"))
    assert (kept["rule"], kept["findings"], kept["subjects"]) == ("CORE-000266", 2, ["X-1", "X-1"])


def test_without_tabulations_nothing_is_foreseen_and_the_guide_says_so(tmp_path):
    source = Source({"participant": twin("ldn-crohns").table("participant")})
    papers.write(tmp_path, source, _FACTS, [])
    guide = (tmp_path / papers.GUIDE).read_text(encoding="utf-8")
    assert guide.count("Nothing was tabulated: no protocol is in force.") == 2
    assert not (tmp_path / papers.CORE_EXPECTED).exists()


def test_who_leaves_before_the_drug_is_ordered_was_never_assigned_where_nobody_is_allocated():
    study = subjects.study(twin("ldn-crohns"))
    assert study.protocol.allocation.method == "not_allocated"
    assert study.screened("P-90005")["outcome"] == "eligible"
    assert study.arm("P-90005") is None
    assert study.arm("P-90001") == study.protocol.arms[0].id
