"""Main sleep, naps and the course of a night; stages, summaries and short awakenings."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from hometrial.services.metrics import COLUMNS, Day, Settings, measure, no_rows, sleep_wake
from hometrial_ingest.fitbit_sleep import SleepLogs
from hometrial_ingest.signals import Signal

SECOND, MINUTE = 1_000_000, 60_000_000
DAY = 1440 * MINUTE
START = 1_773_100_800_000_000  # 2026-03-10 00:00 UTC
PAYLOADS = Path(__file__).resolve().parents[2] / "../shared/data/payloads"
TAKEOUT = PAYLOADS / "takeout/global_export_sleep_stages.json"


def _session(first, end, key="night", source="a/watch", asleep=np.nan, in_bed=np.nan):
    """Return a session of [first, end) in minutes from the day's start."""
    return {
        "at": START + first * MINUTE, "end_at": START + end * MINUTE, "duration": (end - first) * 60,
        "value": asleep, "minutes_in_bed": in_bed, "main_sleep": None, "session": key,
        "source": source, "code": "stages",
    }  # fmt: skip


def _stages(first, *parts, key="night", source="a/watch"):
    """Return stages (code, minutes) one after the other from a minute on."""
    rows = []
    for code, minutes in parts:
        rows.append((START + int(first * MINUTE), int(minutes * 60), code, False, key, source))
        first += minutes
    return rows


def _awakening(minute, seconds, key="night"):
    return [(START + minute * MINUTE, seconds, "awake", True, key, "a/watch")]


def _day(sessions, stages=(), start_at=START, offset=0, **more):
    frames = {
        "sessions": pd.DataFrame(sessions, columns=list(COLUMNS["sessions"])),
        "stages": pd.DataFrame(list(stages), columns=list(COLUMNS["stages"])) if stages else no_rows("stages"),
    }  # fmt: skip
    return Day(start_at, START + DAY, offset, False, **frames, **more)


def _measure(sessions, stages=(), settings=None, **more):
    day = _day(sessions, stages, **more)
    return measure(day) if settings is None else measure(day, settings)


def test_a_staged_night():
    stages = _stages(-60, ("awake", 10), ("light", 200), ("awake", 6), ("deep", 100), ("awake", 4), ("rem", 90), ("awake", 10))  # fmt: skip
    assert _measure([_session(-60, 360)], stages) == {
        "time_in_bed_minutes": 420,
        "sleep_minutes": 390,
        "sleep_efficiency": pytest.approx(100 * 390 / 420),
        "sleep_onset_latency": 10,
        "waso_minutes": 10,
        "awakenings": 1,
        "sleep_midpoint": (-50 + 350) / 2,
        "nap_minutes": 0,
        "sleep_24h_minutes": 390,
    }


def test_a_day_without_recorded_sleep_has_no_sleep_and_not_zero():
    assert _measure([]) == {}


@pytest.mark.parametrize(("minutes", "awakenings"), [(4.5, 0), (5, 1)])
def test_an_awakening_lasts_five_minutes(minutes, awakenings):
    stages = _stages(0, ("light", 200), ("awake", minutes), ("deep", 100))
    assert _measure([_session(0, 320)], stages)["awakenings"] == awakenings


def test_a_short_awakening_laid_over_the_stages_is_wake():
    stages = _stages(0, ("light", 200), ("deep", 200)) + _awakening(199, 120)
    measured = _measure([_session(0, 400)], stages)
    assert (measured["sleep_minutes"], measured["waso_minutes"]) == (398, 2)
    assert measured["awakenings"] == 0


def test_a_short_awakening_inside_wake_is_not_counted_twice():
    stages = _stages(0, ("light", 200), ("awake", 20), ("deep", 180)) + _awakening(205, 120)
    assert _measure([_session(0, 400)], stages)["sleep_minutes"] == 380


