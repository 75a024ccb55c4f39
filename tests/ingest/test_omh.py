import json
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.omh import reader
from hometrial_ingest.signals import Signal

REAL = Path(__file__).resolve().parents[2] / "../shared/data/payloads"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text):
    stamp = datetime.fromisoformat(text)
    aware = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def read(name, data):
    file = MemoryFile(name, data)
    kind = reader.kind(name)
    rows, samples, unreadable = 0, defaultdict(list), []
    for segment in reader.read(file, kind):
        rows += segment.rows
        unreadable += segment.unreadable
        for frame in segment.frames:
            samples[frame.signal] += frame.table.to_pylist()
    return rows, samples, unreadable


def read_entries(*entries):
    return read("points.json", json.dumps(entries).encode())


def at(stamp):
    return {"date_time": stamp}


def between(start, end):
    return {"time_interval": {"start_date_time": start, "end_date_time": end}}


POINT = b'{"header":{"schema_id":{"name":"heart-rate"}}}'
HOUR = between("2016-02-05T06:25:00+01:00", "2016-02-05T07:25:00+01:00")
NIGHT = between("2016-02-05T22:00:00-08:00", "2016-02-06T06:30:00-08:00")


def heart_rate(frame=None, unit="beats/min", **more):
    moment = at("2016-02-05T06:25:00+01:00")
    quantity = {"value": 61, "unit": unit}
    return {"heart_rate": quantity, "effective_time_frame": frame or moment, **more}


def steps(frame=None, **more):
    quantity = {"value": 600, "unit": "steps"}
    return {"step_count": quantity, "effective_time_frame": frame or HOUR, **more}


def episode(**more):
    return {"effective_time_frame": NIGHT, "is_main_sleep": True, **more}


def total():
    return {"total_sleep_time": {"value": 7, "unit": "h"}, "effective_time_frame": NIGHT}


def point(schema, body, **header):
    return {
        "header": {"schema_id": {"namespace": "omh", "name": schema, "version": "1.0"}, **header},
        "body": body,
    }


def test_a_point_carries_its_person_its_app_and_the_wall_clock_of_its_offset():
    provenance = {"source_name": "RunKeeper", "modality": "sensed"}
    header = {"user_id": "user1432", "acquisition_provenance": provenance}
    rows, samples, unreadable = read_entries(point("heart-rate", heart_rate(), **header))
    assert (rows, unreadable) == (1, [])
    [sample] = samples[Signal.HEART_RATE]
    assert (sample["person"], sample["source"], sample["value"]) == (
        "user1432",
        "omh/RunKeeper",
        61,
    )
    assert (sample["at"], sample["duration"]) == (microseconds("2016-02-05T05:25:00"), 0)
    assert (sample["local"], sample["offset"]) == (microseconds("2016-02-05T06:25:00"), 3600)


def test_a_body_without_an_envelope_is_told_by_its_own_field():
    _, samples, _ = read_entries(heart_rate(), steps(), episode(), total())
    assert set(samples) == {
        Signal.HEART_RATE, Signal.STEPS, Signal.SLEEP_SESSION, Signal.MINUTES_ASLEEP_DAILY,
    }  # fmt: skip
    [sample] = samples[Signal.HEART_RATE]
    assert (sample["person"], sample["source"]) == (None, "omh/unknown-source")


def test_what_a_person_typed_in_is_marked():
    provenance = {"source_name": "Diary", "modality": "self-reported"}
    _, samples, _ = read_entries(
        point("heart-rate", heart_rate(), acquisition_provenance=provenance)
    )
    assert samples[Signal.HEART_RATE][0]["source"] == "omh/Diary/manual"


def test_an_average_over_an_interval_is_kept_with_its_duration():
    _, samples, unreadable = read_entries(heart_rate(HOUR, descriptive_statistic="average"))
    assert unreadable == []
    assert samples[Signal.HEART_RATE][0]["duration"] == 3600


@pytest.mark.parametrize("statistic", ["minimum", "maximum", "median", "standard deviation"])
def test_any_other_statistic_is_not_a_value(statistic):
    _, samples, [odd] = read_entries(heart_rate(HOUR, descriptive_statistic=statistic))
    assert (samples, odd.field, odd.value) == ({}, "descriptive_statistic", repr(statistic))


