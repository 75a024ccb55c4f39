"""What a heart-rate series tells about the device is flagged, and no row is lost for it."""

import numpy as np
import pytest

from hometrial_ingest.signals import Signal
from hometrial_validation.gate import check


def flags(frame, context) -> dict[str, list[int]]:
    verdict = check(frame, Signal.HEART_RATE, context)
    assert verdict.success
    return {found.rule: found.rows.tolist() for found in verdict.flags()}


def a_day(make, **columns):
    seconds = np.arange(0, 11 * 3600, 60)
    values = 60 + np.arange(len(seconds)) % 7
    return make(Signal.HEART_RATE, **{"seconds": seconds, "value": values, **columns})


def test_a_worn_day_has_no_flags(make, context):
    assert flags(a_day(make), context) == {}


def test_exactly_seventy_without_confidence_of_the_device_is_a_filler(make, context):
    frame = a_day(make, confidence=3.0)
    frame.loc[5:8, "value"] = [70, 70, 71, 70]
    frame.loc[5:8, "confidence"] = [0, 1, 0, 0]
    assert flags(frame, context) == {"not_a_filler_value": [105, 108]}


@pytest.mark.parametrize(("seventies", "flagged"), [(29, False), (30, True)])
def test_a_spike_of_seventy_is_flagged_where_there_is_no_confidence(
    seventies, flagged, make, context
):
    frame = a_day(make)
    spiked = np.arange(seventies) * 3
    frame.loc[spiked, "value"] = 70
    found = flags(frame, context)
    assert found == ({"not_a_filler_value": (spiked + 100).tolist()} if flagged else {})


def test_seventy_among_as_many_neighbours_is_no_spike(make, context):
    seconds = np.arange(0, 11 * 3600, 60)
    frame = a_day(make, value=68 + np.arange(len(seconds)) % 5)
    assert flags(frame, context) == {}


@pytest.mark.parametrize(("seventies", "flagged"), [(80, False), (81, True)])
def test_a_spike_is_more_than_twice_its_neighbours(seventies, flagged, make, context):
    frame = a_day(make, value=80 + np.arange(660) % 7)
    frame.loc[0:79:2, "value"] = 69
    frame.loc[100 : 100 + 2 * (seventies - 1) : 2, "value"] = 70
    assert flags(frame, context).get("not_a_filler_value", []) == (
        list(range(200, 200 + 2 * seventies, 2)) if flagged else []
    )


def test_a_value_that_stands_still_for_more_than_ten_minutes_is_stuck(make, context):
    frame = a_day(make)
    frame.loc[20:30, "value"] = 88  # from the first to the last: 10 minutes
    frame.loc[40:51, "value"] = 88  # 11 minutes
    assert flags(frame, context) == {"value_is_not_stuck": list(range(140, 152))}


def test_the_same_value_before_and_after_a_pause_is_not_stuck(make, context):
    seconds = np.concatenate([np.arange(0, 6 * 3600, 60), np.arange(7 * 3600, 12 * 3600 - 60, 60)])
    values = 60 + np.arange(len(seconds)) % 7
    values[359:361] = 88
    assert flags(make(Signal.HEART_RATE, seconds=seconds, value=values), context) == {}


def test_the_row_that_ends_a_pause_of_more_than_four_hours_is_flagged(make, context):
    early = np.arange(-12 * 3600, 0, 60)
    frame = make(
        Signal.HEART_RATE,
        seconds=[*early, 4 * 3600, 8 * 3600],
        value=[*(60 + np.arange(len(early)) % 7), 80, 81],
    )
    assert flags(frame, context) == {"no_long_gap": [100 + len(early)]}


def test_midnight_and_another_person_break_no_series(make, context):
    frame = make(
        Signal.HEART_RATE,
        seconds=[0, 86_400, 0],
        participant=["P-001", "P-001", "P-002"],
        value=[60, 61, 60],
    )
    assert flags(frame, context) == {"day_is_covered": [100, 101, 102]}


def test_a_day_of_less_than_ten_hours_is_told_with_its_minutes(make, context):
    seconds = np.arange(0, 10 * 3600, 60)  # covers one minute less than ten hours
    frame = make(Signal.HEART_RATE, seconds=seconds, value=60 + np.arange(len(seconds)) % 7)
    verdict = check(frame, Signal.HEART_RATE, context)
    assert [(found.rule, found.rows.tolist()) for found in verdict.findings] == [
        ("day_is_covered", [100])
    ]
    assert "599 minutes (42% of 24 hours)" in verdict.findings[0].message


def test_the_order_of_the_rows_changes_nothing(make, context):
    frame = a_day(make)
    frame.loc[40:51, "value"] = 88
    shuffled = frame.sample(frac=1, random_state=3)
    assert flags(shuffled, context) == flags(frame, context)
