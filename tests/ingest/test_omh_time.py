import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.readers.omh import reader
from hometrial_ingest.signals import Signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text):
    stamp = datetime.fromisoformat(text)
    aware = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def read_entries(*entries):
    file = MemoryFile("points.json", json.dumps(entries).encode())
    samples, unreadable = defaultdict(list), []
    for segment in reader.read(file, reader.kind(file.path)):
        unreadable += segment.unreadable
        for frame in segment.frames:
            samples[frame.signal] += frame.table.to_pylist()
    return samples, unreadable


def at(stamp):
    return {"date_time": stamp}


def between(start, end):
    return {"time_interval": {"start_date_time": start, "end_date_time": end}}


NIGHT = between("2016-02-05T22:00:00-08:00", "2016-02-06T06:30:00-08:00")


def heart_rate(frame):
    return {"heart_rate": {"value": 61, "unit": "beats/min"}, "effective_time_frame": frame}


def steps(frame):
    return {"step_count": {"value": 600, "unit": "steps"}, "effective_time_frame": frame}


def episode(**more):
    return {"effective_time_frame": NIGHT, "is_main_sleep": True, **more}


def total(value, unit, frame=None):
    return {
        "total_sleep_time": {"value": value, "unit": unit},
        "effective_time_frame": frame or NIGHT,
    }


def point(schema, body, **header):
    return {
        "header": {"schema_id": {"namespace": "omh", "name": schema, "version": "1.0"}, **header},
        "body": body,
    }


def test_a_stamp_in_utc_gives_the_instant_and_leaves_the_wall_clock_open():
    samples, _ = read_entries(heart_rate(at("2016-02-05T06:25:00.250Z")))
    [sample] = samples[Signal.HEART_RATE]
    assert sample["at"] == microseconds("2016-02-05T06:25:00.250")
    assert (sample["local"], sample["offset"]) == (None, None)


@pytest.mark.parametrize(
    ("interval", "offset"),
    [
        ({"start_date_time": "2016-02-05T06:25:00+01:00", "end_date_time": "2016-02-05T07:25:00+01:00"}, 3600),
        ({"start_date_time": "2016-02-05T06:25:00+01:00", "duration": {"value": 1, "unit": "h"}}, 3600),
        ({"end_date_time": "2016-02-05T07:25:00+01:00", "duration": {"value": 60, "unit": "min"}}, None),
    ],
)  # fmt: skip
def test_an_interval_is_placed_by_any_two_of_start_end_and_duration(interval, offset):
    samples, unreadable = read_entries(steps({"time_interval": interval}))
    assert unreadable == []
    [sample] = samples[Signal.STEPS]
    assert (sample["at"], sample["duration"]) == (microseconds("2016-02-05T05:25:00"), 3600)
    assert sample["offset"] == offset


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"time_interval": {"date": "2016-02-05", "part_of_day": "morning"}}, "two of start, end and duration"),
        ({"time_interval": {"start_date_time": "2016-02-05T06:25:00Z"}}, "two of start, end and duration"),
        (between("2016-02-05T06:25:00", "2016-02-05T07:25:00"), "no offset"),
        (between("2016-02-05T07:25:00Z", "2016-02-05T06:25:00Z"), "before the start"),
        (between("2016-02-30T06:25:00Z", "2016-03-05T07:25:00Z"), "no such date"),
        (between("yesterday", "2016-03-05T07:25:00Z"), "not a date-time"),
        (between("2016-02-05T06:25:00Z", "2016-02-05T06:25:00Z"), "needs an interval"),
        (at("2016-02-05T06:25:00Z"), "needs an interval"),
        ({"time_interval": {"start_date_time": "2016-02-05T06:25:00Z", "duration": {"value": 1, "unit": "Mo"}}}, "units"),
        ({"time_interval": {"start_date_time": "2016-02-05T06:25:00Z", "duration": {"value": -1, "unit": "h"}}}, "length"),
        ({"time_interval": {"start_date_time": "2016-02-05T06:25:00Z", "duration": {"value": 1e300, "unit": "h"}}}, "length"),
        ({}, "neither date_time nor time_interval"),
    ],
)  # fmt: skip
def test_steps_that_cannot_be_placed_in_time_are_unreadable(frame, says):
    samples, [odd] = read_entries(steps(frame))
    assert (samples, odd.row) == ({}, 1)
    assert odd.field.startswith("effective_time_frame")
    assert says in odd.reason