def test_an_average_of_amounts_is_not_an_amount():
    _, samples, odd = read_entries(
        steps(descriptive_statistic="average"), episode(descriptive_statistic="average")
    )
    assert (samples, [one.field for one in odd]) == ({}, ["descriptive_statistic"] * 2)


@pytest.mark.parametrize(
    ("value", "unit", "kilograms"),
    [(81.5, "kg", 81.5), (81_500, "g", 81.5), (180, "lb", 81.6466266)],
)
def test_every_mass_becomes_kilograms(value, unit, kilograms):
    body = {
        "body_weight": {"value": value, "unit": unit},
        "effective_time_frame": at("2016-02-05T06:25:00Z"),
    }
    _, samples, _ = read_entries(body)
    assert samples[Signal.WEIGHT][0]["value"] == kilograms


def test_a_unit_that_the_schema_does_not_know_is_named():
    _, samples, [odd] = read_entries(heart_rate(unit="Hz"))
    assert (samples, odd.field, odd.value) == ({}, "heart_rate.unit", "'Hz'")
    assert "beats/min" in odd.reason


def test_only_an_activity_that_counts_steps_is_a_source_row():
    walk = {"activity_name": "walking", "base_movement_quantity": {"value": 900, "unit": "steps"}}
    ride = {"activity_name": "cycling", "distance": {"value": 1.5, "unit": "mi"}}
    frame = {"effective_time_frame": HOUR}
    rows, samples, unreadable = read_entries(
        point("physical-activity", ride | frame), point("physical-activity", walk | frame)
    )
    assert (rows, unreadable) == (1, [])
    assert [(one["row"], one["value"]) for one in samples[Signal.STEPS]] == [(2, 900)]


def test_points_of_other_schemas_are_left_alone_whatever_they_hold():
    glucose = {"blood_glucose": {"value": 95, "unit": "mg/dL"}, "effective_time_frame": "odd"}
    assert read_entries(point("blood-glucose", glucose)) == (0, {}, [])


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (point("heart-rate", heart_rate() | {"heart_rate": {"value": None, "unit": "beats/min"}}), "body.heart_rate.value"),
        (point("heart-rate", heart_rate() | {"heart_rate": {"value": "61", "unit": "beats/min"}}), "body.heart_rate.value"),
        (point("heart-rate", steps()), "heart_rate"),
        (point("heart-rate", {"heart_rate": {"value": 61, "unit": "beats/min"}}), "effective_time_frame"),
        (heart_rate(descriptive_statistic=7), "descriptive_statistic"),
        ({"anything": 1}, ""),
        ({"effective_time_frame": NIGHT}, ""),
        (7, ""),
    ],
)  # fmt: skip
def test_one_odd_entry_is_named_and_its_neighbours_survive(entry, field):
    rows, samples, [odd] = read_entries(heart_rate(), entry, heart_rate())
    assert (rows, [sample["row"] for sample in samples[Signal.HEART_RATE]]) == (3, [1, 3])
    assert (odd.row, odd.field) == (2, field)
    assert odd.reason


def test_a_row_of_json_lines_is_numbered_by_its_line():
    lines = [json.dumps(heart_rate()), "", "{}", json.dumps(heart_rate())]
    rows, samples, [odd] = read("points.jsonl", "\r\n".join(lines).encode())
    assert (rows, odd.row) == (3, 3)
    assert [sample["row"] for sample in samples[Signal.HEART_RATE]] == [1, 4]