def test_restlessness_of_classic_sleep_is_wake():
    stages = _stages(0, ("asleep", 100), ("restless", 7), ("asleep", 200))
    measured = _measure([_session(0, 307)], stages)
    assert (measured["sleep_minutes"], measured["awakenings"]) == (300, 1)


def test_without_stages_the_source_s_own_minutes_are_taken():
    measured = _measure([_session(0, 480, asleep=400.0, in_bed=470.0)])
    assert (measured["sleep_minutes"], measured["time_in_bed_minutes"]) == (400, 470)
    assert (
        not {"waso_minutes", "sleep_midpoint", "sleep_onset_latency", "awakenings"}
        & measured.keys()
    )


def test_a_stage_of_unknown_meaning_leaves_the_source_s_own_minutes():
    stages = _stages(0, ("light", 200), ("unknown", 100), ("deep", 100))
    measured = _measure([_session(0, 400, asleep=333.0)], stages)
    assert measured["sleep_minutes"] == 333
    assert "waso_minutes" not in measured


def test_in_bed_beside_the_stages_says_nothing_of_sleep():
    stages = _stages(0, ("in_bed", 400)) + _stages(20, ("light", 300))
    measured = _measure([_session(0, 400)], stages)
    assert (measured["sleep_minutes"], measured["sleep_onset_latency"]) == (300, 20)


def test_in_bed_alone_leaves_sleep_unknown():
    measured = _measure([_session(0, 400)], _stages(0, ("in_bed", 400)))
    assert measured == {"time_in_bed_minutes": 400, "nap_minutes": 0}


@pytest.mark.parametrize(("pause", "in_bed"), [(30, 430), (31, 300)])
def test_sessions_with_pauses_of_half_an_hour_are_one_sleep(pause, in_bed):
    sessions = [_session(0, 300, "one"), _session(300 + pause, 400 + pause, "two")]
    stages = _stages(0, ("light", 300), key="one") + _stages(300 + pause, ("deep", 100), key="two")
    measured = _measure(sessions, stages)
    assert measured["time_in_bed_minutes"] == in_bed
    assert measured["sleep_24h_minutes"] == 400
    assert measured["nap_minutes"] == (0 if pause == 30 else 100)


def test_the_longest_pause_inside_a_sleep_is_a_setting():
    sessions = [_session(0, 300, "one", asleep=290.0), _session(360, 400, "two", asleep=40.0)]
    assert _measure(sessions)["nap_minutes"] == 40
    assert _measure(sessions, settings=Settings(merge_minutes=60))["nap_minutes"] == 0


def test_the_pause_between_merged_sessions_is_wake():
    sessions = [_session(0, 300, "one"), _session(320, 400, "two")]
    stages = _stages(0, ("light", 300), key="one") + _stages(320, ("deep", 80), key="two")
    assert _measure(sessions, stages)["waso_minutes"] == 20


def test_the_main_sleep_is_the_longest_whatever_the_time_of_day():
    sessions = [_session(0, 120, "night", asleep=110.0), _session(600, 900, "day", asleep=280.0)]
    measured = _measure(sessions)
    assert (measured["sleep_minutes"], measured["nap_minutes"]) == (280, 110)


def test_a_nap_of_unknown_sleep_leaves_the_sum_unknown():
    measured = _measure([_session(0, 400, "night", asleep=380.0), _session(800, 830, "nap")])
    assert measured["sleep_minutes"] == 380
    assert not {"nap_minutes", "sleep_24h_minutes"} & measured.keys()


def test_the_same_night_by_two_devices_is_one_night():
    sessions = [
        _session(-20, 420, "p", "apple-health/iphone", asleep=430.0),
        _session(0, 400, "w", "apple-health/watch", asleep=380.0),
    ]
    measured = _measure(sessions)
    assert (measured["sleep_minutes"], measured["nap_minutes"]) == (380, 0)
    assert measured["time_in_bed_minutes"] == 400


