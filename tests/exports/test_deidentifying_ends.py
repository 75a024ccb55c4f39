"""A public folder is the same whenever it is made: none of its days and states tells how far days were moved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from tests.support.twins import twin

from hometrial.exports.deidentifying import PROFILES, Disguise, Released, release
from hometrial.exports.ending import SURELY_OVER, last_records
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.source.reading import Row, Source
from hometrial.exports.source.tables import BY_NAME, TABLES
from hometrial.exports.tidy.tables import TIDY

_KEY = bytes(range(32))
_DAY = timedelta(1)
_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OF_THE_PLAN = {
    ("visit", "first"),
    ("visit", "last"),
    ("response", "due"),
    ("response", "occasion"),
    ("expected_form", "occasion"),
    ("treatment_told", "first"),
    ("treatment_told", "last"),
}
"""Days of a record that its person's last one does not bound: of the plan, or told of the time before the trial."""
_PLANNED = {"first", "last", "window_first", "window_last", "due"}
"""Of visits and forms: windows of the plan, which reach into days that are not lived."""


@dataclass(frozen=True)
class Made:
    """A study in which nobody told anything any more, as the platform has it on a day, and what is released of it."""

    on: date
    source: Source
    released: Released


def _lived_on(source: Source, on: date) -> Source:
    """Return a study after its last records, with all that the platform works out up to a day and beyond."""
    tables = {each.name: source.rows(each.name) for each in TABLES}
    last = last_records(source)
    for person, end in last.items():
        silent = [end + n * _DAY for n in range(1, (on - end).days)]
        tables["dose_day"] = [*tables["dose_day"], *(_unknown(person, day) for day in silent)]
        asked = [*silent, *(on + n * _DAY for n in range(15))]
        tables["expected_form"] = [
            *(row for row in tables["expected_form"] if row["state"] != "not_yet"),
            *(_diary(person, day, on) for day in [end, *asked]),
        ]
        tables["visit"] = [*tables["visit"], *_windows(person, end)]
        tables["dose_order"] = [*tables["dose_order"], *_of_the_plan(person, end, on)]
        tables["interruption"] = [*tables["interruption"], _paused(person, end, on)]
        tables["deviation"] = [*tables["deviation"], _deviation(person, end, on)]
    tables["visit"] = [_standing(row, on) for row in tables["visit"]]
    tables["epoch"] = [_lived(row, on) for row in tables["epoch"]] + [
        _lived(_epoch(person, end), on) for person, end in last.items()
    ]
    tables["data_day"] = [row | {"status": _how_final(row, on)} for row in tables["data_day"]]
    return Source({name: BY_NAME[name].table(rows) for name, rows in tables.items()})


def _unknown(person: str, day: date) -> Row:
    return {"id": f"{person}/{day}", "participant": person, "day": day, "mg_planned": 3.0, "mg_least": 0.0,
            "mg_most": 3.0, "status": "unknown"}  # fmt: skip


def _diary(person: str, day: date, on: date) -> Row:
    """Return a diary that stays open for half a year."""
    state = "not_yet" if day > on else "open" if day > on - timedelta(183) else "missing"
    return {"id": f"{person}/asked/{day}", "participant": person, "form": "ldn_diary", "occasion": f"asked/{day}",
            "kind": "diary", "day": day, "state": state}  # fmt: skip


def _windows(person: str, end: date) -> Iterator[Row]:
    """Yield visits on both sides of the week after the last record, with windows of half a year."""
    for number, due in enumerate((end - 10 * _DAY, end + 3 * _DAY, end + 30 * _DAY), start=90):
        yield {"id": f"{person}/V/{number}", "participant": person, "visit": "V", "number": number, "due": due,
               "first": due, "last": due + 183 * _DAY, "outcome": "upcoming"}  # fmt: skip


def _of_the_plan(person: str, end: date, on: date) -> Iterator[Row]:
    for day in (end + 100 * _DAY, on - _DAY):
        yield {"id": f"{person}/plan/{day}", "participant": person, "number": 900, "kind": "raise", "day": day, "mg": 4.0,
               "actor": "rule", "ordered": f"{day}T03:00:00+00:00"}  # fmt: skip


def _paused(person: str, end: date, on: date) -> Row:
    """Return a pause that the last record began, and that goes on."""
    return {"id": f"{person}/pause", "participant": person, "number": 901, "first": end, "last": on - _DAY,
            "reason": "ill"}  # fmt: skip


def _deviation(person: str, end: date, on: date) -> Row:
    return {"id": f"{person}/deviation", "participant": person, "number": 90, "category": "dosing", "impact": "minor",
            "happened": end, "found": on - _DAY, "reported": on - _DAY, "closed": False}  # fmt: skip


def _standing(row: Row, on: date) -> Row:
    if row["outcome"] in ("held", "missed"):
        return row
    outcome = "upcoming" if row["first"] > on else "due" if row["last"] >= on else "overdue"
    return row | {"outcome": outcome}


def _epoch(person: str, end: date) -> Row:
    return {
        "id": f"{person}/later",
        "participant": person,
        "epoch": "after",
        "number": 90,
        "first": end + 30 * _DAY,
    }


def _lived(row: Row, on: date) -> Row:
    """Have an epoch that goes on end after its longest time."""
    planned = row.get("last") or row["first"] + timedelta(200)
    return row | {"last": planned if planned < on else None}


def _how_final(row: Row, on: date) -> str:
    """Return the status of a day that is provisional for most of a year."""
    if row["status"] == "none":
        return "none"
    return "provisional" if row["day"] > on - timedelta(300) else "final"


