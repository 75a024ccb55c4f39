"""What a saved reply of the Google Health API is refused for, and how the refusal reads."""

import json
from pathlib import Path

import pytest

from hometrial_ingest.archive import DiskFile, MemoryFile
from hometrial_ingest.errors import ErrorReplyError, UnreadableFileError
from hometrial_ingest.readers.google_health import batches, reader

PAYLOADS = Path(__file__).resolve().parents[2] / "../shared/data/payloads/google_health_v4"
CAPTURES = sorted(PAYLOADS.glob("*.json")) if PAYLOADS.exists() else []


def beat(**time):
    sample_time = {"physicalTime": "2026-01-08T02:25:14Z", **time}
    return {"heartRate": {"beatsPerMinute": "60", "sampleTime": sample_time}}


def walk(end):
    interval = {"startTime": "2026-01-08T01:54:00Z", "endTime": end}
    return {"steps": {"interval": interval, "count": "100"}}


def variability(value):
    time = {"physicalTime": "2026-01-08T02:25:14Z"}
    measures = {} if value is None else {"standardDeviationMilliseconds": value}
    return {"heartRateVariability": {"sampleTime": time, **measures}}


def sleep(**parts):
    interval = {"startTime": "2026-01-06T07:31:00Z", "endTime": "2026-01-06T14:50:00Z"}
    return {"sleep": {"interval": interval, **parts}}


def file(document, path="page.json"):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return MemoryFile(path, data)


def read(document, path="page.json"):
    return list(reader.read(file(document, path), "page"))


def refusal(document, path="page.json"):
    with pytest.raises(UnreadableFileError) as refused:
        read(document, path)
    return str(refused.value)


RESTING = "dailyRestingHeartRate"
NO_DAY = {"date": {"year": 2026, "month": 2, "day": 30}, "beatsPerMinute": "62"}
BAD_STAGE = {"startTime": "2026-01-06T07:31:00Z", "endTime": "then", "type": "REM"}


