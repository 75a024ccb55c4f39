"""What a saved page of the Google Health API becomes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.frame import Segment
from hometrial_ingest.readers.google_health import reader
from hometrial_ingest.readers.google_health.times import instants
from hometrial_ingest.signals import Signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WATCH = {
    "platform": "FITBIT",
    "recordingMethod": "PASSIVELY_MEASURED",
    "device": {"displayName": "Watch 4", "formFactor": "WATCH"},
}


def microseconds(moment):
    return (datetime.fromisoformat(moment).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def beat(physical="2026-01-08T02:25:14Z", bpm="60", offset="-14400s", source=WATCH):
    time = {"physicalTime": physical} | ({"utcOffset": offset} if offset else {})
    point = {"heartRate": {"beatsPerMinute": bpm, "sampleTime": time}}
    return point | ({"dataSource": source} if source is not None else {})


def walk(start="2026-01-08T01:54:00Z", end="2026-01-08T01:55:00Z", **count):
    interval = {"startTime": start, "endTime": end, "startUtcOffset": "-14400s"}
    return {"dataSource": WATCH, "steps": {"interval": interval, **count}}


def read(document, path="page.json") -> list[Segment]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(reader.read(MemoryFile(path, data), "page"))


def read_points(*points) -> Segment:
    (segment,) = read({"dataPoints": points})
    return segment


def samples(segment, signal):
    tables = [frame.table for frame in segment.frames if frame.signal == signal]
    return [row for table in tables for row in table.to_pylist()]


def only(segment, signal):
    assert segment.rows == 1
    assert segment.unreadable == []
    (sample,) = samples(segment, signal)
    return sample


def test_a_heart_rate_point_keeps_its_instant_its_wall_clock_and_where_it_came_from():
    sample = only(read_points(beat()), Signal.HEART_RATE)

    assert sample["at"] == microseconds("2026-01-08T02:25:14")
    assert sample["local"] == microseconds("2026-01-07T22:25:14")
    assert (sample["offset"], sample["duration"], sample["value"]) == (-14400, 0, 60)
    assert (sample["source"], sample["device"]) == ("google-health/FITBIT/WATCH", "Watch 4")


@pytest.mark.parametrize("bpm", ["60", 60, 60.0])
def test_a_whole_number_may_come_as_a_string_or_bare(bpm):
    assert only(read_points(beat(bpm=bpm)), Signal.HEART_RATE)["value"] == 60


@pytest.mark.parametrize(
    ("offset", "seconds"),
    [("-14400s", -14400), ("0s", 0), ("19800s", 19800), ("+00:00", 0), ("-07:00", -25200)],
)
def test_an_offset_may_be_a_duration_or_a_clock(offset, seconds):
    sample = only(read_points(beat(offset=offset)), Signal.HEART_RATE)

    assert sample["offset"] == seconds
    assert sample["local"] - sample["at"] == seconds * 1_000_000


def test_a_point_without_an_offset_has_no_wall_clock():
    sample = only(read_points(beat(offset=None)), Signal.HEART_RATE)

    assert sample["offset"] is None
    assert sample["local"] is None


def test_physical_time_wins_over_a_civil_time_that_disagrees():
    point = beat()
    point["heartRate"]["sampleTime"]["civilTime"] = {
        "date": {"year": 1999},
        "time": {"minutes": 60},
    }

    assert only(read_points(point), Signal.HEART_RATE)["local"] == microseconds(
        "2026-01-07T22:25:14"
    )


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - UTC by construction
    st.sampled_from([0, 3, 6, 9]),
)
def test_an_instant_is_read_with_any_number_of_fraction_digits(moment, digits):
    fraction = f"{moment.microsecond:06}000"[:digits]
    text = f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "") + "Z"

    kept = f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction[:6] or '0':0<6}"
    assert instants([text]).to_pylist() == [microseconds(kept)]


def test_a_bad_stamp_does_not_take_its_neighbours_with_it():
    texts = [
        "2026-01-08T02:25:14Z",
        "2026-02-30T02:25:14Z",
        "soon",
        None,
        "2026-01-08T02:25:15.1234567Z",
    ]

    assert instants(texts).to_pylist() == [
        microseconds("2026-01-08T02:25:14"), None, None, None, microseconds("2026-01-08T02:25:15.123456"),
    ]  # fmt: skip


def test_a_stamp_without_a_zone_is_no_instant():
    assert instants(["2026-01-08T02:25:14"]).to_pylist() == [None]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (WATCH, "google-health/FITBIT/WATCH"),
        (WATCH | {"device": {}}, "google-health/FITBIT/unknown-device"),
        (WATCH | {"device": {"displayName": "Aria"}}, "google-health/FITBIT/Aria"),
        (WATCH | {"recordingMethod": "MANUAL"}, "google-health/FITBIT/WATCH/manual"),
        ({"platform": "HEALTH_CONNECT"}, "google-health/HEALTH_CONNECT/unknown-device"),
        (WATCH | {"recordingMethod": "BY_MAGIC"}, "google-health/FITBIT/WATCH"),
        ({}, "google-health/unknown-platform/unknown-device"),
        (None, "google-health/reconciled"),
    ],
)
def test_the_source_names_platform_and_kind_of_device(source, expected):
    assert only(read_points(beat(source=source)), Signal.HEART_RATE)["source"] == expected


def test_every_source_of_a_page_keeps_its_own_points():
    segment = read_points(
        beat(bpm="60"), beat(bpm="70", source=WATCH | {"device": {}}), beat(bpm="80")
    )

    found = [
        (row["value"], row["source"], row["device"]) for row in samples(segment, Signal.HEART_RATE)
    ]
    assert found == [
        (60, "google-health/FITBIT/WATCH", "Watch 4"),
        (70, "google-health/FITBIT/unknown-device", None),
        (80, "google-health/FITBIT/WATCH", "Watch 4"),
    ]


def test_steps_lie_in_an_interval():
    sample = only(read_points(walk(count="100")), Signal.STEPS)

    assert sample["at"] == microseconds("2026-01-08T01:54:00")
    assert sample["local"] == microseconds("2026-01-07T21:54:00")
    assert (sample["value"], sample["duration"]) == (100, 60)


def test_a_count_that_was_left_out_is_zero():
    assert only(read_points(walk()), Signal.STEPS)["value"] == 0


def test_an_interval_shorter_than_a_second_lasts_one():
    point = walk("2026-01-08T01:54:00.100Z", "2026-01-08T01:54:00.400Z", count="1")

    assert only(read_points(point), Signal.STEPS)["duration"] == 1


def test_millimetres_become_metres_and_grams_kilograms():
    interval = walk()["steps"]["interval"]
    distance = {"distance": {"interval": interval, "millimeters": "70500"}}
    weight = {
        "weight": {"sampleTime": {"physicalTime": "2026-06-29T00:00:00Z"}, "weightGrams": 80100}
    }

    assert only(read_points(distance), Signal.DISTANCE)["value"] == 70.5
    assert only(read_points(weight), Signal.WEIGHT)["value"] == 80.1


DAY = {"year": 2026, "month": 6, "day": 22}


@pytest.mark.parametrize(
    ("name", "values", "signal", "expected"),
    [
        ("dailyRestingHeartRate", {"beatsPerMinute": "62"}, Signal.RESTING_HEART_RATE, 62),
        (
            "dailyHeartRateVariability",
            {"averageHeartRateVariabilityMilliseconds": 48.2, "entropy": 3.8},
            Signal.HRV_RMSSD_DAILY,
            48.2,
        ),
        ("dailyOxygenSaturation", {"averagePercentage": 96}, Signal.OXYGEN_SATURATION_DAILY, 96),
        ("dailyRespiratoryRate", {"breathsPerMinute": 14.6}, Signal.RESPIRATORY_RATE_DAILY, 14.6),
        (
            "dailySleepTemperatureDerivations",
            {"nightlyTemperatureCelsius": 34.1, "baselineTemperatureCelsius": 33.9},
            Signal.SKIN_TEMPERATURE_DAILY,
            34.1,
        ),
    ],
)
def test_a_daily_value_stands_at_the_midnight_of_its_day(name, values, signal, expected):
    sample = only(read_points({name: {"date": DAY, **values}}), signal)

    assert (sample["at"], sample["local"]) == (None, microseconds("2026-06-22T00:00:00"))
    assert (sample["duration"], sample["value"]) == (0, expected)


@pytest.mark.parametrize(
    ("name", "values", "signal"),
    [
        ("oxygenSaturation", {"percentage": 14.5}, Signal.OXYGEN_SATURATION),
        (
            "respiratoryRateSleepSummary",
            {"fullSleepStats": {"breathsPerMinute": 14.5}, "remSleepStats": {}},
            Signal.RESPIRATORY_RATE,
        ),
        ("heartRateVariability", {"standardDeviationMilliseconds": 14.5}, Signal.HRV_SDNN),
    ],
)
def test_a_sampled_value_stands_at_its_instant(name, values, signal):
    time = {"physicalTime": "2026-06-22T08:00:00Z"}
    sample = only(read_points({name: {"sampleTime": time, **values}}), signal)

    assert (sample["at"], sample["value"]) == (microseconds("2026-06-22T08:00:00"), 14.5)


def test_one_variability_point_gives_both_of_its_measures():
    measures = {
        "rootMeanSquareOfSuccessiveDifferencesMilliseconds": 45.5,
        "standardDeviationMilliseconds": 52.1,
    }
    time = {"physicalTime": "2026-06-22T08:00:00Z"}
    segment = read_points({"heartRateVariability": {"sampleTime": time, **measures}})

    assert only(segment, Signal.HRV_RMSSD)["value"] == 45.5
    assert only(segment, Signal.HRV_SDNN)["value"] == 52.1
