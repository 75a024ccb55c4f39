import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hometrial_ingest.fitbit_sleep import SleepLogs
from hometrial_ingest.signals import STAGES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text):
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def log(**changes):
    return {
        "logId": 26311786557, "dateOfSleep": "2020-10-10",
        "startTime": "2020-10-10T01:46:30.000", "endTime": "2020-10-10T01:56:30.000",
        "duration": 600_000, "timeInBed": 10, "minutesAsleep": 9, "minutesAwake": 1,
        "minutesToFallAsleep": 0, "minutesAfterWakeup": 0, "isMainSleep": True, "type": "stages",
        "levels": {
            "data": [stage("2020-10-10T01:46:30.000", "light", 420), stage("2020-10-10T01:53:30.000", "wake", 180)],
            "shortData": [stage("2020-10-10T01:48:00.000", "wake", 30)],
        },
    } | changes  # fmt: skip


def stage(stamp, level, seconds):
    return {"dateTime": stamp, "level": level, "seconds": seconds}


def minutes(*values, **changes):
    first = {
        "logId": 29744, "startTime": "2013-05-06T23:58:00.000", "duration": 60_000 * len(values),
        "minutesAsleep": 3, "timeInBed": len(values), "isMainSleep": True,
        "minuteData": [{"dateTime": clock, "value": value} for clock, value in values],
    }  # fmt: skip
    return first | changes


def read(*logs):
    nights = SleepLogs("fitbit")
    unreadable = [nights.add(row, json.dumps(one).encode()) for row, one in enumerate(logs, 1)]
    frames = {frame.signal.value: frame.table.to_pylist() for frame in nights.frames()}
    odd = [one for one in unreadable if one]
    return frames.get("sleep_session", []), frames.get("sleep_stage", []), odd


def test_a_log_becomes_one_session_with_the_clock_that_hung_on_the_wall():
    [night], _, odd = read(log())
    assert odd == []
    assert (night["session"], night["code"], night["source"]) == ("26311786557", "stages", "fitbit")
    assert (night["local"], night["at"]) == (microseconds("2020-10-10T01:46:30"), None)
    assert (night["end_local"], night["end_at"]) == (microseconds("2020-10-10T01:56:30"), None)
    assert (night["duration"], night["value"], night["minutes_in_bed"]) == (600, 9, 10)
    assert (night["minutes_awake"], night["main_sleep"], night["in_progress"]) == (1, True, False)


def test_stages_keep_their_labels_and_short_wakes_lie_over_them():
    _, stages, _ = read(log())
    shown = [(one["local"], one["code"], one["duration"], one["overlay"]) for one in stages]
    assert shown == [
        (microseconds("2020-10-10T01:46:30"), "light", 420, False),
        (microseconds("2020-10-10T01:53:30"), "awake", 180, False),
        (microseconds("2020-10-10T01:48:00"), "awake", 30, True),
    ]
    assert {one["session"] for one in stages} == {"26311786557"}
    assert {one["row"] for one in stages} == {1}


def test_the_duration_is_the_logs_own_and_not_the_difference_of_two_wall_clocks():
    spring = log(
        startTime="2020-03-08T01:00:00.000", endTime="2020-03-08T08:00:00.000", duration=21_600_000
    )
    [night], _, _ = read(spring)
    assert night["duration"] == 6 * 3600


def test_the_account_export_and_the_web_api_name_the_main_sleep_differently():
    exported = log(mainSleep=False)
    del exported["isMainSleep"]
    nowhere = log()
    del nowhere["isMainSleep"]
    sessions, _, _ = read(log(isMainSleep=True), exported, nowhere)
    assert [one["main_sleep"] for one in sessions] == [True, False, None]


@pytest.mark.parametrize(
    ("level", "code"),
    [("wake", "awake"), ("awake", "awake"), ("rem", "rem"), ("asleep", "asleep"),
     ("restless", "restless"), ("deep", "deep"), ("hibernating", "unknown"), ("", "unknown")],
)  # fmt: skip
def test_a_level_that_nobody_knows_is_unknown(level, code):
    _, [one], _ = read(log(levels={"data": [stage("2020-10-10T01:46:30.000", level, 60)]}))
    assert one["code"] == code
    assert code in STAGES