@pytest.mark.parametrize(
    ("point", "field", "value"),
    [
        (beat(physicalTime="2026-02-30T00:00:00Z"), "sampleTime.physicalTime", "2026-02-30"),
        (beat(physicalTime="2026-01-08T02:25:14"), "sampleTime.physicalTime", "2026-01-08T02"),
        (beat(utcOffset="four hours"), "sampleTime.utcOffset", "four hours"),
        (beat(utcOffset="-86400s"), "sampleTime.utcOffset", "-86400s"),
        ({"heartRate": {"beatsPerMinute": "many", "sampleTime": {"physicalTime": "x"}}}, "heartRate.beatsPerMinute", "many"),
        ({"heartRate": {"sampleTime": {"physicalTime": "2026-01-08T02:25:14Z"}}}, "heartRate", "sampleTime"),
        (beat() | {"dataSource": {"platform": 5}}, "dataSource", "platform"),
        (walk("2026-01-08T01:53:00Z"), "steps.interval.endTime", "01:53"),
        (walk("2026-01-08T01:54:00Z"), "steps.interval.endTime", "01:54"),
        (variability("NaN"), "heartRateVariability.standardDeviationMilliseconds", "nan"),
        (variability(None), "standardDeviationMilliseconds", ""),
        ({RESTING: NO_DAY}, "dailyRestingHeartRate.date", "30"),
        ({RESTING: {"date": {"year": 2026}, "beatsPerMinute": "62"}}, "dailyRestingHeartRate.date", "2026"),
        (sleep(stages=[BAD_STAGE]), "sleep.stages[0].endTime", "then"),
        (sleep(stages=[BAD_STAGE | {"endTime": "2026-01-06T07:30:00Z"}]), "sleep.stages[0].endTime", "07:30"),
        ({"dataSource": {"platform": "FITBIT"}}, "", "FITBIT"),
        ({}, "", "{}"),
        ("no object", "", "no object"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("neighbour", [beat(), walk("2026-01-08T01:55:00Z")])
def test_one_bad_point_is_reported_and_its_neighbours_are_kept(point, field, value, neighbour):
    (segment,) = read({"dataPoints": [neighbour, point, neighbour]})

    assert segment.rows == 3
    (fault,) = segment.unreadable
    assert fault.row == 2
    assert field in fault.field
    assert value in fault.value
    assert fault.reason
    (frame,) = segment.frames
    assert frame.table["row"].to_pylist() == [1, 3]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_slices_of_a_large_page_are_read_as_the_whole(monkeypatch, size):
    page = {"dataPoints": [beat(), walk("2026-01-08T01:55:00Z"), {}, beat(), beat(utcOffset="?")]}
    (whole,) = read(page)
    monkeypatch.setattr(batches, "AT_ONCE", 0)
    monkeypatch.setattr(batches, "SLICE", size)
    slices = read(page)

    assert sum(segment.rows for segment in slices) == whole.rows == 5
    faults = [fault for segment in slices for fault in segment.unreadable]
    assert faults == whole.unreadable
    rows = [
        row
        for segment in slices
        for frame in segment.frames
        for row in frame.table["row"].to_pylist()
    ]
    assert sorted(rows) == [1, 2, 4]


def test_a_roll_up_with_a_day_that_no_calendar_has_is_reported():
    start, end = {"year": 2026, "month": 2, "day": 30}, {"year": 2026, "month": 3, "day": 1}
    point = {"civilStartTime": {"date": start}, "civilEndTime": {"date": end}, "steps": {}}
    (segment,) = read({"rollupDataPoints": [point]})

    (fault,) = segment.unreadable
    assert (segment.rows, fault.row, fault.field) == (1, 1, "civilStartTime.date")
    assert fault.value == "2026-2-30"


def test_a_roll_up_with_a_sum_that_is_no_number_is_reported():
    (segment,) = read({"rollupDataPoints": [{"steps": {"countSum": "lots"}}]})

    (fault,) = segment.unreadable
    assert (segment.rows, fault.field, fault.value) == (1, "steps.countSum", '"lots"')


ERROR = {
    "error": {
        "code": 403,
        "status": "PERMISSION_DENIED",
        "message": "No scope.",
        "details": [{"reason": "SCOPE"}],
    }
}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (ERROR, "403, PERMISSION_DENIED, SCOPE, No scope."),
        ({"body": ERROR, "status": 403}, "PERMISSION_DENIED"),
        ({"error": "insufficient_scope", "error_description": "Too little"}, "insufficient_scope, Too little"),
        ({"error": {"code": 429}}, "429"),
        ({"body": {"dataPoints": [beat()]}, "status": 500}, "status 500"),
        ({"body": "<html>", "status": 502}, "status 502"),
        ([{"dataPoints": []}, ERROR], "SCOPE"),
    ],
)  # fmt: skip
def test_an_error_reply_is_refused_with_what_it_says(reply, said):
    sentence = refusal(reply)

    assert "page.json, line 1: this is an error reply of the API, not data" in sentence
    assert said in sentence
    assert reader.keeps(file(reply))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"dataPoints":[{"heartRate":', "line 1: the JSON breaks off after byte 28"),
        (b'{"dataPoints":\n[NaN]}', "line 2: not well-formed JSON at byte 16"),
        (b'{"dataPoints":\n\n[{"weight":{"weightGrams":Infinity}}]}', "line 3"),
        (b'{"dataPoints":[]}{"dataPoints":[]}', ".jsonl"),
        (b"<html>Bad gateway</html>", "'<html>"),
        (b'{"dataPoints":["\xff"]}', "not UTF-8"),
        (b" \n", "empty"),
        (b'{"dataPoints":{}}', "field 'dataPoints': no array of points"),
        (b"[5]", "and this is none (found '5')"),
    ],
)
def test_a_file_that_is_no_page_of_json_is_refused_with_its_place(data, place):
    assert place in refusal(data)


def test_a_broken_line_of_a_file_of_pages_is_named():
    data = b'{"dataPoints":[]}\n{"dataPoints":[\n'

    assert "pages.jsonl, line 2: the JSON breaks off" in refusal(data, "pages.jsonl")


@pytest.mark.parametrize("key", [b"dataPoints", b"somethingNew"])
def test_nesting_without_end_is_refused_and_not_a_crash(key):
    deep = b'{"%b":%b%b}' % (key, b"[" * 10_000, b"]" * 10_000)

    assert "nested too deeply" in refusal(deep)


def test_a_file_too_large_for_one_page_is_refused_before_it_is_read():
    class Huge(MemoryFile):
        size = 2 << 30

    with pytest.raises(UnreadableFileError, match="split it into pages"):
        list(reader.read(Huge("page.json", b"{}"), "page"))


OTHER = [
    {"name": "users/me/identity", "healthUserId": "h"},
    {"body": {"pairedDevices": []}, "status": 200},
    {"subscribers": [], "nextPageToken": "x"},
    {"weightUnit": "KILOGRAMS", "timeZone": "America/New_York"},
    {"steps": 5000},
    {"type": "verification"},
    [{"data": {"dataType": "steps"}}],
    [],
    "words",
]


@pytest.mark.parametrize("reply", [other for other in OTHER if other != []])
def test_json_that_is_plainly_no_page_of_data_is_left_alone(reply):
    assert not reader.keeps(file(reply))
    assert "page.json" in refusal(reply)


@pytest.mark.parametrize(
    "reply", [{}, {"dataPoints": []}, {"nextPageToken": "x"}, ERROR, b"<html>", b""]
)
def test_pages_errors_and_what_cannot_be_read_are_kept(reply):
    assert reader.keeps(file(reply))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a/B.JSON", "page"), ("a/b.jsonl", "page"), ("a/b.csv", None), ("json", None)],
)
def test_the_kind_goes_by_the_ending(path, kind):
    assert reader.kind(path) == kind


def test_a_check_refuses_what_the_reading_would_refuse():
    for reply in (ERROR, {"body": {"steps": 1}, "status": 503}, {"error": "insufficient_scope"}):
        with pytest.raises(ErrorReplyError, match="error reply"):
            reader.check(file(reply), "page")
    with pytest.raises(UnreadableFileError, match="not a page") as refused:
        reader.check(file({"name": "users/me/identity"}), "page")
    assert not isinstance(refused.value, ErrorReplyError)
    reader.check(file({"dataPoints": [beat()]}), "page")


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_capture_is_read_refused_or_left_alone(path):
    capture = DiskFile(path.name, path)
    data = json.loads(path.read_bytes())
    body = data.get("body", data)
    points = body.get("dataPoints", body.get("rollupDataPoints"))

    if "error" in body:
        assert "error reply" in refusal(path.read_bytes())
    elif points is None and not reader.keeps(capture):
        assert "not a page of data" in refusal(path.read_bytes())
    else:
        segments = list(reader.read(capture, "page"))
        assert all(not segment.unreadable for segment in segments)
        kept = [point for point in points or [] if not point.keys() & NOT_ROWS]
        assert points is None or sum(segment.rows for segment in segments) == len(kept)


NOT_ROWS = {"exercise", "totalCalories", "heartRateVariabilityPersonalRange"}