@pytest.fixture(scope="module")
def made() -> tuple[Made, Made]:
    """One study as it is on two days, when everybody has been silent for half a year, and for longer."""
    source = twin("ldn-case-series", people=2)
    silent = max(last_records(source).values()) + timedelta(weeks=26)
    found = []
    for on in (silent, silent + timedelta(weeks=14, days=3)):
        lived = _lived_on(source, on)
        assert last_records(lived) == last_records(source), (
            "what the platform works out is no record"
        )
        found.append(Made(on, lived, release(lived, PROFILES["public"], _KEY, on)))
    return found[0], found[1]


def test_a_folder_of_the_same_people_is_the_same_whenever_it_is_made(
    made: tuple[Made, Made],
) -> None:
    sooner, later = (each.released.source for each in made)
    for each in TABLES:
        assert sooner.table(each.name).equals(later.table(each.name)), each.name


def test_the_two_days_differ_in_all_that_the_platform_works_out(made: tuple[Made, Made]) -> None:
    sooner, later = made
    for name in (
        "dose_day",
        "dose_order",
        "expected_form",
        "visit",
        "epoch",
        "data_day",
        "deviation",
    ):
        assert sooner.source.rows(name) != later.source.rows(name), name


def test_no_greatest_least_or_first_day_of_a_state_is_that_of_the_making(
    made: tuple[Made, Made],
) -> None:
    sooner, later = made
    disguise = Disguise.of(sooner.source, _KEY)
    true = {disguise.names[who]: by for who, by in disguise.shifts.items()}
    ends = {disguise.names[who]: day for who, day in last_records(sooner.source).items()}
    for person, where, day in _told(sooner.released.source):
        lived = day - true[person]
        for on in (sooner.on, later.on):
            assert abs((on - lived).days) > 3, f"{where}: made_at less this day is the shift"
        assert lived < ends[person] + SURELY_OVER, f"{where} goes on after the last record"


def _told(source: Source) -> Iterator[tuple[str, str, date]]:
    """Yield each day of each person in the tidy tables and the tabulations, with the table and column."""
    for tidy in TIDY.values():
        table = tidy.rows(source)
        if "participant_id" in table.column_names:
            yield from _days(tidy.name, table.to_pylist(), "participant_id")
    for name, data_set in tabulate(source).items():
        rows = data_set.table.to_pylist()
        if rows and "USUBJID" in rows[0]:
            study = f"{source.protocol.id.upper()}-"
            yield from _days(
                name,
                [row | {"USUBJID": row["USUBJID"].removeprefix(study)} for row in rows],
                "USUBJID",
            )


def _days(name: str, rows: list[Row], who: str) -> Iterator[tuple[str, str, date]]:
    for row in rows:
        for column, value in row.items():
            day = None if column in _PLANNED else _day(value)
            if day is not None and row[who]:
                yield row[who], f"{name}.{column}", day


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    return (
        date.fromisoformat(value[:10])
        if isinstance(value, str) and _WHOLE_DAY.match(value)
        else None
    )


def test_what_is_left_out_and_what_is_given_as_it_was_then_is_counted(
    made: tuple[Made, Made],
) -> None:
    sooner, later = (each.released.done for each in made)
    assert sooner["rows after a person's last record left out"] > 0
    assert (
        sooner["rows after a person's last record left out"]
        < later["rows after a person's last record left out"]
    )
    assert sooner["states given as at a person's last record"] > 0


def test_what_was_due_while_somebody_took_part_stays_as_missing_however_long_it_was_open(
    made: tuple[Made, Made],
) -> None:
    for each in made:
        source = each.released.source
        assert {row["state"] for row in source.rows("expected_form")} == {"received", "missing"}
        assert {row["outcome"] for row in source.rows("visit")} == {"held", "missed", "overdue"}
        numbers = [row["number"] for row in source.rows("visit") if row["visit"] == "V"]
        assert sorted(numbers) == [90, 90, 91, 91], "what was due much later is left out"
        assert {row["status"] for row in source.rows("data_day")} == {"final", "none"}


_DATED = [
    (each.name, field.name)
    for each in TABLES
    if "participant" in each.schema.names and each.name not in PROFILES["public"].without
    for field in each.fields
    if field.kind in ("day", "local", "instant", "partial", "occasion")
]


_WORKED_OUT = {
    "outcome": "upcoming",
    "state": "not_yet",
    "actor": "rule",
    "status": "unknown",
    "mg_least": 0.0,
}
"""What a row has that the platform made of itself."""


@pytest.mark.parametrize(("table", "column"), sorted({*_DATED} - _OF_THE_PLAN))
def test_a_day_after_the_last_record_is_one_itself_or_is_not_told(table: str, column: str) -> None:
    source, known, late = twin("ldn-case-series", people=2), BY_NAME[table], date(2029, 1, 1)
    person = source.people[0]
    [row] = [each for each in source.rows(table) if each["participant"] == person][:1] or [
        {"id": "new", "participant": person, "first": date(2026, 1, 1)}
    ]
    own = {"day": None} if table == "visit" else {}
    told = late if column in known.of("day") else f"{late}T10:00:00+00:00"
    row = row | own | _WORKED_OUT | {column: told}
    row = {name: value for name, value in row.items() if name in known.schema.names}
    small = Source({"participant": source.table("participant")}).with_table(
        table, known.table([row])
    )
    if last_records(small)[person] >= late:
        return
    released = release(small, PROFILES["public"], _KEY, late + timedelta(weeks=30)).source
    moved = late + Disguise.of(small, _KEY).shifts[person]
    days = [day for each in released.rows(table) for day in map(_day, each.values())]
    assert moved not in days, f"{table}.{column} is no record, and tells of a day after the last"
