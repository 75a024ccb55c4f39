"""Tidy tables: the same records as the tabulations, under names that stay, with words beside codes and doses beside rows."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from twins import twin

from hometrial.errors import ExportRefusedError
from hometrial.exports import dictionary
from hometrial.exports.deidentifying import profile, release
from hometrial.exports.formats import frames
from hometrial.exports.sdtm.coding import code_of
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.wearables import figures
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME, TABLES
from hometrial.exports.tidy import days, projecting
from hometrial.exports.tidy.tables import TIDY
from hometrial.protocol import loading
from hometrial.questionnaires import loading as shipped
from hometrial.services.metrics.rules import RULES

_WHO = "A-1"
FIRST_DRAFT = {
    "participant_day": "participant_id local_day dose_mg_planned dose_mg_actual steps rhr sleep_min wear_min valid_day "
    "day_status rule_suite consent_version excused",
    "gap": "participant_id stream local_day start_at end_at hours cause rule_version",
    "quarantine": "participant_id stream local_day at local_at value code rule suite reason status decision_reason "
    "payload row",
    "batch": "provider path kind payload status rows_read rows_accepted rows_duplicate rows_quarantined rows_unreadable "
    "rows_not_consented reason",
    "validation_summary": "path payload segment stream suite suite_version evaluated success rule severity rows message",
}
"""The columns that scripts have used since the first version of the export."""


def _source(**tables: list[dict[str, Any]]) -> Source:
    fixed: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [{"id": "P", "in_force": True, "body": loading.shipped_text("ldn-mecfs")}],
        "participant": [{"id": _WHO, "participant": _WHO, "site": "S-01", "created": "2026-01-01T09:00:00+01:00"}],
        "site": [{"id": "S-01", "name": "North", "country": "DE"}],
    }  # fmt: skip
    return Source({name: BY_NAME[name].table(rows) for name, rows in (fixed | tables).items()})


def _rows(name: str, source: Source) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = TIDY[name].rows(source).to_pylist()
    return found


@pytest.fixture(scope="module")
def source() -> Source:
    return twin("ldn-mecfs")


@pytest.fixture(scope="module")
def tables(source: Source) -> dict[str, pa.Table]:
    return {name: each.rows(source) for name, each in TIDY.items()}


@pytest.fixture(scope="module")
def tabulations(source: Source) -> dict[str, pa.Table]:
    return {name: made.table for name, made in tabulate(source).items()}


def test_each_table_has_the_rows_of_one_source_table_sorted_and_told_apart_by_its_keys(
    source: Source, tables: dict[str, pa.Table]
) -> None:
    for name, each in TIDY.items():
        table = tables[name]
        assert table.num_rows == source.table(each.source).num_rows, name
        keys = table.select(list(each.keys))
        assert keys.group_by(list(each.keys)).aggregate([]).num_rows == table.num_rows, name
        assert keys.equals(keys.sort_by([(key, "ascending") for key in each.keys])), name
    assert sum(table.num_rows > 0 for table in tables.values()) >= len(TIDY) - 1


def test_what_no_tidy_table_holds_is_known() -> None:
    left_out = {each.name for each in TABLES} - {each.source for each in TIDY.values()}
    assert left_out == {
        "protocol_version", "instrument", "site", "participation", "anchor", "allocation", "response",
        "chunk",
    }  # fmt: skip


@pytest.mark.parametrize("name", FIRST_DRAFT)
def test_columns_of_the_first_version_are_there_in_their_order(name: str) -> None:
    asked = FIRST_DRAFT[name].split()
    have = [each.name for each in TIDY[name].variables]
    assert [each for each in have if each in asked] == asked
    if name == "participant_day":
        assert set(RULES) <= set(have)


def test_every_column_is_described_and_fits_every_format_that_takes_long_names(
    tables: dict[str, pa.Table],
) -> None:
    for name, each in TIDY.items():
        assert tables[name].schema.equals(dictionary.schema(each.variables), check_metadata=True)
        for variable in each.variables:
            assert variable.name.isidentifier()
            assert len(variable.name) <= 32
            assert 0 < len(f"{variable.label} ({variable.unit})".encode()) <= 80
            assert variable.type in dictionary.TYPES
        frames.described(name, each.label, each.variables, tables[name], each.keys)


def test_the_metrics_are_those_that_the_platform_computes() -> None:
    assert {each.name: (each.label, each.unit, each.text) for each in days.metric_variables()} == {
        rule.name: (rule.label, rule.unit, rule.text) for rule in RULES.values()
    }
    assert set(figures()) <= set(RULES)


def test_a_study_without_data_has_every_table_with_every_column() -> None:
    source = _source(participant=[], site=[])
    for name, each in TIDY.items():
        table = each.rows(source)
        assert table.num_rows == 0, name
        assert table.column_names == [variable.name for variable in each.variables]


def test_steps_and_nights_sum_to_what_the_tabulations_say(
    tables: dict[str, pa.Table], tabulations: dict[str, pa.Table]
) -> None:
    day = tables["participant_day"]
    for column, domain, code, rule in (
        ("steps", "FA", "STEPSTN", "valid_day"),
        ("wear_min", "FA", "WEARMIN", None),
        ("rhr", "VS", "HRREST", "valid_night"),
        ("sleep_min", "NV", "TST", "valid_night"),
    ):
        table = tabulations[domain]
        rows = table.filter(pc.equal(table[f"{domain}TESTCD"], code))
        done = (
            rows.filter(pc.equal(rows[f"{domain}STAT"], ""))
            if f"{domain}STAT" in rows.column_names
            else rows
        )
        counts = pc.is_valid(day[column])
        if rule:
            counts = pc.and_(
                counts, pc.not_equal(pc.fill_null(pc.cast(day[rule], pa.float64()), 1), 0)
            )
        kept = day.filter(counts)
        assert kept.num_rows == done.num_rows > 100, column
        assert pc.sum(kept[column]).as_py() == pytest.approx(
            pc.sum(done[f"{domain}STRESN"]).as_py()
        )
    with_steps = pc.sum(pc.is_valid(day["steps"])).as_py()
    assert with_steps > 100


def test_answers_and_scores_are_as_many_as_the_tabulations_say(
    tables: dict[str, pa.Table], tabulations: dict[str, pa.Table]
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    total = 0.0
    for kind, name, column in (
        ("item", "questionnaire_item", "item"), ("score", "questionnaire_score", "score")
    ):  # fmt: skip
        for row in tables[name].to_pylist():
            code = code_of(row["instrument"], "item" if kind == "item" else "score", row[column])
            if code.is_kept:
                expected[row["participant_id"], code.testcd] += 1
                total += row["value_number" if kind == "item" else "value"] or 0
    for row in tables["free_answer"].to_pylist():
        expected[row["participant_id"], code_of("side_effects", "item", row["item"]).testcd] += 1
    qs = tabulations["QS"]
    found = Counter(
        (who.removeprefix("LDN-MECFS-"), code)
        for who, code in zip(qs["USUBJID"].to_pylist(), qs["QSTESTCD"].to_pylist(), strict=True)
    )
    assert found == expected
    assert pc.sum(qs["QSSTRESN"]).as_py() == pytest.approx(total)


def test_events_medicines_and_laboratory_values_are_as_many_as_the_tabulations_say(
    tables: dict[str, pa.Table], tabulations: dict[str, pa.Table]
) -> None:
    assert tables["adverse_event"].num_rows == tabulations["AE"].num_rows
    assert tables["laboratory"].num_rows == tabulations["LB"].num_rows
    assert tables["participant"].num_rows == tabulations["DM"].num_rows
    dosed = pc.sum(tables["participant"]["in_saf"]).as_py()
    assert dosed == pc.sum(pc.not_equal(tabulations["DM"]["RFXSTDTC"], "")).as_py() > 0
    mg = pc.sum(tables["dose_day"]["dose_mg_least"]).as_py()
    assert mg > 0
    assert (
        pc.sum(tables["participant"]["days_on_drug"]).as_py()
        == pc.sum(pc.greater(tables["dose_day"]["dose_mg_least"], 0)).as_py()
    )


def test_study_days_and_epochs_are_the_tabulations_own(
    tables: dict[str, pa.Table], tabulations: dict[str, pa.Table]
) -> None:
    fa = tabulations["FA"]
    steps = fa.filter(pc.equal(fa["FATESTCD"], "STEPSTN"))
    told = {
        (who.removeprefix("LDN-MECFS-"), day): (number, epoch)
        for who, day, number, epoch in zip(
            *(steps[name].to_pylist() for name in ("USUBJID", "FADTC", "FADY", "EPOCH")),
            strict=True,
        )
    }
    seen = 0
    for row in tables["participant_day"].to_pylist():
        found = told.get((row["participant_id"], row["local_day"].isoformat()))
        if found:
            seen += 1
            assert (row["study_day"], row["epoch_term"] or "") == found
    assert seen == len(told) > 100


def test_the_dose_of_the_day_stands_beside_each_score_and_each_event(
    source: Source, tables: dict[str, pa.Table]
) -> None:
    doses = {
        (row["participant"], row["day"]): row["mg_least"]
        if row["mg_least"] == row["mg_most"]
        else None
        for row in source.rows("dose_day")
    }
    on_drug = 0
    for name in ("questionnaire_score", "adverse_event", "visit", "laboratory"):
        for row in tables[name].to_pylist():
            assert row["dose_mg_actual"] == doses.get((row["participant_id"], row["local_day"])), (
                name
            )
            on_drug += bool(row["dose_mg_actual"])
    assert on_drug > 100


def test_the_own_baseline_is_the_median_of_the_run_in_and_only_days_that_count_change_from_it() -> (
    None
):
    march = [date(2026, 3, day) for day in range(1, 11)]
    epochs = [("screen", 0, 2), ("run_in", 2, 6), ("titrate", 6, None)]

    def metric(place: int, name: str, value: float) -> dict[str, Any]:
        day = march[place]
        return {
            "id": f"{day}/{name}",
            "participant": _WHO,
            "day": day,
            "metric": name,
            "value": value,
        }

    steps = [9000, 9000, 1000, 3000, 2000, 500, 4000, None, 100, 5000]
    source = _source(
        epoch=[
            {"id": f"{_WHO}/{n}", "participant": _WHO, "epoch": name, "number": n, "first": march[first],
             "last": march[last] if last else None}
            for n, (name, first, last) in enumerate(epochs)
        ],
        data_day=[
            {"id": f"{_WHO}/{day}", "participant": _WHO, "day": day, "status": "final"} for day in march
        ],
        dose_day=[
            {"id": f"{_WHO}/{day}", "participant": _WHO, "day": day, "mg_least": 0.5, "mg_most": 0.5}
            for day in march[6:]
        ],
        daily_metric=[
            *(metric(place, "steps", value) for place, value in enumerate(steps) if value is not None),
            metric(5, "valid_day", 0.0),
            metric(8, "valid_day", 0.0),
            metric(9, "valid_day", 1.0),
        ],
    )  # fmt: skip
    rows = _rows("participant_day", source)
    assert [row["is_baseline"] for row in rows] == [False, False, *[True] * 4, *[False] * 4]
    assert {row["steps_baseline"] for row in rows} == {2000.0}
    assert {row["steps_baseline_days"] for row in rows} == {3}
    assert [row["steps_change"] for row in rows] == [
        7000, 7000, -1000, 1000, 0, None, 2000, None, None, 3000
    ]  # fmt: skip
    assert [row["valid_day"] for row in rows][5:] == [False, None, None, False, True]
    assert {row["rhr_baseline"] for row in rows} == {None}
    assert {row["rhr_baseline_days"] for row in rows} == {0}
    without = Source({name: table for name, table in source.tables.items() if name != "epoch"})
    assert [row["is_baseline"] for row in _rows("participant_day", without)] == [
        *[True] * 6,
        *[False] * 4,
    ]


def test_a_metric_of_no_day_or_of_no_rule_is_refused() -> None:
    day = date(2026, 3, 1)
    metric = {"id": "m", "participant": _WHO, "day": day, "metric": "steps", "value": 1.0}
    with pytest.raises(ExportRefusedError, match="the daily metric m is of no day that is known"):
        _rows("participant_day", _source(daily_metric=[metric]))
    known = [{"id": "d", "participant": _WHO, "day": day, "status": "final"}]
    with pytest.raises(ExportRefusedError, match="the daily metric m is no metric that is known"):
        _rows(
            "participant_day", _source(data_day=known, daily_metric=[metric | {"metric": "gait"}])
        )


def test_times_stand_on_the_wall_and_in_utc_to_the_second() -> None:
    source = _source(
        query=[
            {"id": "q", "subject": "file", "opened_at": datetime(2026, 3, 1, 8, 0, 1, 999_999, UTC)}
        ]
    )
    [person] = _rows("participant", source)
    assert person["created_local"] == "2026-01-01T09:00:00+01:00"
    assert person["created_utc"] == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert person["country"] == "DE"
    [query] = _rows("query", source)
    assert query["opened_at"] == datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC)


def test_why_something_is_missing_stands_apart_from_it(tables: dict[str, pa.Table]) -> None:
    for name, value in (("questionnaire_item", "value"), ("questionnaire_score", "value")):
        table = tables[name]
        has, why = pc.is_valid(table[value]), pc.is_valid(table["missing_reason"])
        assert not pc.any(pc.equal(has, why)).as_py(), name
        assert pc.any(why).as_py(), name


def test_wording_goes_out_only_where_its_licence_allows() -> None:
    def answered(name: str, item: str) -> tuple[dict[str, Any], ...]:
        declared = shipped.named(name).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        of = {"participant": _WHO, "instrument": name}
        return (
            {"id": name, "instrument": name, "version": "1.0.0", "body": json.dumps(declared)},
            of
            | {
                "id": name,
                "form": name,
                "instrument_version": "1.0.0",
                "kind": "visit",
                "occasion": "W4#2",
            },
            of
            | {
                "id": item,
                "response": name,
                "item": item,
                "place": 1,
                "value": "1",
                "shown": "so it was read",
            },
        )

    declared, sent, items = zip(answered("fss", "fss_1"), answered("phq9", "phq9_1"), strict=True)
    source = _source(instrument=list(declared), response=list(sent), item=list(items))
    closed, opened = sorted(_rows("questionnaire_item", source), key=lambda row: row["instrument"])
    assert (closed["question_text"], closed["value_text"], closed["value"]) == (None, None, "1")
    assert opened["question_text"].startswith("Little interest")
    assert opened["value_text"] == "so it was read"
    assert (opened["visit"], opened["visit_number"], opened["visit_label"]) == ("W4", 2, "Week 4")
    assert opened["form_version"] == "1.0.0"


def test_an_event_that_is_not_serious_differs_from_one_of_which_nobody_knows() -> None:
    def event(number: int, serious: str | None, start: str | None) -> dict[str, Any]:
        return {
            "id": str(number), "participant": _WHO, "number": number, "serious": serious, "start": start
        }  # fmt: skip

    day = date(2026, 3, 5)
    dose = {
        "id": "d",
        "participant": _WHO,
        "day": day,
        "mg_least": 0.5,
        "mg_most": 0.5,
        "mg_planned": 1.0,
    }
    events = [
        event(1, "", "2026-03-05"),
        event(2, None, "2026-03"),
        event(3, "death", "2026-03-04"),
    ]
    rows = _rows("adverse_event", _source(adverse_event=events, dose_day=[dose]))
    assert [row["serious"] for row in rows] == ["none", None, "death"]
    assert [row["is_treatment_emergent"] for row in rows] == [True, None, False]
    assert [row["dose_mg_actual"] for row in rows] == [0.5, None, None]
    assert [row["dose_mg_planned"] for row in rows] == [1.0, None, None]


def test_a_column_that_nothing_fills_is_refused() -> None:
    table = BY_NAME["gap"].schema.empty_table()
    with pytest.raises(ExportRefusedError, match="nothing computes the column hours of gap"):
        projecting.projected("gap", table, {})


@pytest.mark.parametrize("name", ["public", "blinded"])
def test_what_leaves_the_house_makes_the_same_tables(
    source: Source, tables: dict[str, pa.Table], name: str
) -> None:
    released = release(source, profile(name), b"k" * 32, date(2099, 1, 1)).source
    for each in TIDY.values():
        table = each.rows(released)
        assert table.num_rows == released.table(each.source).num_rows, each.name
        assert table.schema == tables[each.name].schema
        keys = table.select(list(each.keys))
        assert keys.group_by(list(each.keys)).aggregate([]).num_rows == table.num_rows, each.name
    arms = set(TIDY["participant"].rows(released)["arm"].to_pylist())
    assert (arms == {None}) is (name == "blinded")


def test_tables_are_the_same_whatever_order_the_records_came_in(source: Source) -> None:
    turned = Source(
        {
            name: table.take(list(range(table.num_rows))[::-1])
            for name, table in source.tables.items()
        }
    )
    for name in ("participant_day", "questionnaire_score", "validation_summary", "gap"):
        assert TIDY[name].rows(turned).equals(TIDY[name].rows(source)), name
