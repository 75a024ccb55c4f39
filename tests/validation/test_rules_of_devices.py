"""Two rows about the same time: of one device an error, of two that share a name a flag."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hometrial_ingest.signals import Signal
from hometrial_validation.gate import check

NOON = 1_700_049_600_000_000


def failing(frame, signal, context) -> dict[str, list[int]]:
    return {found.rule: found.rows.tolist() for found in check(frame, signal, context).findings}


def twice(make, source, device):
    return make(Signal.STEPS, seconds=[0, 30], duration=60, value=9.0, source=source, device=device)


@pytest.mark.parametrize(
    ("source", "device", "rule"),
    [
        ("google-health/FITBIT/WATCH", ["Watch 4", "Watch 4"], "no_overlap"),
        ("google-health/FITBIT/WATCH", ["Watch 4", "Watch 3"], "no_overlap_of_devices"),
        ("google-health/FITBIT/WATCH", ["Watch 4", None], "no_overlap_of_devices"),
        ("google-health/HEALTH_CONNECT/unknown-device", [None, None], "no_overlap_of_devices"),
        ("google-health/reconciled", [None, None], "no_overlap"),
        ("fitabase", [None, None], "no_overlap"),
        ("takeout/fitbit", [None, None], "no_overlap"),
        ("takeout/Google Health App", [None, None], "no_overlap_of_devices"),
        ("omh/app", [None, None], "no_overlap_of_devices"),
        ("apple-health/iphone", [None, None], "no_overlap_of_devices"),
        ("apple-health/iphone", ["iPhone8,1 9.3", "iPhone6,2 9.3"], "no_overlap_of_devices"),
        ("apple-health/iphone", ["iPhone8,1 9.3", "iPhone8,1 9.3"], "no_overlap_of_devices"),
    ],
)
def test_the_time_counts_twice_only_if_the_device_is_surely_the_same(
    source, device, rule, make, context
):
    assert failing(twice(make, source, device), Signal.STEPS, context) == {rule: [101]}


def test_without_a_column_of_devices_only_a_merged_source_is_sure(make, context):
    for source, rule in [("fitabase", "no_overlap"), ("omh/app", "no_overlap_of_devices")]:
        frame = twice(make, source, [None, None]).drop(columns="device")
        assert failing(frame, Signal.STEPS, context) == {rule: [101]}


def test_a_row_after_another_devices_and_inside_its_own_is_told_of_both(make, context):
    frame = make(
        Signal.STEPS,
        seconds=[0, 0, 30],
        duration=[60, 120, 60],
        value=9.0,
        source="google-health/FITBIT/WATCH",
        device=["Watch 4", "Watch 3", "Watch 4"],
    )
    assert failing(frame, Signal.STEPS, context) == {
        "no_overlap": [102],
        "no_overlap_of_devices": [101, 102],
    }


def test_the_flag_says_that_both_are_kept_and_not_to_be_added_up(make, context):
    verdict = check(twice(make, "apple-health/iphone", None), Signal.STEPS, context)
    assert verdict.success
    assert verdict.failing() == {}
    for part in ("apple-health/iphone", "both are kept", "must not add them up"):
        assert part in verdict.findings[0].message


def test_sessions_of_two_watches_are_flagged_and_kept(make, context):
    frame = make(
        Signal.SLEEP_SESSION,
        seconds=[0, 600],
        duration=3600,
        value=30.25,
        source="google-health/FITBIT/WATCH",
        device=["Watch 4", "Watch 3"],
    )
    assert failing(frame, Signal.SLEEP_SESSION, context) == {"no_overlap_of_devices": [101]}


def night(source) -> pd.DataFrame:
    told = {"session": ["n1"], "participant": ["P-001"], "source": [source], "at": [NOON]}
    return pd.DataFrame({**told, "duration": [1800], "minutes_in_bed": [30.0]})


def stages(make, source, seconds, duration):
    code = ["light", "deep", "rem"][: len(seconds)]
    kinds = {"code": code, "session": "n1", "value": np.nan, "source": source}
    return make(Signal.SLEEP_STAGE, seconds=seconds, duration=duration, **kinds)


def test_stages_of_two_apple_watches_in_one_night_are_flagged_and_kept(make, context):
    source = "apple-health/watch"
    frame = stages(make, source, seconds=[0, 300, 1200], duration=[600, 900, 600])
    told = replace(context, sessions=night(source))
    assert failing(frame, Signal.SLEEP_STAGE, told) == {"no_overlap_of_devices": [101]}


def test_a_part_of_a_night_is_flagged_and_kept(make, context):
    frame = stages(make, "fitbit", seconds=[0, 600], duration=[600, 600])
    verdict = check(frame, Signal.SLEEP_STAGE, replace(context, sessions=night("fitbit")))
    assert verdict.success
    [flag] = verdict.flags()
    assert (flag.rule, flag.rows.tolist()) == ("stages_fill_the_session", [100, 101])
    assert "leave 10 minutes of it open" in flag.message


def test_a_summary_of_googles_in_an_account_export_is_rounded_too(make, context):
    for source, adds_up in [("takeout/DERIVED", True), ("takeout/fitbit", False)]:
        frame = stages(make, source, seconds=[0, 600, 1200], duration=[600, 600, 600])
        told = night(source).assign(minutes_in_bed=31.5)
        found = failing(frame, Signal.SLEEP_STAGE, replace(context, sessions=told))
        assert found == ({} if adds_up else {"stages_add_up": [100, 101, 102]})
