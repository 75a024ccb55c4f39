"""Two snapshots compared: exactly what differs, with who did it and why."""

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.twins import twin

from hometrial.exports.deidentifying import PROFILES, WITHHELD, release
from hometrial.exports.differing import NOT_COMPARED, differences
from hometrial.exports.provenance import Before, write_changes
from hometrial.exports.source.reading import Source, kept, read
from hometrial.exports.source.tables import BY_NAME

_AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def before() -> Source:
    return twin("ldn-mecfs", people=2)


def _with(source: Source, name: str, change: dict[str, dict[str, object]]) -> Source:
    """Return a source in which some rows, by their ids, say something else."""
    rows = [{**row, **change.get(row["id"], {})} for row in source.rows(name)]
    return Source({**source.tables, name: BY_NAME[name].table(rows)})


def test_a_snapshot_does_not_differ_from_itself(before: Source) -> None:
    assert list(differences(before, before, 0)) == []


def test_three_changed_values_are_three_differences_with_who_and_why(before: Source) -> None:
    event, item = before.rows("adverse_event")[0], before.rows("item")[0]
    corrected = "0000-corrected"
    after = _with(
        before, "adverse_event", {event["id"]: {"severity": "severe", "grade": 3, "version": 9}}
    )
    after = _with(after, "item", {item["id"]: {"id": corrected, "value": "77"}})
    trail = [
        {"id": f"a/{number}", "sequence": 10**9 + number, "at": _AT, "actor": f"staff:{who}", "reason": why,
         "record": record}
        for number, (record, who, why) in enumerate(
            [(event["id"], "ada", "seen in the letter"), (corrected, "ben", "misread")]
        )
    ]  # fmt: skip
    added = BY_NAME["audit"].table(trail)
    after = Source({**after.tables, "audit": pa.concat_tables([before.table("audit"), added])})
    found = list(differences(before, after, 10**8))
    assert [(each.table, each.change, each.variable) for each in found] == [
        ("adverse_event", "changed", "severity"),
        ("adverse_event", "changed", "grade"),
        ("item", "changed", "value"),
    ]
    assert [(each.who, each.why) for each in found] == [
        ("staff:ada", "seen in the letter"), ("staff:ada", "seen in the letter"), ("staff:ben", "misread"),
    ]  # fmt: skip
    assert found[1].after == "3"
    assert found[2].before == (item["value"] or "")
    assert found[0].when == _AT.isoformat()


def test_a_row_more_and_a_row_less_are_told(before: Source) -> None:
    rows = before.rows("medication")
    gone = rows[0]
    after = Source({**before.tables, "medication": BY_NAME["medication"].table(rows[1:])})
    [found] = differences(before, after, 0)
    assert (found.change, found.participant) == ("removed", gone["participant"])
    [back] = differences(after, before, 0)
    assert (back.change, back.variable) == ("added", "")


def _rows(source: Source, name: str, rows: list[dict[str, object]]) -> Source:
    """Return a source with other rows in a table."""
    return source.with_table(name, BY_NAME[name].table(rows))


def _entry(table: str, record: str, new: str = "{}", who: str = "ada") -> dict[str, object]:
    return {
        "id": f"e/{record}", "sequence": 10**9, "at": _AT, "actor": f"staff:{who}", "reason": "a mistake",
        "table": table, "record": record, "operation": "INSERT", "new": new,
    }  # fmt: skip


def _small(**tables: list[dict[str, object]]) -> Source:
    return Source({name: BY_NAME[name].table(rows) for name, rows in tables.items()})


def _laboratory(row: str, value: float) -> dict[str, object]:
    return {"id": row, "participant": "A-1", "form": "liver", "visit": "V1", "visit_number": 1, "analyte": "alt",
            "sampled": "2026-03-01T08:00:00+00:00", "value": value}  # fmt: skip


def test_rows_that_share_their_key_are_compared_each_with_its_like() -> None:
    before = _small(laboratory=[_laboratory("l/1", 20.0), _laboratory("l/2", 30.0)])
    same = _small(laboratory=[_laboratory("k/2", 20.0), _laboratory("k/1", 30.0)])
    assert list(differences(before, same, 0)) == []
    once = _small(laboratory=[_laboratory("l/2", 30.0)])
    [gone] = differences(before, once, 0)
    assert (gone.change, gone.variable) == ("removed", "")
    [back] = differences(once, before, 0)
    assert back.change == "added"
    corrected = _small(laboratory=[_laboratory("l/1", 20.0), _laboratory("l/2", 31.0)])
    [changed] = differences(before, corrected, 0)
    assert (changed.change, changed.before, changed.after) == ("changed", "30.0", "31.0")
    thrice = _small(laboratory=[_laboratory(f"l/{n}", 20.0) for n in range(3)])
    assert [each.change for each in differences(before, thrice, 0)] == ["changed", "added"]


def test_rows_in_another_order_and_under_other_ids_do_not_differ(before: Source) -> None:
    after = before
    for name in ("item", "score", "adverse_event", "visit", "medication"):
        rows = [{**row, "id": f"z/{row['id']}"} for row in reversed(before.rows(name))]
        after = _rows(after, name, rows)
    assert list(differences(before, after, 0)) == []


