"""Heart rate of a day: level, resting rate in sleep, rate awake and still."""

import numpy as np
import pandas as pd
import pytest

from hometrial.services.metrics import Day, measure

MINUTE = 60_000_000
START = 1_773_100_800_000_000


def _heart_rate(rates):
    """Return samples of {minute of the day: heart rate}."""
    at = START + np.array(list(rates), dtype=np.int64) * MINUTE
    return pd.DataFrame({"at": at, "value": np.array(list(rates.values()), dtype=float)})


def _night(first, end):
    at, end_at = START + first * MINUTE, START + end * MINUTE
    return pd.DataFrame(
        {
            "at": [at], "end_at": [end_at], "duration": [(end_at - at) // 1_000_000], "value": [400.0],
            "minutes_in_bed": [np.nan], "main_sleep": [True], "session": ["night"],
            "source": ["fitbit"], "code": ["classic"],
        }
    )  # fmt: skip


def _steps(by_minute):
    at = START + np.array(list(by_minute), dtype=np.int64) * MINUTE
    value = np.array(list(by_minute.values()), dtype=float)
    return pd.DataFrame({"at": at, "duration": 60, "value": value, "source": "fitbit"})


def _measure(rates, **frames):
    heart_rate = _heart_rate(rates)
    return measure(Day(START, START + 1440 * MINUTE, 0, True, heart_rate=heart_rate, **frames))


def test_each_minute_counts_alike_however_often_the_device_sampled():
    at = START + np.array([0, 5, 10, 15, 60], dtype=np.int64) * 1_000_000
    heart_rate = pd.DataFrame({"at": at, "value": [60.0, 60.0, 60.0, 60.0, 100.0]})
    measured = measure(Day(START, START + 1440 * MINUTE, 0, True, heart_rate=heart_rate))
    assert measured["heart_rate_mean"] == 80
    assert (measured["heart_rate_min"], measured["heart_rate_max"]) == (60, 100)
    assert (measured["heart_rate_count"], measured["heart_rate_minutes"]) == (5, 2)


def _two_sources(*rows):
    """Return samples of (second of the day, heart rate, source)."""
    seconds, rates, sources = zip(*rows, strict=True)
    at = START + np.array(seconds, dtype=np.int64) * 1_000_000
    return pd.DataFrame({"at": at, "value": np.array(rates, dtype=float), "source": sources})


def test_of_two_devices_that_tell_of_one_minute_the_more_trusted_is_believed():
    heart_rate = _two_sources(
        (0, 60, "a/watch"), (10, 90, "a/phone"), (70, 80, "a/phone"), (80, 100, "a/phone")
    )  # fmt: skip
    measured = measure(Day(START, START + 1440 * MINUTE, 0, True, heart_rate=heart_rate))
    assert measured["heart_rate_mean"] == (60 + 90) / 2
    assert (measured["heart_rate_count"], measured["heart_rate_max"]) == (3, 100)


def test_a_trusted_device_s_impossible_value_leaves_its_minute_to_the_other():
    heart_rate = _two_sources((0, 0, "a/watch"), (10, 90, "a/phone"))
    measured = measure(Day(START, START + 1440 * MINUTE, 0, True, heart_rate=heart_rate))
    assert (measured["heart_rate_mean"], measured["heart_rate_left_out"]) == (90, 1)


def test_a_day_with_a_device_and_no_heart_rate_has_no_mean():
    assert not {"heart_rate_mean", "heart_rate_min", "rhr_sleep"} & _measure({}).keys()


def test_resting_heart_rate_is_the_lowest_half_hour_of_the_main_sleep():
    rates = dict.fromkeys(range(-60, 400), 60) | dict.fromkeys(range(-40, -10), 48)
    assert _measure(rates, sessions=_night(-60, 400))["rhr_sleep"] == 48


def test_a_lower_half_hour_outside_the_main_sleep_is_not_resting_in_sleep():
    rates = dict.fromkeys(range(400), 60) | dict.fromkeys(range(400, 500), 40)
    assert _measure(rates, sessions=_night(0, 400))["rhr_sleep"] == 60


def test_a_half_hour_needs_twenty_valid_minutes():
    rates = dict.fromkeys(range(200), 60) | dict.fromkeys(range(249, 268), 40)
    assert _measure(rates, sessions=_night(0, 400))["rhr_sleep"] == 60
    rates |= {268: 40}
    assert _measure(rates, sessions=_night(0, 400))["rhr_sleep"] == 40


def test_a_main_sleep_without_enough_heart_rate_has_no_resting_rate():
    measured = _measure(dict.fromkeys(range(0, 400, 5), 60), sessions=_night(0, 400))
    assert "rhr_sleep" not in measured


def test_still_minutes_are_awake_and_end_five_minutes_of_reported_zero_steps():
    rates = dict.fromkeys(range(400), 45) | dict.fromkeys(range(400, 1440), 70)
    rates |= dict.fromkeys(range(500, 1440), 100)
    steps = dict.fromkeys(range(1440), 0) | dict.fromkeys(range(496, 1440), 3)
    measured = _measure(rates, sessions=_night(0, 400), steps=_steps(steps))
    assert measured["hr_p05_awake_still"] == 70


def test_a_step_ends_stillness_for_five_minutes():
    rates = {minute: 60 + (minute % 5) * 10 for minute in range(400, 1440)}
    steps = {minute: float(minute % 5 == 0) for minute in range(400, 1440)}
    measured = _measure(rates, sessions=_night(0, 400), steps=_steps(steps))
    assert "hr_p05_awake_still" not in measured


def test_minutes_without_a_steps_record_are_not_known_to_be_still():
    rates = dict.fromkeys(range(1440), 60)
    assert "hr_p05_awake_still" not in _measure(rates, sessions=_night(0, 400))


def test_without_recorded_sleep_nobody_is_known_to_be_awake():
    rates, steps = dict.fromkeys(range(1440), 60), dict.fromkeys(range(1440), 0)
    assert "hr_p05_awake_still" not in _measure(rates, steps=_steps(steps))


@pytest.mark.parametrize(("minutes", "known"), [(19, False), (20, True)])
def test_a_percentile_needs_twenty_minutes(minutes, known):
    rates = dict.fromkeys(range(600, 604 + minutes), 60)
    steps = dict.fromkeys(range(600, 604 + minutes), 0)
    measured = _measure(rates, sessions=_night(0, 400), steps=_steps(steps))
    assert ("hr_p05_awake_still" in measured) is known


def test_the_source_s_own_daily_values_are_passed_on_unchanged():
    daily = {
        "resting_heart_rate": 61.5,
        "hrv_rmssd_daily": 33.0,
        "weight": 58.2,
        "distance_daily": 0.0,
    }
    measured = measure(Day(START, START + 1440 * MINUTE, 0, False, daily=daily))
    assert measured == {"rhr_vendor": 61.5, "hrv_rmssd": 33.0, "weight": 58.2, "distance": 0.0}
