"""Wear time and valid days: the protocol's vectors 8.2 A-E, days of 23 and 25 hours, sleep."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.services.metrics import DEFAULT, Day, Settings, measure

MINUTE = 60_000_000
START = 1_773_100_800_000_000  # 2026-03-10 00:00 UTC


def _heart_rate(minutes, rate=65):
    at = START + np.asarray(list(minutes), dtype=np.int64) * MINUTE
    return pd.DataFrame({"at": at, "value": np.broadcast_to(np.asarray(rate, float), at.shape)})


def _day(minutes=(), rate=65, length=1440, device=True, **frames):
    heart_rate = _heart_rate(minutes, rate)
    return Day(START, START + length * MINUTE, 0, device, heart_rate=heart_rate, **frames)


def _sessions(*stretches, source="fitbit"):
    at, end_at = (
        START + np.array(edge, dtype=np.int64) * MINUTE for edge in zip(*stretches, strict=True)
    )
    unknown = [np.nan] * len(at)
    return pd.DataFrame(
        {
            "at": at, "end_at": end_at, "duration": (end_at - at) // 1_000_000,
            "value": unknown, "minutes_in_bed": unknown, "main_sleep": None,
            "session": [str(start) for start in at], "source": source, "code": "stages",
        }
    )  # fmt: skip


def _wear(day, settings=DEFAULT):
    return measure(day, settings)["wear_minutes"]


def test_vector_a_an_hour_without_heart_rate_is_not_worn():
    assert _wear(_day([*range(480), *range(540, 1440)])) == 1380


def test_vector_b_fifty_nine_minutes_without_heart_rate_are_worn():
    assert _wear(_day([*range(480), *range(539, 1440)])) == 1440


def test_vector_c_a_device_that_samples_every_five_minutes_is_worn_all_day():
    measured = measure(_day(range(0, 1440, 5)))
    assert (measured["wear_minutes"], measured["heart_rate_minutes"]) == (1440, 288)


def test_vector_d_zeros_that_a_device_writes_are_no_heart_rate():
    rate = np.full(1440, 65)
    rate[600:700] = 0
    measured = measure(_day(range(1440), rate))
    assert measured["wear_minutes"] == 1340
    assert (measured["heart_rate_left_out"], measured["heart_rate_min"]) == (100, 65)


def test_vector_e_a_device_without_a_sample_was_not_worn():
    measured = measure(_day())
    assert (measured["wear_minutes"], measured["valid_day"], measured["valid_night"]) == (0, 0, 0)


def test_without_a_heart_rate_device_wear_is_unknown_and_not_zero():
    assert measure(_day(device=False)) == {}


@pytest.mark.parametrize(("rate", "kept"), [(29, 0), (30, 1), (220, 1), (221, 0)])
def test_heart_rates_from_30_to_220_are_kept(rate, kept):
    assert measure(_day([5], rate))["heart_rate_count"] == kept


@pytest.mark.parametrize("length", [1380, 1440, 1500])
def test_the_length_of_a_day_is_that_of_its_clock_changes(length):
    assert _wear(_day(range(length), length=length)) == length


def test_heart_rate_of_the_evening_before_is_not_this_day_s_wear():
    assert _wear(_day(range(-600, 0))) == 0


@pytest.mark.parametrize(("setting", "wear"), [(30, 1440 - 40 - 75), (60, 1440 - 75), (90, 1440)])
def test_the_shortest_bout_is_a_setting(setting, wear):
    with_pauses_of_40_and_75 = [*range(100), *range(140, 300), *range(375, 1440)]
    assert _wear(_day(with_pauses_of_40_and_75), Settings(non_wear_minutes=setting)) == wear


def test_other_settings_are_refused():
    with pytest.raises(ValueError, match="30, 60 or 90, not 45"):
        Settings(non_wear_minutes=45)
    with pytest.raises(ValueError, match="30 or 60, not 90"):
        Settings(merge_minutes=90)


def test_ten_hours_of_awake_wear_make_a_valid_day():
    assert measure(_day(range(600)))["valid_day"] == 1
    assert measure(_day(range(599)))["valid_day"] == 0


def test_wear_in_sleep_does_not_make_a_valid_day():
    measured = measure(_day(range(600), sessions=_sessions((0, 480))))
    assert (measured["awake_minutes"], measured["awake_wear_minutes"]) == (960, 120)
    assert measured["valid_day"] == 0


def test_a_long_sleeper_s_day_is_valid_with_most_of_the_waking_hours_worn():
    asleep = _sessions((0, 1000))
    assert measure(_day(range(1000, 1352), sessions=asleep))["valid_day"] == 1
    assert measure(_day(range(1000, 1351), sessions=asleep))["valid_day"] == 0


def test_a_day_slept_through_without_the_device_is_not_valid():
    assert measure(_day(sessions=_sessions((-10, 1440))))["valid_day"] == 0


def test_sleep_that_ends_on_the_next_day_is_not_time_awake():
    measured = measure(_day(range(1440), sessions_next=_sessions((1380, 1900))))
    assert measured["awake_minutes"] == 1380
    assert "sleep_minutes" not in measured
    assert "time_in_bed_minutes" not in measured


def test_the_24_hour_rule_asks_for_sixteen_hours_of_wear():
    assert measure(_day(range(960)))["valid_day_24h"] == 1
    assert measure(_day(range(959)))["valid_day_24h"] == 0


def test_a_night_is_valid_with_heart_rate_in_seventy_percent_of_it():
    night = _sessions((-100, 300))
    assert measure(_day(range(-100, 180), sessions=night))["valid_night"] == 1
    measured = measure(_day(range(-100, 179), sessions=night))
    assert (measured["valid_night"], measured["night_coverage"]) == (0, 69.75)


def test_minutes_of_a_night_before_any_heart_rate_given_count_as_uncovered():
    night = _sessions((-1500, 60))
    assert measure(_day(range(-1440, 60), sessions=night))["night_coverage"] == 100 * 1500 / 1560


@given(st.sets(st.integers(0, 1439), max_size=200))
def test_wear_is_the_day_less_every_stretch_of_an_hour_without_heart_rate(minutes):
    edges = [-1, *sorted(minutes), 1440]
    stretches = [after - before - 1 for before, after in pairwise(edges)]
    assert _wear(_day(sorted(minutes))) == 1440 - sum(
        length for length in stretches if length >= 60
    )


def test_a_frame_without_a_column_is_refused():
    with pytest.raises(ValueError, match=r"heart_rate of a day lacks the columns \['value'\]"):
        Day(START, START + 1440 * MINUTE, 0, True, heart_rate=_heart_rate([1])[["at"]])


@pytest.mark.parametrize("length", [0, -60_000_000, 90_000_000])
def test_a_day_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="is not one of whole minutes"):
        Day(START, START + length, 0, True)


@pytest.mark.parametrize("daily", [{"heart_rate": 60.0}, {"weight": float("nan")}])
def test_a_daily_value_that_no_metric_can_be_made_of_is_refused(daily):
    with pytest.raises(ValueError, match="no metric can be made of"):
        _day(daily=daily)
