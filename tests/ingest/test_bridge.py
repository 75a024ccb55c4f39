"""Pushes of phone bridges, read into samples."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.bridge import reader
from hometrial_ingest.signals import Signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORIGIN = {"origin": "com.fitbit.FitbitMobile", "method": "automatic", "device": "Pixel Watch 4"}
SOURCE = "health-connect/com.fitbit.FitbitMobile/Pixel Watch 4"
MOMENT = "2026-03-07T06:30:00+01:00"


def microseconds(text):
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def record(kind, **fields):
    return {"type": kind, **ORIGIN, **fields}


def steps(**fields):
    return record(
        "steps", **{"start": MOMENT, "end": "2026-03-07T06:31:00+01:00", "count": 17} | fields
    )


def night(**fields):
    return record(
        "sleep",
        **{
            "id": "night-1",
            "start": "2026-03-06T23:00:00+01:00",
            "end": "2026-03-07T07:00:00+01:00",
        }
        | fields,
    )


def stage(name, start, end, day="2026-03-07"):
    return {"stage": name, "start": f"{day}T{start}:00+01:00", "end": f"{day}T{end}:00+01:00"}


def read(*records, bridge="health-connect"):
    file = MemoryFile("push.json", json.dumps({"bridge": bridge, "records": records}).encode())
    rows, samples, unreadable = 0, defaultdict(list), []
    for segment in reader.read(file, reader.kind(file.path)):
        rows += segment.rows
        unreadable += segment.unreadable
        for frame in segment.frames:
            samples[frame.signal] += frame.table.to_pylist()
    return rows, samples, unreadable


def one(signal, *records, **options):
    _, samples, unreadable = read(*records, **options)
    assert unreadable == []
    (sample,) = samples[signal]
    return sample


def test_steps_are_an_amount_over_their_interval_at_the_place_where_they_were_made():
    sample = one(Signal.STEPS, steps())

    assert sample["value"] == 17
    assert sample["at"] == microseconds(MOMENT)
    assert sample["offset"] == 3600
    assert sample["local"] == sample["at"] + 3600 * 1_000_000
    assert sample["duration"] == 60
    assert sample["source"] == SOURCE
    assert sample["device"] == "Pixel Watch 4"
    assert sample["person"] is None


def test_an_instant_in_z_leaves_the_wall_clock_to_the_zone_of_the_person():
    sample = one(Signal.WEIGHT, record("weight", at="2026-03-07T05:30:00Z", value=71.5))

    assert sample["at"] == microseconds(MOMENT)
    assert (sample["local"], sample["offset"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "more", "signal"),
    [
        ("hrv", {"statistic": "rmssd"}, Signal.HRV_RMSSD),
        ("hrv", {"statistic": "sdnn"}, Signal.HRV_SDNN),
        ("oxygen_saturation", {}, Signal.OXYGEN_SATURATION),
        ("respiratory_rate", {}, Signal.RESPIRATORY_RATE),
        ("weight", {}, Signal.WEIGHT),
    ],
)
def test_a_value_at_one_instant_is_a_sample_of_its_signal(kind, more, signal):
    sample = one(signal, record(kind, at=MOMENT, value=55.5, **more))

    assert (sample["value"], sample["duration"]) == (55.5, 0)


def test_a_distance_is_kept_in_metres():
    walk = record("distance", start=MOMENT, end="2026-03-07T06:40:00+01:00", value=812.5)

    assert one(Signal.DISTANCE, walk)["value"] == 812.5


def test_a_resting_heart_rate_belongs_to_its_day_and_to_no_instant():
    sample = one(
        Signal.RESTING_HEART_RATE, record("resting_heart_rate", day="2026-03-07", value=58)
    )

    assert sample["at"] is None
    assert sample["local"] == microseconds("2026-03-07T00:00:00+00:00")


def test_a_series_of_heart_rates_is_one_row_with_a_sample_a_beat():
    beats = [{"at": f"2026-03-07T06:30:{n:02}+01:00", "value": 60 + n} for n in range(30)]

    rows, samples, _ = read(record("heart_rate", samples=beats), steps())

    assert rows == 2
    assert [sample["value"] for sample in samples[Signal.HEART_RATE]] == list(range(60, 90))
    assert {sample["row"] for sample in samples[Signal.HEART_RATE]} == {1}
    assert samples[Signal.STEPS][0]["row"] == 2


def test_a_night_is_a_session_with_its_stages():
    stages = [
        stage("light", "00:00", "02:00"),
        stage("deep", "02:00", "03:30"),
        stage("out_of_bed", "03:30", "03:40"),
        stage("rem", "03:40", "05:00"),
    ]

    _, samples, _ = read(night(stages=stages))

    (session,) = samples[Signal.SLEEP_SESSION]
    assert session["session"] == "night-1"
    assert session["value"] == 120 + 90 + 80
    assert session["minutes_awake"] == 10
    assert session["duration"] == 8 * 3600
    assert session["end_at"] == microseconds("2026-03-07T07:00:00+01:00")
    assert session["code"] == "stages"
    assert [s["code"] for s in samples[Signal.SLEEP_STAGE]] == ["light", "deep", "awake", "rem"]
    assert {s["session"] for s in samples[Signal.SLEEP_STAGE]} == {"night-1"}
    assert {s["row"] for s in samples[Signal.SLEEP_STAGE]} == {session["row"]}


def test_stages_that_overlap_are_counted_once_and_time_in_bed_lies_over_them():
    stages = [
        stage("in_bed", "00:00", "06:00"),
        stage("asleep", "01:00", "04:00"),
        stage("asleep", "03:00", "05:00"),
    ]

    _, samples, _ = read(night(stages=stages), bridge="apple-health")

    (session,) = samples[Signal.SLEEP_SESSION]
    assert (session["value"], session["minutes_in_bed"], session["code"]) == (240, 360, "asleep")
    assert [s["overlay"] for s in samples[Signal.SLEEP_STAGE]] == [True, False, False]


def test_a_night_without_stages_does_not_say_how_long_anybody_slept():
    assert one(Signal.SLEEP_SESSION, night())["value"] is None


def test_a_night_of_nothing_but_waking_was_slept_for_no_minute():
    awake = night(stages=[stage("awake_in_bed", "00:00", "06:00")])

    _, samples, _ = read(awake)

    assert samples[Signal.SLEEP_SESSION][0]["value"] == 0


def test_what_was_typed_in_is_kept_apart_from_what_was_measured():
    typed = record("weight", at=MOMENT, value=71.5, method="manual")

    assert one(Signal.WEIGHT, typed)["source"] == f"{SOURCE}/manual"


def test_the_source_begins_with_the_name_of_the_bridge_and_says_so_if_no_device_is_named():
    unnamed = {**steps(), "device": None}

    sample = one(Signal.STEPS, unnamed, bridge="apple-health")

    assert sample["source"] == "apple-health/com.fitbit.FitbitMobile/unknown-device"
    assert sample["device"] is None


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_versions_of_one_record_only_the_newer_counts(newer_first):
    versions = [
        night(modified_at="2026-03-07T05:00:00Z", end="2026-03-07T05:00:00+01:00"),
        night(modified_at="2026-03-07T07:10:00+01:00"),
    ]
    rows, samples, unreadable = read(*(versions[::-1] if newer_first else versions))

    assert (rows, unreadable) == (1, [])
    assert [s["duration"] for s in samples[Signal.SLEEP_SESSION]] == [8 * 3600]


def test_records_of_two_apps_may_share_an_id():
    other = night(origin="com.oura.app")

    rows, samples, _ = read(night(), other)

    assert rows == 2
    assert len(samples[Signal.SLEEP_SESSION]) == 2


def test_an_interval_shorter_than_a_second_lasts_one():
    short = steps(end="2026-03-07T06:30:00.250+01:00")

    assert one(Signal.STEPS, short)["duration"] == 1


def test_of_nine_digits_of_a_second_six_are_kept():
    fine = record("weight", at="2026-03-07T06:30:00.123456789+01:00", value=70)

    assert one(Signal.WEIGHT, fine)["at"] == microseconds(MOMENT) + 123_456


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        (steps(start="2026-02-30T06:30:00+01:00"), "start"),
        (steps(end=MOMENT), "end"),
        (steps(end="2026-03-07T06:29:00+01:00"), "end"),
        (steps(start="2026-03-07T06:30:00+17:00"), "start"),
        (steps(start="0001-01-01T00:00:00+01:00"), "start"),
        (steps(modified_at="2026-13-07T06:30:00Z"), "modified_at"),
        (record("resting_heart_rate", day="2026-02-29", value=58), "day"),
        (record("heart_rate", samples=[{"at": "2026-03-07T24:30:00Z", "value": 60}]), "samples[0].at"),
        (night(stages=[stage("light", "02:00", "01:00")]), "stages[0].end"),
    ],
)  # fmt: skip
def test_a_record_that_makes_no_sense_is_named_and_its_neighbours_are_kept(odd, field):
    rows, samples, unreadable = read(steps(), odd, steps(start="2026-03-07T06:30:30+01:00"))

    assert rows == 3
    assert [(each.row, each.field) for each in unreadable] == [(2, field)]
    assert [sample["row"] for sample in samples[Signal.STEPS]] == [1, 3]


def test_a_file_that_is_no_push_is_refused_with_its_record_field_and_value():
    body = json.dumps({"bridge": "health-connect", "records": [steps(), steps(count="17")]})
    file = MemoryFile("push.json", body.encode())

    with pytest.raises(UnreadableFileError, match=r"record 2, field 'count'.*17"):
        reader.check(file, "push")


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2198, 1, 1)),  # noqa: DTZ001
    st.integers(-15 * 60, 15 * 60),
)
def test_any_instant_with_any_offset_is_placed_to_the_microsecond(moment, minutes):
    sign, places = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat(timespec='microseconds')}{sign}{places[0]:02}:{places[1]:02}"

    sample = one(Signal.WEIGHT, record("weight", at=text, value=70))

    assert sample["at"] == microseconds(text)
    assert sample["offset"] == minutes * 60
    assert sample["local"] == microseconds(f"{moment.isoformat(timespec='microseconds')}+00:00")
