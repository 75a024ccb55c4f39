"""Intervals, sessions and stages against what stands beside them, also by brute force."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.gate import check
from hometrial_validation.prepare.episodes import with_previous_end, with_previous_stage

NOON = 1_700_049_600_000_000
SECOND = 1_000_000


def failing(frame, signal, context) -> dict[str, list[int]]:
    return {found.rule: found.rows.tolist() for found in check(frame, signal, context).findings}


def night(minutes_in_bed=30.0, source="fitbit/watch", **columns) -> pd.DataFrame:
    told = {
        "session": ["n1"],
        "participant": ["P-001"],
        "source": [source],
        "at": [NOON],
        "duration": [1800],
        "minutes_in_bed": [minutes_in_bed],
    }
    return pd.DataFrame({**told, **columns})


def stages(make, **columns) -> pd.DataFrame:
    usual = {
        "seconds": [0, 600, 1200],
        "duration": [600, 600, 600],
        "session": "n1",
        "code": ["light", "deep", "rem"],
        "value": np.nan,
    }
    return make(Signal.SLEEP_STAGE, **{**usual, **columns})


def test_a_regular_night_has_no_findings(make, context):
    assert failing(stages(make), Signal.SLEEP_STAGE, replace(context, sessions=night())) == {}


def test_awakenings_laid_over_the_stages_are_left_out_of_their_sequence(make, context):
    frame = stages(
        make,
        seconds=[0, 600, 1200, 300],
        duration=[600, 600, 600, 60],
        code=["light", "deep", "rem", "awake"],
        overlay=[False, False, False, True],
    )
    assert failing(frame, Signal.SLEEP_STAGE, replace(context, sessions=night())) == {}


def test_a_stage_that_begins_before_the_last_has_ended_is_the_offender(make, context):
    frame = stages(make, seconds=[0, 598, 1199], duration=[600, 602, 601])
    assert failing(frame, Signal.SLEEP_STAGE, replace(context, sessions=night())) == {
        "stages_do_not_overlap": [101]
    }


def test_a_pause_between_stages_is_flagged_and_kept(make, context):
    frame = stages(make, seconds=[0, 601, 1203], duration=[600, 600, 597])
    verdict = check(frame, Signal.SLEEP_STAGE, replace(context, sessions=night()))
    assert verdict.success
    assert [(found.rule, found.rows.tolist()) for found in verdict.findings] == [
        ("stages_leave_no_gap", [102])
    ]


def test_a_stage_may_leave_its_session_by_a_minute_and_no_more(make, context):
    bed = night(minutes_in_bed=np.nan)
    at_the_edge = stages(make, seconds=[-60, 600, 1200], duration=[660, 600, 660])
    beyond = stages(make, seconds=[-61, 600, 1200], duration=[661, 600, 661])
    told = replace(context, sessions=bed)
    assert failing(at_the_edge, Signal.SLEEP_STAGE, told) == {}
    assert failing(beyond, Signal.SLEEP_STAGE, told) == {"inside_its_session": [100, 102]}


def test_the_end_of_a_running_session_is_open(make, context):
    bed = night(minutes_in_bed=np.nan, duration=[0])
    frame = stages(make, seconds=[0, 600, 1200], duration=[600, 600, 6000])
    assert failing(frame, Signal.SLEEP_STAGE, replace(context, sessions=bed)) == {}


@pytest.mark.parametrize(
    ("source", "in_bed", "adds_up"),
    [
        ("fitbit/watch", 31.0, True),
        ("fitbit/watch", 31.1, False),
        ("fitbit/watch", 28.9, False),
        ("google-health/watch", 32.0, True),
        ("google-health/watch", 32.1, False),
        ("apple-health/watch", 99.0, True),
        ("fitbit/watch", np.nan, True),
    ],
)
def test_the_stages_add_up_to_the_minutes_in_bed(source, in_bed, adds_up, make, context):
    told = replace(context, sessions=night(minutes_in_bed=in_bed, source=source))
    found = failing(stages(make, source=source), Signal.SLEEP_STAGE, told)
    assert found == ({} if adds_up else {"stages_add_up": [100, 101, 102]})


def test_a_night_with_a_stage_that_has_no_instant_is_not_summed(make, context):
    frame = stages(make, placement=["placed", "placed", "in_gap"])
    told = replace(context, sessions=night(minutes_in_bed=20.0))
    assert failing(frame, Signal.SLEEP_STAGE, told) == {"local_time_exists": [102]}


def test_each_night_is_judged_by_itself(make, context):
    both = stages(
        make,
        seconds=[0, 600, 1200] * 2,
        duration=[600] * 6,
        code="light",
        session=["n1"] * 3 + ["n2"] * 3,
    )
    told = pd.concat([night(), night(session=["n2"], minutes_in_bed=40.0)])
    assert failing(both, Signal.SLEEP_STAGE, replace(context, sessions=told)) == {
        "stages_add_up": [103, 104, 105]
    }


def test_a_stage_without_its_session_is_flagged_and_kept(make, context):
    frame = stages(make, session=["n1", "n1", "n9"])
    verdict = check(
        frame, Signal.SLEEP_STAGE, replace(context, sessions=night(minutes_in_bed=20.0))
    )
    assert verdict.success
    assert [(found.rule, found.rows.tolist()) for found in verdict.flags()] == [
        ("stages_fill_the_session", [100, 101]),
        ("session_came_along", [102]),
    ]


def test_an_unknown_stage_fails(make, context):
    frame = stages(make, code=["light", "dreaming", None])
    assert failing(frame, Signal.SLEEP_STAGE, replace(context, sessions=night())) == {
        "stage_is_known": [101, 102]
    }


def test_a_session_ends_after_it_began_unless_it_still_runs(make, context):
    frame = make(
        Signal.SLEEP_SESSION,
        seconds=[0, 10_000, 20_000],
        duration=[3600, 3600, 0],
        end_at=[NOON + 3600 * SECOND, NOON + 10_000 * SECOND, NOON],
        in_progress=[False, False, True],
        value=30.0,
    )
    assert failing(frame, Signal.SLEEP_SESSION, context) == {
        "ends_after_start": [101],
        "end_agrees_with_duration": [101],
    }


def test_a_session_without_length_that_is_over_fails(make, context):
    frame = make(Signal.SLEEP_SESSION, duration=[0], value=[30.0])
    assert failing(frame, Signal.SLEEP_SESSION, context) == {"row_lasts": [100]}


def test_an_end_another_than_the_duration_says_is_flagged(make, context):
    ends = np.array([3660, 13_661]) * SECOND + NOON
    frame = make(Signal.SLEEP_SESSION, seconds=[0, 10_000], duration=3600, end_at=ends, value=30.0)
    assert failing(frame, Signal.SLEEP_SESSION, context) == {"end_agrees_with_duration": [101]}


def test_of_two_overlapping_sessions_the_later_is_the_offender(make, context):
    frame = make(
        Signal.SLEEP_SESSION, seconds=[3000, 0, 9000], duration=[3600, 3600, 100], value=30.0
    )
    assert failing(frame, Signal.SLEEP_SESSION, context) == {"no_overlap": [100]}


def test_two_sources_and_two_people_may_say_something_about_the_same_time(make, context):
    frame = make(
        Signal.STEPS,
        seconds=[0, 0, 0],
        duration=60,
        value=1.0,
        participant=["P-001", "P-001", "P-002"],
        source=["fitbit/a", "fitbit/b", "fitbit/a"],
    )
    assert failing(frame, Signal.STEPS, context) == {}


episodes = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12), st.sampled_from("ab"), st.booleans()),
    max_size=14,
)


def frame_of(rows: list[tuple[int, int, str, bool]]) -> pd.DataFrame:
    told = pd.DataFrame(rows, columns=["start", "duration", "session", "overlay"])
    at = NOON + told["start"].astype(np.int64) * SECOND
    return told.assign(
        row_id=np.arange(len(rows)), at=at, participant="P-001", source="s", placement="placed"
    ).astype(
        {
            "participant": "category",
            "source": "category",
            "placement": "category",
            "duration": np.int64,
            "overlay": bool,
        }
    )


def latest_end_before(rows: list[tuple[int, int, str, bool]], mine: int, counts) -> float:
    start = rows[mine][0]
    ends = [
        row[0] + row[1]
        for other, row in enumerate(rows)
        if counts(row) and (row[0], other) < (start, mine)
    ]
    return max(ends, default=np.nan)


@settings(max_examples=150, deadline=None)
@given(rows=episodes)
def test_overlaps_are_those_that_brute_force_finds(rows):
    prepared = with_previous_end(frame_of(rows), Context(now=0))
    bad = prepared["previous_end"] > prepared["at"]
    for mine, row in enumerate(rows):
        end = latest_end_before(rows, mine, lambda other: other[1] > 0)
        assert bad[mine] == (row[1] > 0 and end > row[0])


@settings(max_examples=150, deadline=None)
@given(rows=episodes)
def test_the_stage_before_is_the_one_that_brute_force_finds(rows):
    prepared = with_previous_stage(frame_of(rows), Context(now=0))
    found = (prepared["previous_end"] - NOON) / SECOND
    for mine, row in enumerate(rows):
        end = latest_end_before(rows, mine, lambda other, s=row[2]: not other[3] and other[2] == s)
        expected = np.nan if row[3] else end
        np.testing.assert_equal(found[mine], expected)


def test_the_tolerances_are_settings(make, context):
    wide = Settings(overlap_seconds=5.0, summary_minutes=9.0)
    frame = stages(make, seconds=[0, 598, 1198], duration=[600, 602, 602])
    told = replace(context, sessions=night(minutes_in_bed=38.0), settings=wide)
    assert failing(frame, Signal.SLEEP_STAGE, told) == {}