def test_a_single_object_and_an_array_of_one_are_the_same():
    assert read("a.json", json.dumps(steps()).encode()) == read_entries(steps())
    assert read("a.json", b"[]") == (0, {}, [])


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.jsonl", POINT + b'\n{"b":', r"line 2: the JSON breaks off"),
        ("a.jsonl", POINT + b'\n\n{"b":NaN}\n', r"line 3.*byte 5.*NaN"),
        ("a.json", b'[{"a":1},\n{"b":Infinity}]', r"line 2.*byte 15.*Infinity"),
        ("a.json", b'{"a":1}\n{"b":1}', "trailing characters.*JSON lines"),
        ("a.json", b"[" * 10_000, "nested too deeply"),
        ("a.json", b'"\xe9"', "UTF-8"),
        ("a.json", b" ", "empty"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place_and_the_way_out(name, data, says):
    with pytest.raises(UnreadableFileError, match=says) as refused:
        read(name, data)
    assert refused.value.way_out
    assert reader.keeps(MemoryFile(name, data))


@pytest.mark.parametrize("depth", range(980, 1000))
def test_nesting_near_the_depth_that_the_decoder_bears_never_crashes(depth):
    data = b'[{"heart_rate":' + b"[" * depth + b"]" * depth + b"}]"
    with suppress(UnreadableFileError):
        rows, samples, unreadable = read("points.json", data)
        assert (rows, samples, len(unreadable)) == (1, {}, 1)


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (heart_rate(), True),
        ([point("blood-glucose", {})], True),
        (point("heart-rate", {"heart_rate": 61}), True),
        ([], True),
        ([{"dateTime": "06/24/16 16:00:10", "value": {"bpm": 70}}], False),
        ({"dataPoints": []}, False),
        ({"body": {"dataPoints": []}, "status": 200}, False),
        ({"id": "a header by itself"}, False),
        ([7], False),
    ],
)
def test_a_json_of_something_else_is_left_to_others(data, kept):
    file = MemoryFile("some.json", json.dumps(data).encode())
    assert reader.keeps(file) is kept
    if kept:
        reader.check(file, "json")
    else:
        with pytest.raises(UnreadableFileError, match="does not begin with a data point"):
            reader.check(file, "json")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a/p.json", "json"), ("A.JSONL", "json-lines"), ("a.ndjson", "json-lines"), ("a.csv", None)],
)
def test_a_file_is_known_by_its_extension(path, kind):
    assert reader.kind(path) == kind


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, st.text())
STAMPS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
FRAMES = st.one_of(STAMPS.map(at), st.tuples(STAMPS, STAMPS).map(lambda two: between(*two)), VALUES)


@given(st.lists(st.tuples(VALUES, st.sampled_from(["beats/min", "h", 7, None]), FRAMES)))
def test_every_entry_has_a_sample_or_a_reason_and_never_both(entries):
    bodies = [
        {"heart_rate": {"value": value, "unit": unit}, "effective_time_frame": frame}
        for value, unit, frame in entries
    ]
    rows, samples, unreadable = read_entries(*bodies)
    found = [sample["row"] for sample in samples[Signal.HEART_RATE]]
    assert rows == len(entries)
    assert sorted([*found, *(odd.row for odd in unreadable)]) == list(range(1, rows + 1))


PUBLISHED = {
    "step_count_3_0.json": {Signal.STEPS: 10_600},
    "heart_rate_2_0.json": {},
    "sleep_episode_1_1.json": {Signal.SLEEP_SESSION: 510},
    "total_sleep_time_1_0.json": {Signal.MINUTES_ASLEEP_DAILY: 465},
    "data_point_1_0.json": {},
}
EXAMPLES = [("invented.json", json.dumps(steps()).encode(), {Signal.STEPS: 600})] + [
    (name, (REAL / "omh" / name).read_bytes(), expected)
    for name, expected in PUBLISHED.items()
    if (REAL / "omh" / name).exists()
]


@pytest.mark.parametrize(("name", "data", "expected"), EXAMPLES)
def test_the_published_examples_are_read(name, data, expected):
    assert reader.keeps(MemoryFile(name, data))
    _, samples, _ = read(name, data)
    assert {signal: some[0]["value"] for signal, some in samples.items()} == expected


@pytest.mark.parametrize("folder", ["takeout", "fitbit_web_api", "google_health_v4", "google_fit"])
def test_the_replies_of_other_sources_are_left_to_them(folder):
    for path in (REAL / folder).glob("*.json"):
        assert not reader.keeps(MemoryFile(path.name, path.read_bytes())), path.name