@pytest.mark.parametrize(
    ("value", "unit", "minutes"),
    [(465, "min", 465), (4.1, "h", 246), (0.13, "h", 7.8), (27_900, "sec", 465), (0.25, "d", 360)],
)
def test_every_length_of_sleep_becomes_minutes_exactly(value, unit, minutes):
    samples, _ = read_entries(total(value, unit))
    assert samples[Signal.MINUTES_ASLEEP_DAILY][0]["value"] == minutes


@pytest.mark.parametrize(
    ("frame", "day"),
    [
        (NIGHT, "2016-02-06"),
        (between("2016-02-05T00:00:00+01:00", "2016-02-06T00:00:00+01:00"), "2016-02-05"),
        ({"time_interval": {"start_date_time": "2016-02-05T22:00:00+01:00", "duration": {"value": 8, "unit": "h"}}}, "2016-02-06"),
        ({"time_interval": {"end_date_time": "2016-02-05T06:00:00+01:00", "duration": {"value": 8, "unit": "h"}}}, "2016-02-05"),
    ],
)  # fmt: skip
def test_a_total_belongs_to_the_local_day_on_which_its_interval_ends(frame, day):
    samples, unreadable = read_entries(total(7, "h", frame))
    assert unreadable == []
    [sample] = samples[Signal.MINUTES_ASLEEP_DAILY]
    assert (sample["at"], sample["duration"]) == (None, 0)
    assert sample["local"] == microseconds(f"{day}T00:00:00")


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (between("2016-02-05T22:00:00Z", "2016-02-06T06:30:00Z"), "local day of a stamp in UTC"),
        (between("2016-02-01T00:00:00+01:00", "2016-02-08T00:00:00+01:00"), "one day or less"),
        (at("2016-02-06T06:30:00+01:00"), "one day or less"),
    ],
)
def test_a_total_without_one_local_day_is_unreadable(frame, says):
    samples, [odd] = read_entries(total(7, "h", frame))
    assert samples == {}
    assert says in odd.reason


def test_a_sleep_episode_keeps_what_it_says_and_no_more():
    body = episode(
        total_sleep_time={"value": 7.5, "unit": "h"},
        latency_to_sleep_onset={"value": 17.5, "unit": "min"},
        latency_to_arising={"value": 300, "unit": "sec"},
        wake_after_sleep_onset={"value": 30, "unit": "min"},
    )
    samples, unreadable = read_entries(
        body, point("sleep-episode", {"effective_time_frame": NIGHT})
    )
    assert unreadable == []
    night, bare = samples[Signal.SLEEP_SESSION]
    assert (night["value"], night["minutes_awake"], night["main_sleep"]) == (450, 30, True)
    assert (night["minutes_to_fall_asleep"], night["minutes_after_wakeup"]) == (17.5, 5)
    assert (night["duration"], night["end_offset"]) == (30_600, -28_800)
    assert night["end_local"] == microseconds("2016-02-06T06:30:00")
    assert (bare["value"], bare["minutes_in_bed"], bare["main_sleep"]) == (None, None, None)


def test_a_session_is_known_by_its_id_at_the_source_before_any_other():
    provenance = {"source_name": "Bridge", "source_data_point_id": "1493623920"}
    samples, _ = read_entries(
        point(
            "sleep-episode", episode(), id="new-with-each-export", acquisition_provenance=provenance
        ),
        point("sleep-episode", episode(), id="123e4567"),
        point("sleep-episode", episode(), uuid="ieee-uuid"),
        episode(),
    )
    assert [night["session"] for night in samples[Signal.SLEEP_SESSION]] == [
        "1493623920", "123e4567", "ieee-uuid", "2016-02-06T06:00:00.000000Z",
    ]  # fmt: skip


STAMPS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())


@given(STAMPS, STAMPS)
def test_an_interval_is_never_longer_than_its_ends_are_apart(first, second):
    start, end = sorted([first, second], key=microseconds)
    samples, _ = read_entries(steps(between(start, end)))
    for sample in samples[Signal.STEPS]:
        apart = microseconds(end) - microseconds(start)
        assert 0 <= apart - sample["duration"] * 1_000_000 < 1_000_000
