"""What was stored of a person's doses is loaded exactly as it was, and is never rewritten."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay
from hometrial.protocol.dosing.events import (
    Entry,
    Intake,
    Interruption,
    Order,
    Reason,
    Resumption,
    Source,
    Void,
)
from hometrial.protocol.dosing.standing import Kind
from hometrial.services import enrolling
from hometrial.services.dosing import storing

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe")
DAYS = st.dates(date(2009, 1, 1), date(2030, 12, 31))
WORDS = st.text(min_size=1).filter(lambda text: "\0" not in text)
AMOUNTS = st.decimals("0", "20", allow_nan=False, places=3) | st.sampled_from(
    [Decimal("1.50"), Decimal("1E+1"), Decimal("0.1"), Decimal("0.0625")]
)


@st.composite
def moments(draw):
    """An instant as the clocks of a zone show it, also in an hour that comes twice."""
    seconds = draw(st.integers(1_230_768_000_000_000, 1_900_000_000_000_000))
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seconds)
    return instant.astimezone(ZoneInfo(draw(st.sampled_from(ZONES))))


@st.composite
def entries(draw, *, corrects=None):
    number = draw(st.integers(2, 9999))
    chosen = st.none() | st.integers(1, number - 1).map(str)
    target = draw(chosen if corrects is None else st.integers(1, number - 1).map(str))
    return Entry(str(number), draw(WORDS), draw(moments()), draw(WORDS), target)


parts = st.builds(Part, AMOUNTS.filter(bool), st.sampled_from(TimeOfDay))
doses = st.builds(
    DayDose,
    st.lists(parts, min_size=1, max_size=3, unique_by=lambda part: part.time_of_day).map(tuple),
    st.none() | WORDS,
)
orders = st.builds(
    Order,
    entries(),
    st.sampled_from(Kind),
    DAYS,
    st.none() | doses,
    st.none() | st.integers(-3, 20),
    st.none() | WORDS,
)


@st.composite
def intakes(draw):
    mg = draw(st.none() | AMOUNTS)
    at = draw(st.none() | moments()) if mg != 0 else None
    missed = draw(st.none() | st.sampled_from(Reason)) if mg == 0 else None
    on = draw(DAYS) if at is None else at.date() - timedelta(days=draw(st.integers(0, 1)))
    return Intake(
        draw(entries()),
        on,
        mg,
        draw(WORDS),
        draw(st.sampled_from(Source)),
        draw(st.sampled_from(TimeOfDay)),
        at,
        draw(st.none() | WORDS),
        draw(st.booleans()),
        missed,
    )


@st.composite
def interruptions(draw):
    first = draw(DAYS)
    last = draw(st.none() | st.integers(0, 400).map(lambda days: first + timedelta(days=days)))
    return Interruption(draw(entries()), first, draw(st.sampled_from(Reason)), last)


resumptions = st.builds(Resumption, entries(), st.integers(1, 99).map(str), DAYS)
events = orders | intakes() | interruptions() | resumptions | st.builds(Void, entries(corrects=1))


@given(events)
def test_a_row_of_an_event_is_read_back_as_the_event(event):
    row = storing.row_of(uuid4(), event)
    row.body = json.loads(json.dumps(row.body))
    row.at = row.at.astimezone(UTC)
    again = storing.event_of(row)
    assert again == event
    assert repr(again) == repr(event)  # also the zone, the fold and the digits of an amount


def test_a_time_without_a_named_zone_is_refused():
    entry = Entry("1", "nurse", datetime(2026, 3, 1, tzinfo=UTC), "as told")
    with pytest.raises(ValueError, match="no zone that has a name"):
        storing.row_of(uuid4(), Order(entry, Kind.HOLD, date(2026, 3, 1)))


def entry(number, **more):
    return Entry(str(number), "nurse", datetime(2026, 3, 2, 12, tzinfo=BERLIN), "as told", **more)


TOOK = Intake(entry(1), date(2026, 3, 2), Decimal("0.50"), "cap", Source.DIARY)


@pytest.fixture
def person(study):
    with study.database.transaction("test", "a person") as session:
        return enrolling.add_participant(session)


def store(study, person, *events):
    with study.database.transaction("test", "doses") as session:
        session.add_all(storing.row_of(person.id, each) for each in events)


def test_a_course_comes_back_from_the_database_digit_for_digit(study, person):
    dose = DayDose((Part(Decimal("4.50"), TimeOfDay.EVENING),), "cap")
    started = Order(entry(2), Kind.START, date(2026, 3, 2), dose, step=5)
    gap = Interruption(entry(3), date(2026, 3, 1), Reason.RAN_OUT)
    told = (TOOK, started, gap, Resumption(entry(4), "3", date(2026, 3, 2)))
    store(study, person, *told, Void(entry(5, corrects="1")))
    with study.database.reading() as session:
        course = storing.course_of(session, person)
        assert storing.courses_of(session, [person.id]) == {person.id: course}
    assert [repr(each) for each in course.events[:4]] == [repr(each) for each in told]
    assert course.standing_events == told[1:]


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("number = 0", "number_counts_from_one"),
        ("kind = 'wish'", "kind_is_known"),
        ("day = NULL", "only_void_has_no_day"),
        ("kind = 'void', day = NULL", "void_names_an_event"),
        ("corrects = 1, why = 'x'", "corrects_what_came_before"),
        ("number = 2, corrects = 1, why = ''", "correction_says_why"),
        ("kind = 'order', why = ''", "order_says_why"),
        ("by = ''", "says_by_whom"),
        ("ends = 1", "only_resumption_ends"),
        ("number = 2, corrects = 1", "fk_dose_event_corrects"),
        ("number = 2, kind = 'resumption', ends = 1", "fk_dose_event_ends"),
    ],
)
def test_the_database_itself_refuses_what_no_event_is(study, person, broken, rule):
    row = storing.row_of(person.id, TOOK)
    values = {
        "id": uuid4(), "participant_id": person.id, "number": 1, "kind": "intake", "day": row.day,
        "body": "{}", "by": "nurse", "at": row.at, "zone": "UTC", "why": "told", "corrects": None, "ends": None,
    }  # fmt: skip
    for change in broken.split(", "):
        name, _, value = change.partition(" = ")
        values[name] = {"NULL": None}.get(value, value.strip("'"))
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    with (
        pytest.raises(DBAPIError, match=rule),
        study.database.transaction("test", "tamper") as session,
    ):
        session.execute(text(f"INSERT INTO dose_event ({columns}) VALUES ({marks})"), values)  # noqa: S608


@pytest.mark.parametrize("twice", ["number", "corrects", "key"])
def test_a_number_a_correction_and_a_key_are_there_once(study, person, twice):
    store(study, person, TOOK)
    rows = [storing.row_of(person.id, Void(entry(n, corrects="1"))) for n in (2, 3)]
    rows[1].corrects = None if twice != "corrects" else 1
    if twice == "number":
        rows[1].number = 2
    if twice != "corrects":
        rows[1].kind, rows[1].day, rows[1].body = "intake", TOOK.on, {}
    rows[0].key, rows[1].key = ("tap", "tap") if twice == "key" else (None, None)
    with (
        pytest.raises(DBAPIError, match=rf"uq_dose_event.*{twice}"),
        study.database.transaction("test", "doses") as session,
    ):
        session.add_all(rows)


def test_what_was_recorded_is_never_rewritten(study, person):
    store(study, person, TOOK)
    for statement in ("DELETE FROM dose_event", "UPDATE dose_event SET number = 7"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            study.database.transaction("test", "tamper") as session,
        ):
            session.execute(text(statement))
    assert study.verify().problems == ()