def test_a_missing_sum_is_unknown_and_not_zero():
    bare = {"logId": "a", "startTime": "2020-10-10T01:46:30", "duration": 60_000}
    [night], stages, odd = read(bare)
    assert (night["value"], night["minutes_awake"], night["end_local"]) == (None, None, None)
    assert (stages, odd) == ([], [])


def test_two_logs_with_one_id_are_both_passed_on():
    sessions, _, _ = read(log(), log(startTime="2020-10-11T01:46:30.000"))
    assert [one["session"] for one in sessions] == ["26311786557", "26311786557"]


@pytest.mark.parametrize(
    ("changes", "field", "shown"),
    [
        ({"startTime": "2020-02-30T01:46:30.000"}, "startTime", "2020-02-30"),
        ({"startTime": "2020-10-10T01:46:30.000Z"}, "startTime", "000Z"),
        ({"endTime": "morning"}, "endTime", "morning"),
        ({"duration": 60_001}, "duration", "60001"),
        ({"duration": -60_000}, "duration", "-60000"),
        ({"duration": None}, "duration", "null"),
        ({"minutesAsleep": "9"}, "minutesAsleep", '"9"'),
        ({"minutesAsleep": 2**70}, "minutesAsleep", str(2**70)),
        ({"levels": {"data": [stage("2020-10-10T01:46:30.000", "light", None)]}}, "levels.data[0].seconds", "null"),
        ({"levels": {"data": [], "shortData": [stage("01:46", "wake", 30)]}}, "levels.shortData[0].dateTime", "01:46"),
    ],
)  # fmt: skip
def test_a_log_with_one_broken_part_gives_nothing_and_says_which_part(changes, field, shown):
    sessions, stages, odd = read(log(**changes), log())
    assert {one["row"] for one in [*sessions, *stages]} == {2}
    [fault] = odd
    assert (fault.row, fault.field) == (1, field)
    assert shown in fault.value


def test_version_1_minutes_become_runs_and_cross_midnight():
    night = minutes(
        ("23:58:00", "1"), ("23:59:00", "1"), ("00:00:00", "1"), ("00:01:00", "2"), ("00:02:00", "3"), ("00:03:00", "9")
    )  # fmt: skip
    [session], stages, odd = read(night)
    assert (odd, session["code"], session["duration"]) == ([], "classic", 360)
    assert [(one["local"], one["code"], one["duration"]) for one in stages] == [
        (microseconds("2013-05-06T23:58:00"), "asleep", 180),
        (microseconds("2013-05-07T00:01:00"), "restless", 60),
        (microseconds("2013-05-07T00:02:00"), "awake", 60),
        (microseconds("2013-05-07T00:03:00"), "unknown", 60),
    ]


def test_a_clock_put_back_in_the_night_is_not_another_day():
    autumn = minutes(("01:59:00", "1"), ("01:00:00", "1"), startTime="2013-11-03T01:59:00.000")
    _, stages, _ = read(autumn)
    assert [one["local"] for one in stages] == [
        microseconds("2013-11-03T01:59:00"),
        microseconds("2013-11-03T01:00:00"),
    ]


def test_a_gap_in_the_minutes_ends_a_run():
    _, stages, _ = read(minutes(("23:58:00", "1"), ("00:05:00", "1")))
    assert [one["duration"] for one in stages] == [60, 60]


def test_a_minute_without_a_time_of_day_is_named():
    _, _, [fault] = read(minutes(("24:00:00", "1")))
    assert (fault.field, fault.reason) == ("minuteData[0].dateTime", "not HH:MM:SS")


def test_logs_are_taken_as_they_lie_in_their_page():
    [raw] = msgspec.json.decode(json.dumps([log()]).encode(), type=list[msgspec.Raw])
    nights = SleepLogs("takeout/fitbit")
    assert nights.add(1, raw) is None
    assert len(nights.frames()) == 2
    assert nights.frames() == []