def test_a_record_marked_as_in_error_is_gone_with_who_and_why() -> None:
    drawn = "00000000-0000-4000-8000-000000000001"
    before = _small(allocation=[{"id": drawn, "participant": "A-1", "arm": "IMM"}])
    after = _small(
        allocation=[], audit=[_entry("allocation_in_error", "x/1", f'{{"allocation_id": "{drawn}"}}')]
    )  # fmt: skip
    [found] = differences(before, after, 0)
    assert (found.change, found.who, found.why) == ("removed", "staff:ada", "a mistake")


@pytest.mark.parametrize(
    ("table", "log"),
    [("intake", "dose_event"), ("dose_order", "dose_event"), ("medication", "medication")],
)
def test_what_another_record_of_its_log_corrects_is_gone_with_who_and_why(
    table: str, log: str
) -> None:
    before = _small(**{table: [{"id": "a", "participant": "A-1", "number": 3}]})
    trail = [
        _entry("participant", "p-key", '{"code": "A-1"}') | {"id": "e/0", "sequence": 1},
        _entry(log, "b", '{"participant_id": "p-key", "number": 4, "corrects": 3}'),
    ]
    after = _small(**{table: [{"id": "b", "participant": "A-1", "number": 4}], "audit": trail})
    found = {each.change: each for each in differences(before, after, 5)}
    assert set(found) == {"removed", "added"}
    assert {(each.who, each.why) for each in found.values()} == {("staff:ada", "a mistake")}


def test_a_daily_figure_that_is_another_names_the_batch_that_brought_its_samples() -> None:
    def snapshot(version: int, batch: str, value: float) -> Source:
        day = {"participant": "A-1", "day": date(2026, 3, 1)}
        return _small(
            chunk=[day | {"id": "c", "stream": "steps", "version": version, "batch": batch}],
            daily_metric=[day | {"id": "m", "metric": "steps", "value": value}],
            batch=[{"id": "b1", "provider": "fitbit"}, {"id": "b2", "provider": "fitbit", "created_at": _AT}],
        )  # fmt: skip

    [found] = differences(snapshot(1, "b1", 10.0), snapshot(2, "b2", 12.0), 0)
    assert (found.table, found.before, found.after) == ("daily_metric", "10.0", "12.0")
    assert (found.when, found.why) == (_AT.isoformat(), "samples of batch b2 (fitbit)")


def test_a_person_who_left_is_told_by_the_withdrawal_and_the_status(before: Source) -> None:
    who = before.people[0]
    [person] = [row for row in before.rows("participant") if row["participant"] == who]
    after = _with(before, "participant", {person["id"]: {"status": "left"}})
    left = {"id": "w/1", "participant": who, "choice": "withdraw_completely", "decided": "2027-01-01T10:00:00+00:00"}  # fmt: skip
    after = _rows(after, "withdrawal", [*before.rows("withdrawal"), left])
    after = _rows(
        after,
        "audit",
        [
            _entry("withdrawal_choice", "w/1"),
            _entry("participant", "p-key", f'{{"code": "{who}"}}'),
        ],
    )
    found = {(each.table, each.change): each for each in differences(before, after, 0)}
    assert set(found) == {("participant", "changed"), ("withdrawal", "added")}
    assert {each.why for each in found.values()} == {"a mistake"}


def test_an_amendment_changes_which_version_is_in_force_and_adds_one(before: Source) -> None:
    [first] = before.rows("protocol_version")
    after = _rows(
        before,
        "protocol_version",
        [{**first, "in_force": False}, {**first, "id": "new", "version": "2.0.0"}],
    )
    told = [(each.change, each.variable, each.after) for each in differences(before, after, 0)]
    assert sorted(told) == [("added", "", ""), ("changed", "in_force", "False")]


def test_a_column_that_the_earlier_code_did_not_know_is_told_once_and_not_compared(
    before: Source,
) -> None:
    files = dict(kept(before))
    old = pq.read_table(io.BytesIO(files["visit"])).drop_columns(["mode", "days_outside"])
    sink = io.BytesIO()
    pq.write_table(old, sink)
    earlier = read({**files, "visit": sink.getvalue()})
    found = list(differences(earlier, before, 0))
    assert [(each.table, each.variable, each.why) for each in found] == [
        ("visit", "days_outside", NOT_COMPARED), ("visit", "mode", NOT_COMPARED),
    ]  # fmt: skip
    assert list(differences(earlier, earlier, 0)) == []
    released = release(earlier, PROFILES["study"], b"").source
    assert [each.variable for each in differences(released, before, 0) if each.why] == [
        "days_outside",
        "mode",
    ]


def test_a_folder_tells_who_amended_a_report_although_its_words_stay_behind(
    before: Source, tmp_path: Path
) -> None:
    event = before.rows("adverse_event")[0]
    after = _with(before, "adverse_event", {event["id"]: {"severity": "severe"}})
    amended = _entry("adverse_event_version", "v/2", f'{{"adverse_event_id": "{event["id"]}"}}')
    after = _rows(after, "audit", [amended])
    was, now = (release(each, PROFILES["study"], b"").source for each in (before, after))
    trail = after.table("audit").drop_columns("reason")
    trail = trail.append_column("reason", now.table("audit")["reason"]).select(BY_NAME["audit"].schema.names)  # fmt: skip
    [path] = write_changes(tmp_path, now, Before(was, 0, 1, trail))
    with path.open(newline="", encoding="utf-8") as file:
        [told] = csv.DictReader(file)
    assert (told["variable"], told["who"], told["why"]) == ("severity", "staff:ada", WITHHELD)
