"""What the nights of a saved page of the Google Health API become."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.frame import Segment
from hometrial_ingest.readers.google_health import reader
from hometrial_ingest.signals import Signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WATCH = {
    "platform": "FITBIT",
    "recordingMethod": "PASSIVELY_MEASURED",
    "device": {"displayName": "Watch 4", "formFactor": "WATCH"},
}


def microseconds(moment):
    return (datetime.fromisoformat(moment).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


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


def night(**sleep):
    interval = {
        "startTime": "2026-01-06T07:31:00Z",
        "startUtcOffset": "-14400s",
        "endTime": "2026-01-06T14:50:00Z",
        "endUtcOffset": "-10800s",
    }
    return {"interval": interval, "type": "STAGES", **sleep}


def stage(kind, start="07:31:00", end="07:37:00"):
    return {"startTime": f"2026-01-06T{start}Z", "endTime": f"2026-01-06T{end}Z", "type": kind}


def test_a_night_becomes_a_session_and_its_stages():
    summary = {
        "minutesInSleepPeriod": "400",
        "minutesAsleep": "390",
        "minutesAwake": "10",
        "minutesToFallAsleep": 5,
    }
    sleep = night(
        summary=summary,
        metadata={"mainSleep": True, "processed": True},
        stages=[stage("AWAKE"), stage("LIGHT", "07:37:00", "14:50:00")],
        shortAwakenings=[stage("AWAKE", "08:00:00", "08:00:30")],
    )
    name = "users/me/dataTypes/sleep/dataPoints/session-12345"
    segment = read_points({"name": name, "dataSource": WATCH, "sleep": sleep})

    session = only(segment, Signal.SLEEP_SESSION)
    assert (session["session"], session["code"], session["value"]) == (
        "session-12345",
        "stages",
        390,
    )
    assert session["end_at"] == microseconds("2026-01-06T14:50:00")
    assert session["end_local"] == microseconds("2026-01-06T11:50:00")
    assert (session["offset"], session["end_offset"]) == (-14400, -10800)
    assert session["duration"] == (7 * 60 + 19) * 60
    assert (session["minutes_in_bed"], session["minutes_awake"]) == (400, 10)
    assert (session["minutes_to_fall_asleep"], session["minutes_after_wakeup"]) == (5, 0)
    assert (session["main_sleep"], session["in_progress"]) == (True, False)
    stages = samples(segment, Signal.SLEEP_STAGE)
    assert [(row["code"], row["duration"], row["overlay"]) for row in stages] == [
        ("awake", 360, False),
        ("light", 25980, False),
        ("awake", 30, True),
    ]
    assert {(row["row"], row["session"]) for row in stages} == {(1, "session-12345")}


def test_a_running_session_has_no_end_and_no_value_yet():
    interval = {"startTime": "2026-08-16T22:00:00Z", "startUtcOffset": "-07:00"}
    session = only(read_points({"sleep": {"interval": interval}}), Signal.SLEEP_SESSION)

    assert session["in_progress"] is True
    assert (session["duration"], session["value"], session["end_at"]) == (0, None, None)
    assert session["main_sleep"] is None


@pytest.mark.parametrize(
    ("names", "key"),
    [
        ({"name": "users/me/dataTypes/sleep/dataPoints/7"}, "7"),
        ({"dataPointName": "users/me/dataTypes/sleep/dataPoints/8"}, "8"),
        ({"name": "redacted-name"}, "start 2026-01-06T07:31:00Z"),
        ({}, "start 2026-01-06T07:31:00Z"),
    ],
)
def test_the_key_of_a_session_is_its_name_or_else_its_start(names, key):
    assert only(read_points(names | {"sleep": night()}), Signal.SLEEP_SESSION)["session"] == key


@pytest.mark.parametrize(
    ("metadata", "main"),
    [({"mainSleep": True}, True), ({"main": True}, True), ({"processed": True}, False)],
)
def test_the_main_sleep_flag_has_two_names_and_is_false_when_left_out(metadata, main):
    session = only(read_points({"sleep": night(metadata=metadata)}), Signal.SLEEP_SESSION)

    assert session["main_sleep"] is main


def test_a_stage_of_a_kind_that_is_not_known_is_kept_as_unknown():
    segment = read_points({"sleep": night(stages=[stage("DREAMING")])})

    assert [row["code"] for row in samples(segment, Signal.SLEEP_STAGE)] == ["unknown"]
