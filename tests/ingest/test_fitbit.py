"""What a saved reply of the Fitbit Web API becomes, and what it is refused for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import DiskFile, MemoryFile
from hometrial_ingest.errors import ErrorReplyError, UnreadableFileError
from hometrial_ingest.readers.fitbit import reader
from hometrial_ingest.signals import Signal

PAYLOADS = Path(__file__).resolve().parents[2] / "../shared/data/payloads/fitbit_web_api"
CAPTURED_ROWS = {
    "shimmer_body_log_weight": 4,
    "shimmer_heart_intraday_1min": 5,
    "shimmer_sleep_date_empty": 0,
    "shimmer_sleep_date_range": 2,
    "shimmer_sleep_range_empty": 0,
    "shimmer_sleep_v12_classic_date": 2,
    "shimmer_steps_intraday_1min": 4,
    "shimmer_steps_timeseries": 3,
}
CAPTURES = sorted(PAYLOADS.glob("*.json")) if PAYLOADS.exists() else []


def microseconds(moment):
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return (datetime.fromisoformat(moment).replace(tzinfo=UTC) - start) // timedelta(microseconds=1)


def file(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return MemoryFile("reply.json", data)


def read(document):
    (segment,) = reader.read(file(document), "reply")
    return segment


def refusal(document):
    with pytest.raises(UnreadableFileError) as refused:
        read(document)
    return str(refused.value)


def samples(segment, signal):
    tables = [frame.table for frame in segment.frames if frame.signal == signal]
    return [row for table in tables for row in table.to_pylist()]


def intraday(*entries, kind="minute", interval=1):
    dataset = [{"time": time, "value": value} for time, value in entries]
    return {"dataset": dataset, "datasetInterval": interval, "datasetType": kind}


def heart(*entries, **how):
    day = {"dateTime": "2026-03-07", "value": {"heartRateZones": [], "restingHeartRate": 72}}
    return {"activities-heart": [day], "activities-heart-intraday": intraday(*entries, **how)}


def steps(*entries, **how):
    day = {"dateTime": "2026-03-07", "value": "3212"}
    return {"activities-steps": [day], "activities-steps-intraday": intraday(*entries, **how)}


def test_heart_rate_by_the_second_and_the_resting_rate_of_the_day_are_both_read():
    segment = read(heart(("00:00:10", 68), ("00:00:25", 70), kind="second"))

    assert (segment.rows, segment.unreadable) == (3, [])
    (resting,) = samples(segment, Signal.RESTING_HEART_RATE)
    assert (resting["local"], resting["value"]) == (microseconds("2026-03-07T00:00:00"), 72)
    beats = samples(segment, Signal.HEART_RATE)
    assert [(row["local"], row["value"], row["duration"]) for row in beats] == [
        (microseconds("2026-03-07T00:00:10"), 68, 0),
        (microseconds("2026-03-07T00:00:25"), 70, 0),
    ]
    assert {(row["at"], row["offset"], row["source"]) for row in beats} == {(None, None, "fitbit")}


def test_the_form_of_a_time_window_has_an_average_that_is_not_a_row():
    reply = heart(("00:01:00", 64))
    reply["activities-heart"] = [{"dateTime": "2015-08-21", "heartRateZones": [], "value": "64.2"}]
    segment = read(reply)

    assert segment.rows == 1
    (sample,) = samples(segment, Signal.HEART_RATE)
    assert sample["local"] == microseconds("2015-08-21T00:01:00")


def test_a_day_without_a_resting_heart_rate_is_not_a_row():
    segment = read(
        {"activities-heart": [{"dateTime": "2026-03-07", "value": {"heartRateZones": []}}]}
    )

    assert (segment.rows, segment.frames, segment.unreadable) == (0, [], [])


def test_steps_by_the_minute_and_of_the_day_are_both_read_and_zeros_are_kept():
    segment = read(steps(("00:00:00", 7), ("14:27:00", 0)))

    assert segment.rows == 3
    (daily,) = samples(segment, Signal.STEPS_DAILY)
    assert (daily["value"], daily["duration"]) == (3212, 0)
    minutes = samples(segment, Signal.STEPS)
    assert [(row["value"], row["duration"]) for row in minutes] == [(7, 60), (0, 60)]


@pytest.mark.parametrize(
    ("kind", "interval", "seconds"), [("minute", 15, 900), ("minute", 5, 300), ("second", 1, 1)]
)
def test_an_interval_of_steps_lasts_as_long_as_the_set_says(kind, interval, seconds):
    (sample,) = samples(read(steps(("00:00:00", 7), kind=kind, interval=interval)), Signal.STEPS)

    assert sample["duration"] == seconds


def test_days_of_zero_steps_are_kept():
    days = [{"dateTime": "2015-08-24", "value": "2937"}, {"dateTime": "2015-08-25", "value": "0"}]
    segment = read({"activities-steps": days})

    assert [row["value"] for row in samples(segment, Signal.STEPS_DAILY)] == [2937, 0]


STAGED = {
    "logId": 26311786557, "dateOfSleep": "2020-10-10", "startTime": "2020-10-10T01:46:30.000",
    "endTime": "2020-10-10T08:10:00.000", "duration": 22980000, "timeInBed": 383, "minutesAsleep": 318,
    "isMainSleep": True, "type": "stages",
    "levels": {
        "data": [{"dateTime": "2020-10-10T01:46:30.000", "level": "light", "seconds": 420}],
        "shortData": [{"dateTime": "2020-10-10T01:50:00.000", "level": "wake", "seconds": 30}],
    },
}  # fmt: skip
MINUTES = {
    "logId": 7, "startTime": "2014-07-19T23:59:00.000", "duration": 120000, "minutesAsleep": 1,
    "isMainSleep": True,
    "minuteData": [{"dateTime": "23:59:00", "value": "1"}, {"dateTime": "00:00:00", "value": "3"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("log", "value", "stages"),
    [(STAGED, 318, ["light", "awake"]), (MINUTES, 1, ["asleep", "awake"])],
)
def test_sleep_of_both_versions_is_read(log, value, stages):
    reply = {"sleep": [log], "pagination": {"next": ""}, "summary": {"totalSleepRecords": 1}}
    segment = read(reply)

    (session,) = samples(segment, Signal.SLEEP_SESSION)
    assert (segment.rows, session["row"], session["value"]) == (1, 1, value)
    assert (session["source"], session["main_sleep"]) == ("fitbit", True)
    assert [row["code"] for row in samples(segment, Signal.SLEEP_STAGE)] == stages


def test_an_unreadable_sleep_log_does_not_take_the_others_with_it():
    segment = read({"sleep": [STAGED | {"startTime": "late"}, STAGED]})

    assert segment.rows == 2
    assert [(fault.row, fault.value) for fault in segment.unreadable] == [(1, "'late'")]
    assert [row["row"] for row in samples(segment, Signal.SLEEP_SESSION)] == [2]


def weight(kilograms, bmi=None):
    log = {"date": "2015-05-13", "time": "18:28:59", "logId": 1, "weight": kilograms}
    return {"weight": [log if bmi is None else log | {"bmi": bmi}]}


@pytest.mark.parametrize("bmi", [None, 21.48, 0])
def test_a_weight_stands_at_its_wall_clock(bmi):
    (sample,) = samples(read(weight(56.7, bmi)), Signal.WEIGHT)

    assert (sample["local"], sample["value"]) == (microseconds("2015-05-13T18:28:59"), 56.7)


@pytest.mark.parametrize("in_another_unit", [56.7 * 2.20462, 56.7 / 6.35029])
def test_a_weight_in_pounds_or_stones_betrays_itself_by_the_body_mass_index(in_another_unit):
    segment = read(weight(in_another_unit, 21.48))

    (fault,) = segment.unreadable
    assert (segment.rows, segment.frames, fault.field) == (1, [], "weight.weight")
    assert "not kilograms" in fault.reason


@pytest.mark.parametrize(
    ("reply", "field", "value"),
    [
        (steps(("25:00:00", 7)), "activities-steps-intraday.dataset.time", "25:00:00"),
        (steps(("00:00:00", "many")), "activities-steps-intraday.dataset.value", "many"),
        (heart(("12:00", 60)), "activities-heart-intraday.dataset.time", "12:00"),
        (weight("heavy"), "weight.weight", "heavy"),
        ({"activities-steps": [{"dateTime": "2026-02-30", "value": "1"}]}, "activities-steps.dateTime", "02-30"),
        ({"activities-steps": [{"dateTime": "7.3.2026", "value": "1"}]}, "activities-steps.dateTime", "7.3.2026"),
        ({"activities-steps": [{"value": "1"}]}, "activities-steps", "value"),
        ({"activities-heart": [{"dateTime": 5}]}, "activities-heart.dateTime", "5"),
    ],
)  # fmt: skip
def test_one_bad_entry_is_reported_with_its_field_and_value(reply, field, value):
    segment = read(reply)

    (fault,) = segment.unreadable
    assert field in fault.field
    assert value in fault.value
    kept = {row for frame in segment.frames for row in frame.table["row"].to_pylist()}
    assert kept | {fault.row} == set(range(1, segment.rows + 1))


PENDING = {"meta": {"retryDuration": 3000, "state": "pending"}}
EXPIRED = {"errors": [{"errorType": "expired_token", "message": "Access token expired"}]}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (PENDING, "the provider was still computing this reply (found 'pending'); fetch it again"),
        (EXPIRED, "error reply of the API, not data: 'expired_token: Access token expired'"),
        ({"error": {"code": 429, "message": "Too Many Requests"}}, "429: Too Many Requests"),
        (heart(("00:00:10", 68)) | {"activities-heart": []}, "0 days stand beside it"),
        (
            heart(("00:00:10", 68)) | {"activities-heart": [{"dateTime": "today"}]},
            "does not say its day",
        ),
        (steps(("00:00:00", 1), kind="fortnight"), "unknown spacing"),
        (steps(("00:00:00", 1), interval=0), "not as the API describes it"),
        ({"sleep": {"logId": 1}}, "field 'sleep': no array"),
        (b'{"sleep":\n[NaN]}', "line 2: not well-formed JSON at byte 11"),
        (b'{"sleep":[', "the JSON breaks off after byte 10"),
        (b'{"sleep":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
        (b'{"sleep":["\xe9"]}', "not UTF-8"),
        (b"", "empty"),
    ],
)
def test_a_reply_without_data_is_refused_with_what_it_says(reply, said):
    assert said in refusal(reply)
    assert reader.keeps(file(reply))


@pytest.mark.parametrize(
    "reply",
    [
        {"user": {"encodedId": "x", "timezone": "Europe/Berlin"}},
        [{"battery": "High", "type": "TRACKER"}],
        {"access_token": "a", "refresh_token": "b"},
        {"activities": [], "summary": {"steps": 10007}},
        {"meta": {"copyright": "someone"}},
        7,
    ],
)
def test_other_replies_are_left_alone(reply):
    assert not reader.keeps(file(reply))
    assert "reply.json: " in refusal(reply)


def test_a_day_without_a_detailed_set_is_read_without_it():
    assert read(steps()).rows == 1
    assert read({"sleep": []}).rows == 0
    assert read({}).rows == 0


@pytest.mark.parametrize(
    ("path", "kind"), [("a/B.JSON", "reply"), ("a.jsonl", None), ("a.csv", None)]
)
def test_the_kind_goes_by_the_ending(path, kind):
    assert reader.kind(path) == kind


def test_a_check_refuses_an_error_reply():
    with pytest.raises(ErrorReplyError, match="expired_token"):
        reader.check(file(EXPIRED), "reply")
    with pytest.raises(ErrorReplyError, match="429"):
        reader.check(file({"error": {"code": 429}}), "reply")
    with pytest.raises(UnreadableFileError, match="still computing") as refused:
        reader.check(file(PENDING), "reply")
    assert not isinstance(refused.value, ErrorReplyError)
    reader.check(file(steps()), "reply")


@given(st.lists(st.tuples(st.integers(0, 86_399), st.integers(0, 400)), min_size=1, max_size=50))
def test_no_entry_of_a_day_is_lost_or_changed(entries):
    texts = [(str(timedelta(seconds=second)).zfill(8), value) for second, value in entries]
    found = samples(read(heart(*texts, kind="second")), Signal.HEART_RATE)

    start = microseconds("2026-03-07T00:00:00")
    expected = [(start + second * 1_000_000, value) for second, value in entries]
    assert [(row["local"], row["value"]) for row in found] == expected


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_capture_is_read_refused_or_left_alone(path):
    capture = DiskFile(path.name, path)
    if path.stem in CAPTURED_ROWS:
        (segment,) = reader.read(capture, "reply")
        assert (segment.rows, segment.unreadable) == (CAPTURED_ROWS[path.stem], [])
    elif "error" in path.stem:
        assert "error reply" in refusal(path.read_bytes())
    else:
        assert not reader.keeps(capture)