def test_stages_of_another_device_with_the_same_key_are_not_mixed_in():
    stages = _stages(0, ("light", 400)) + _stages(0, ("awake", 400), source="b/band")
    assert _measure([_session(0, 400)], stages)["sleep_minutes"] == 400


def test_overlapping_summaries_leave_sleep_unknown():
    sessions = [_session(0, 400, "one", asleep=380.0), _session(100, 410, "two", asleep=300.0)]
    assert "sleep_minutes" not in _measure(sessions)


def test_overlapping_stages_are_counted_once():
    sessions = [_session(0, 400, "one"), _session(100, 410, "two")]
    stages = _stages(0, ("light", 400), key="one") + _stages(100, ("deep", 310), key="two")
    assert _measure(sessions, stages)["sleep_minutes"] == 410


def test_a_midpoint_before_midnight_is_negative():
    assert _measure([_session(-300, 60)], _stages(-300, ("light", 360)))["sleep_midpoint"] == -120


def test_where_a_clock_change_takes_midnight_away_the_midpoint_still_counts_from_it():
    # The day's first instant is one o'clock: an hour after a midnight that no clock showed.
    night = {"start_at": START + 60 * MINUTE, "offset": 0}
    measured = _measure([_session(60, 460)], _stages(60, ("light", 400)), **night)
    assert measured["sleep_midpoint"] == 260


def test_a_night_without_any_sleep_is_zero_minutes():
    measured = _measure([_session(0, 60)], _stages(0, ("awake", 60)))
    assert (measured["sleep_minutes"], measured["sleep_efficiency"]) == (0, 0)
    assert "sleep_midpoint" not in measured


def test_sleep_and_wake_by_minute_knows_what_it_does_not_know():
    worn = START + np.arange(0, 600, dtype=np.int64) * MINUTE
    day = _day(
        [_session(-60, 120)], _stages(-60, ("light", 120), ("awake", 30), ("rem", 30)),
        heart_rate=pd.DataFrame({"at": worn, "value": 60.0}),
        sessions_next=pd.DataFrame([_session(1380, 1900)]),
    )  # fmt: skip
    states = sleep_wake(day)
    assert (states[:60] == 1).all()
    assert (states[60:90] == 0).all()
    assert (states[90:120] == 1).all()
    assert (states[120:600] == 0).all()
    assert np.isnan(states[600:1380]).all()
    assert (states[1380:] == 1).all()


def _logs():
    """Return sleep logs with the minutes that their source found: one invented, and real ones if there."""
    night = {
        "logId": 1, "startTime": "2026-03-09T23:00:00.000", "duration": 3_600_000, "type": "stages",
        "minutesAsleep": 48, "levels": {
            "data": [
                {"dateTime": "2026-03-09T23:00:00.000", "level": "light", "seconds": 3000},
                {"dateTime": "2026-03-09T23:50:00.000", "level": "wake", "seconds": 600},
            ],
            "shortData": [{"dateTime": "2026-03-09T23:10:00.000", "level": "wake", "seconds": 120}],
        },
    }  # fmt: skip
    return [night, *(json.loads(TAKEOUT.read_text()) if TAKEOUT.exists() else [])]


@pytest.mark.parametrize("log", _logs())
def test_sleep_by_stages_is_what_the_source_itself_counted(log):
    logs = SleepLogs("fitbit")
    assert logs.add(1, msgspec.Raw(json.dumps(log).encode())) is None
    tables = {frame.signal: frame.table.to_pandas() for frame in logs.frames()}
    sessions, stages = tables[Signal.SLEEP_SESSION], tables[Signal.SLEEP_STAGE]
    sessions["at"], stages["at"] = sessions["local"], stages["local"]
    sessions["end_at"] = sessions["at"] + sessions["duration"] * SECOND
    start = int(sessions["end_at"].iloc[0]) // DAY * DAY
    measured = measure(Day(start, start + DAY, 0, False, sessions=sessions, stages=stages))
    assert measured["sleep_minutes"] == log["minutesAsleep"]
