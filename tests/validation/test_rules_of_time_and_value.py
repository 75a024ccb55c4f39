"""Each rule about time and value: a row that passes, a row that fails, and exactly those rows found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.frame import Baseline, Context
from hometrial_validation.gate import check

MINUTE = 60 * 1_000_000
DAY = 1440 * MINUTE


def failing(frame: pd.DataFrame, signal: Signal, context: Context) -> dict[str, list[int]]:
    return {found.rule: found.rows.tolist() for found in check(frame, signal, context).findings}


def test_a_good_instant_has_no_findings(make, context):
    frame = make(Signal.WEIGHT, seconds=[0, 60], value=[70.5, 71.0])
    verdict = check(frame, Signal.WEIGHT, context)
    assert verdict.success
    assert verdict.findings == ()
    assert verdict.evaluated == 2


def test_an_empty_frame_has_no_findings(make, context):
    for signal in Signal:
        assert check(
            make(signal, seconds=[]), signal, replace(context, sessions=no_sessions())
        ).success


def no_sessions() -> pd.DataFrame:
    return pd.DataFrame(
        columns=["session", "participant", "source", "at", "duration", "minutes_in_bed"]
    ).astype({"at": np.int64, "duration": np.int64, "minutes_in_bed": np.float64})


def test_rows_without_an_instant_are_blamed_for_that_alone(make, context, noon):
    frame = make(
        Signal.HEART_RATE,
        at=[noon, 0, 0],
        local=[noon] * 3,
        seconds=[0, 0, 0],
        value=[60.0, 999.5, np.nan],
        placement=["placed", "in_gap", "ambiguous"],
    )
    found = failing(frame, Signal.HEART_RATE, context)
    assert found.pop("day_is_covered") == [100]
    assert found == {"local_time_exists": [101], "local_time_is_unambiguous": [102]}


def test_a_skipped_hour_is_named_with_its_zone(make, context):
    spring = 1_457_834_400_000_000  # 2016-03-13 02:00, wall clock
    frame = make(
        Signal.STEPS_HOURLY,
        at=[0],
        local=[spring],
        duration=3600,
        placement="in_gap",
        zone=["America/New_York"],
    )
    verdict = check(frame, Signal.STEPS_HOURLY, context)
    assert verdict.failing() == {100: "local_time_exists"}
    assert "2016-03-13 02:00:00 does not exist in America/New_York" in verdict.reasons()[100]


def test_an_instant_before_1980_is_of_a_clock_that_was_reset(make, context):
    last_before = 315_532_800_000_000 - 1
    frame = make(Signal.WEIGHT, at=[0, last_before, last_before + 1], seconds=[0, 0, 0])
    assert failing(frame, Signal.WEIGHT, context) == {"clock_was_set": [100, 101]}


def test_an_instant_more_than_five_minutes_ahead_is_in_the_future(make, context):
    edge = context.now + 5 * MINUTE
    frame = make(Signal.WEIGHT, at=[edge, edge + 1], seconds=[0, 0])
    assert failing(frame, Signal.WEIGHT, context) == {"not_in_the_future": [101]}


def test_offsets_end_at_minus_twelve_and_plus_fourteen_hours(make, context):
    hours = [-12 * 3600, 14 * 3600, -12 * 3600 - 1, 14 * 3600 + 1]
    frame = make(Signal.WEIGHT, seconds=[0, 1, 2, 3], offset=hours)
    assert failing(frame, Signal.WEIGHT, context) == {"offset_is_possible": [102, 103]}


@pytest.mark.parametrize("signal", [s for s in Signal if SIGNALS[s].shape is Shape.INTERVAL])
def test_intervals_last_longer_than_nothing_and_no_longer_than_plausible(signal, make, context):
    longest = SIGNALS[signal].longest
    apart = np.arange(5) * 200_000
    frame = make(signal, seconds=apart, value=0.0, duration=[1, longest, longest + 1, 0, -1])
    found = failing(frame, signal, context)
    assert found["duration_is_plausible"] == [102, 104]
    assert found["row_lasts"] == [103, 104]


@pytest.mark.parametrize("signal", [s for s in Signal if SIGNALS[s].low is not None])
def test_both_physical_limits_are_inside_and_what_is_beyond_fails(signal, make, context):
    low, high = SIGNALS[signal].low, SIGNALS[signal].high
    lasting = 0 if SIGNALS[signal].shape in (Shape.INSTANT, Shape.DAILY) else 3600
    frame = make(
        signal,
        seconds=np.arange(6) * 200_000,
        duration=lasting,
        value=[low, high, low - 1, high + 1, np.inf, -np.inf],
    )
    assert failing(frame, signal, context)["value_is_physical"] == [102, 103, 104, 105]


def test_only_signals_that_count_refuse_a_fraction(make, context):
    values = [60.0, 60.5]
    whole = make(Signal.STEPS_DAILY, seconds=[0, 1], value=values)
    free = make(Signal.RESTING_HEART_RATE, seconds=[0, 1], value=values)
    assert failing(whole, Signal.STEPS_DAILY, context) == {"value_is_whole": [101]}
    assert failing(free, Signal.RESTING_HEART_RATE, context) == {}


@pytest.mark.parametrize("signal", [Signal.HEART_RATE, Signal.STEPS, Signal.MINUTES_ASLEEP_DAILY])
def test_a_mean_or_a_finer_measurement_may_have_a_fraction(signal, make, context):
    frame = make(signal, duration=60 if signal is Signal.STEPS else 0, value=[60.5])
    assert check(frame, signal, context).success


def test_a_row_without_a_value_fails(make, context):
    frame = make(Signal.STEPS_DAILY, seconds=[0, 1], value=[0.0, np.nan])
    assert failing(frame, Signal.STEPS_DAILY, context) == {"value_is_present": [101]}


def test_a_session_may_leave_its_minutes_asleep_open(make, context):
    frame = make(Signal.SLEEP_SESSION, duration=[3600], value=[np.nan])
    assert failing(frame, Signal.SLEEP_SESSION, context) == {}


def test_steps_are_limited_by_the_minute(make, context):
    frame = make(
        Signal.STEPS,
        seconds=[0, 60, 3600, 7200, 10_800],
        duration=[60, 60, 3600, 3600, 61],
        value=[300, 301, 18_000, 18_001, 305],
    )
    assert failing(frame, Signal.STEPS, context) == {"steps_at_a_human_rate": [101, 103]}


def test_a_count_under_too_short_an_interval_is_flagged_and_kept(make, context):
    frame = make(
        Signal.STEPS,
        seconds=[0, 60, 120, 180],
        duration=[5, 5, 59, 30],
        value=[329, 25, 296, 150],
        source="apple-health/iphone",
    )
    verdict = check(frame, Signal.STEPS, context)
    assert verdict.failing() == {}
    [flag] = verdict.flags()
    assert (flag.rule, flag.rows.tolist()) == ("steps_fit_their_interval", [100, 102])
    assert "more steps than fit the interval: the count is kept" in flag.message


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("takeout/Google Health App", "steps_fit_their_interval"),
        ("takeout/fitbit", "steps_at_a_human_rate"),
        ("takeout", "steps_fit_their_interval"),
        ("google-health/FITBIT/WATCH", "steps_at_a_human_rate"),
    ],
)
def test_a_length_that_the_source_did_not_give_makes_no_error(source, rule, make, context):
    frame = make(Signal.STEPS, duration=[60], value=[900], source=source)
    assert failing(frame, Signal.STEPS, context) == {rule: [100]}


def test_distance_has_no_cadence(make, context):
    frame = make(Signal.DISTANCE, duration=[60], value=[900.0])
    assert failing(frame, Signal.DISTANCE, context) == {}


def test_a_value_outside_the_persons_own_band_is_flagged_and_kept(make, context):
    reach = 8 * 1.4826 * 2.0
    frame = make(
        Signal.RESTING_HEART_RATE,
        seconds=[0, 1, 2, 3],
        value=[60 - reach + 0.01, 60 + reach - 0.01, 60 - reach - 0.01, 60 + reach + 0.01],
    )
    verdict = check(
        frame, Signal.RESTING_HEART_RATE, replace(context, baselines={"P-001": Baseline(60, 2, 14)})
    )
    assert verdict.success
    assert [found.rows.tolist() for found in verdict.flags()] == [[102, 103]]
    assert verdict.failing() == {}


@pytest.mark.parametrize(
    "baselines",
    [
        {},
        {"P-002": Baseline(60, 2, 20)},
        {"P-001": Baseline(60, 2, 13)},
        {"P-001": Baseline(60, 0, 20)},
    ],
)
def test_without_enough_days_or_variation_nobody_has_a_band(baselines, make, context):
    frame = make(Signal.RESTING_HEART_RATE, value=[199.0])
    assert failing(frame, Signal.RESTING_HEART_RATE, replace(context, baselines=baselines)) == {}


@settings(max_examples=15, deadline=None)
@given(daily=st.lists(st.integers(0, 6000), min_size=14, max_size=60))
def test_somebody_severely_ill_is_never_bad_data(daily):
    # Severe ME/CFS: about 2,000 steps a day that vary by 25-79 %, crash days at 0.
    at = 1_700_006_400_000_000 + np.arange(len(daily)) * DAY
    frame = pd.DataFrame(
        {
            "row_id": range(len(daily)),
            "participant": "P-009",
            "at": at,
            "local": at,
            "offset": 0,
            "duration": 0,
            "value": np.array(daily, dtype=float),
            "code": None,
            "session": None,
            "source": "fitbit/watch",
            "placement": "placed",
        }
    ).astype(dict.fromkeys(("participant", "code", "source", "placement"), "category"))
    middle = float(np.median(daily))
    spread = float(np.median(np.abs(np.array(daily) - middle)))
    context = Context(now=int(at[-1]), baselines={"P-009": Baseline(middle, spread, len(daily))})
    assert check(frame, Signal.STEPS_DAILY, context).errors() == ()


def day_totals(value: float, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"participant": ["P-001"], "day": [19_676], "value": [value], **columns})


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (1000, {}),
        (991, {}),
        (1010, {}),
        (989, {"day_sum_not_above_total": [100]}),
        (1011, {"day_sum_not_below_total": [100]}),
    ],
)
def test_a_days_sum_is_held_against_the_sources_total(total, expected, make, context):
    frame = make(Signal.STEPS, seconds=[0, 3600], duration=3600, value=[400, 600])
    told = replace(context, daily_totals=day_totals(total))
    assert failing(frame, Signal.STEPS, told) == expected


def test_a_day_without_a_total_is_not_held_against_anything(make, context):
    frame = make(Signal.STEPS, seconds=[86_400], duration=3600, value=[400])
    assert failing(frame, Signal.STEPS, replace(context, daily_totals=day_totals(1))) == {}


def test_totals_that_name_their_source_are_for_that_source(make, context):
    frame = make(
        Signal.STEPS,
        seconds=[0, 0],
        duration=3600,
        value=[1000, 500],
        source=["fitbit/watch", "fitbit/phone"],
    )
    totals = day_totals(500, source=["fitbit/phone"])
    assert failing(frame, Signal.STEPS, replace(context, daily_totals=totals)) == {}


def test_the_finding_names_day_participant_sum_and_total(make, context):
    frame = make(Signal.STEPS, seconds=[0], duration=3600, value=[1200])
    verdict = check(frame, Signal.STEPS, replace(context, daily_totals=day_totals(800)))
    message = verdict.findings[0].message
    for part in ("1 of 1 rows", "2023-11-15", "P-001", "1,200", "800"):
        assert part in message
