"""How the pages of the Google Health API may be saved, and what of them is a row."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def beat(physical="2026-01-08T02:25:14Z", bpm="60", offset="-14400s", source=WATCH):
    time = {"physicalTime": physical} | ({"utcOffset": offset} if offset else {})
    point = {"heartRate": {"beatsPerMinute": bpm, "sampleTime": time}}
    return point | ({"dataSource": source} if source is not None else {})


def walk(start="2026-01-08T01:54:00Z", end="2026-01-08T01:55:00Z", **count):
    interval = {"startTime": start, "endTime": end, "startUtcOffset": "-14400s"}
    return {"dataSource": WATCH, "steps": {"interval": interval, **count}}


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


def rollup(last=23, *, start_time=None, **sums):
    start = {"date": {"year": 2026, "month": 6, "day": 22}} | (
        {} if start_time is None else {"time": start_time}
    )
    end = {"date": {"year": 2026, "month": 6, "day": last}, "time": {}}
    return {"rollupDataPoints": [{"civilStartTime": start, "civilEndTime": end, **sums}]}


@pytest.mark.parametrize("start_time", [None, {}])
def test_a_roll_up_of_one_civil_day_is_a_daily_total(start_time):
    steps = only(
        *read(rollup(start_time=start_time, steps={"countSum": "8000"})), Signal.STEPS_DAILY
    )
    distance = only(*read(rollup(distance={"millimetersSum": "5000500"})), Signal.DISTANCE_DAILY)

    assert (steps["local"], steps["value"]) == (microseconds("2026-06-22T00:00:00"), 8000)
    assert steps["source"] == "google-health/reconciled"
    assert distance["value"] == 5000.5


@pytest.mark.parametrize(
    "page",
    [
        rollup(last=29, steps={"countSum": "8000"}),
        rollup(start_time={"hours": 8}, steps={"countSum": "8000"}),
        rollup(heartRate={"beatsPerMinuteAvg": 70.5}),
        rollup(heartRateVariabilityPersonalRange={}),
        {"rollupDataPoints": [{"startTime": "2026-06-22T00:00:00Z", "steps": {"countSum": "5"}}]},
    ],
)
def test_other_roll_ups_are_not_source_rows(page):
    assert [(segment.rows, segment.frames, segment.unreadable) for segment in read(page)] == [
        (0, [], [])
    ]


def test_points_of_other_types_are_not_source_rows():
    exercise = {"exercise": {"exerciseType": "WALKING"}, "dataSource": WATCH}
    segment = read_points(exercise, beat(), exercise)

    assert segment.rows == 1
    assert [row["row"] for row in samples(segment, Signal.HEART_RATE)] == [2]


PAGE = {"dataPoints": [beat()], "nextPageToken": "more", "somethingNew": {"deep": [1]}}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("plain.json", json.dumps(PAGE)),
        ("wrapped.json", json.dumps({"body": PAGE, "status": 200})),
        ("preview.json", json.dumps({"reconciledDataPoints": [beat()]})),
        ("pages.json", json.dumps([PAGE])),
        ("lines.jsonl", json.dumps(PAGE) + "\r\n\n"),
        ("point.json", json.dumps(beat())),
        ("marked.json", "\ufeff" + json.dumps(PAGE, indent=2)),
    ],
)
def test_a_page_is_read_however_it_was_saved(path, data):
    (segment,) = read(data.encode(), path)

    assert only(segment, Signal.HEART_RATE)["value"] == 60


def test_rows_are_counted_through_all_pages_of_a_file():
    pages = [{"dataPoints": [beat(), beat()]}, {}, {"dataPoints": [beat(), walk(count=1)]}]
    segments = read("\n".join(map(json.dumps, pages)).encode(), "pages.jsonl")

    rows = [row["row"] for one in segments for name in Signal for row in samples(one, name)]
    assert rows == [1, 2, 3, 4]
    assert sum(segment.rows for segment in segments) == 4


@pytest.mark.parametrize("empty", [{}, {"dataPoints": []}, {"nextPageToken": "x"}, []])
def test_an_empty_page_has_no_rows(empty):
    assert sum(segment.rows for segment in read(empty)) == 0


def test_the_same_page_twice_gives_the_same_samples():
    page = {"dataPoints": [beat(), walk(count=3), {"sleep": night(stages=[stage("REM")])}]}
    (first,), (second,) = read(page), read(page)

    assert first.rows == second.rows == 3
    assert [frame.table for frame in first.frames] == [frame.table for frame in second.frames]


@given(
    st.lists(st.tuples(st.integers(0, 86_399), st.integers(1, 300), st.sampled_from([0, -14400])))
)
def test_no_point_of_a_page_is_lost_or_changed(beats):
    start = datetime(2026, 1, 8, tzinfo=UTC)
    points = [
        beat(f"{start + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}", str(bpm), f"{offset}s")
        for second, bpm, offset in beats
    ]
    segments = read({"dataPoints": points})

    found = [
        (row["at"], row["value"], row["offset"])
        for segment in segments
        for row in samples(segment, Signal.HEART_RATE)
    ]
    base = (start - EPOCH) // timedelta(microseconds=1)
    assert found == [(base + second * 1_000_000, bpm, offset) for second, bpm, offset in beats]
