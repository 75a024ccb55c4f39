"""Missing hours and their causes, on days of 23, 24 and 25 hours."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.services.metrics import READ, GapSpan, Presence, Stream, gaps, hours_of

HOUR = 3_600_000_000
START = 1_773_100_800_000_000
WEEK = (START - 72 * HOUR, START + 96 * HOUR)
ALL = frozenset(range(25))
WALKED = Stream(ALL, seen=WEEK)
SLEPT = Stream(frozenset({7}), seen=WEEK)


def _day(heart_rate, steps=WALKED, sleep=SLEPT, covered=WEEK, hours=24):
    return Presence(START, START + hours * HOUR, heart_rate, steps, sleep, covered)


def _causes(day, stream="heart_rate"):
    return [
        ((gap.start_at - START) / HOUR, (gap.end_at - START) / HOUR, gap.cause)
        for gap in gaps(day)
        if gap.stream == stream
    ]


def _without(*missing, **more):
    return Stream(ALL - set(missing), seen=WEEK, **more)


def test_a_full_day_has_no_gap():
    assert gaps(_day(_without())) == []


def test_hours_with_steps_and_no_heart_rate_were_not_worn_and_are_one_gap():
    assert gaps(_day(_without(3, 4, 5, 20))) == [
        GapSpan("heart_rate", START + 3 * HOUR, START + 6 * HOUR, "not_worn"),
        GapSpan("heart_rate", START + 20 * HOUR, START + 21 * HOUR, "not_worn"),
    ]


def test_heart_rate_before_and_after_tells_non_wear_without_steps():
    none = Stream()
    assert _causes(_day(_without(3), steps=none)) == [(3, 4, "not_worn")]


def test_after_the_last_heart_rate_only_reported_steps_tell_non_wear():
    ended = Stream(frozenset(range(10)), seen=(START, START + 10 * HOUR - 1))
    steps = Stream(frozenset(range(12)), seen=WEEK)
    assert _causes(_day(ended, steps)) == [(10, 12, "not_worn"), (12, 24, "unknown")]


def test_hours_whose_samples_wait_in_quarantine_say_so():
    waiting = _without(3, 4, 5, quarantined=frozenset({4, 9}))
    assert _causes(_day(waiting)) == [(3, 4, "not_worn"), (4, 5, "quarantined"), (5, 6, "not_worn")]


def test_quarantine_is_told_even_if_no_other_sample_ever_came():
    waiting = Stream(quarantined=frozenset({4}))
    assert _causes(_day(waiting))[1] == (4, 5, "quarantined")


def test_a_stream_that_no_file_has_is_not_in_the_source():
    day = _day(Stream(), steps=Stream(), sleep=Stream())
    assert [(gap.stream, gap.cause) for gap in gaps(day)] == [
        ("heart_rate", "not_in_source"), ("steps", "not_in_source"), ("sleep", "not_in_source"),
    ]  # fmt: skip


def test_hours_that_no_file_covers_are_unknown():
    seen = (START + 6 * HOUR, START + 20 * HOUR)
    heart_rate = Stream(frozenset(range(6, 20)), seen=seen)
    day = _day(heart_rate, steps=Stream(frozenset(range(6, 20)), seen=seen), covered=seen)
    assert _causes(day) == [(0, 6, "unknown"), (20, 24, "unknown")]
    assert {cause for _, _, cause in _causes(_day(Stream(seen=WEEK), covered=None))} == {"unknown"}


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_a_day_has_as_many_hours_as_its_clock_changes_leave(hours):
    last = {hours - 1}
    heart_rate = Stream(frozenset(range(hours)) - last, seen=WEEK)
    assert _causes(_day(heart_rate, hours=hours)) == [(hours - 1, hours, "not_worn")]


def test_a_last_half_hour_is_an_hour_of_its_own():
    end = START + 23 * HOUR + HOUR // 2
    day = Presence(START, end, _without(23), WALKED, SLEPT, WEEK)
    assert _causes(day) == [(23, 23.5, "not_worn")]


def test_a_day_off_the_wrist_explains_its_missing_sleep_and_steps():
    day = _day(Stream(seen=WEEK), steps=Stream(seen=WEEK), sleep=Stream(seen=WEEK))
    assert [(gap.stream, gap.cause) for gap in gaps(day)] == [
        ("heart_rate", "not_worn"), ("steps", "not_worn"), ("sleep", "not_worn"),
    ]  # fmt: skip


def test_a_worn_night_without_sleep_has_no_known_cause():
    assert _causes(_day(_without(), sleep=Stream(seen=WEEK)), "sleep") == [(0, 24, "unknown")]


def test_a_night_in_quarantine_says_so():
    waiting = Stream(quarantined=frozenset({7}), seen=WEEK)
    assert _causes(_day(_without(), sleep=waiting), "sleep") == [(0, 24, "quarantined")]


def test_steps_and_sleep_outside_the_files_are_unknown():
    day = _day(Stream(seen=WEEK), Stream(seen=WEEK), Stream(seen=WEEK), (WEEK[0], START - 1))
    assert {gap.cause for gap in gaps(day)} == {"unknown"}


def test_instants_are_numbered_from_the_day_s_first():
    at = START + np.array([-1, 0, HOUR - 1, HOUR, 23 * HOUR, 24 * HOUR])
    assert hours_of(at, START, START + 24 * HOUR) == {0, 1, 23}


_HOURS = st.frozensets(st.integers(0, 23))


@given(_HOURS, _HOURS, _HOURS)
def test_gaps_and_hours_with_samples_are_the_whole_day(heard, steps, waiting):
    day = _day(Stream(heard, waiting, WEEK), Stream(steps, seen=WEEK))
    missing = [hour for start, end, _ in _causes(day) for hour in range(int(start), int(end))]
    assert sorted([*missing, *heard]) == list(range(24))


@given(_HOURS, _HOURS)
def test_gaps_next_to_each_other_differ_in_cause(heard, waiting):
    found = _causes(_day(Stream(heard, waiting, WEEK)))
    for before, after in pairwise(found):
        assert before[1] < after[0] or before[2] != after[2]


def _linked(hours=(), reads=(READ,) * 24, **more):
    return Stream(frozenset(hours), reads=tuple(reads), **more)


def _accounts(heart_rate, steps=None, sleep=None):
    """Return a day of a person with an account; steps and sleep are there if nothing is said."""
    there = _linked([7])
    return Presence(START, START + 24 * HOUR, heart_rate, steps or there, sleep or there, None)


WORN = _linked(range(24))


def test_an_hour_that_was_read_and_has_no_heart_rate_was_not_worn():
    assert _causes(_accounts(_linked(range(2, 24)))) == [(0, 2, "not_worn")]


def test_an_hour_that_was_not_read_tells_why():
    reads = [READ] * 20 + ["token_dead"] * 2 + ["not_synced"] * 2
    assert _causes(_accounts(_linked(range(21), reads))) == [
        (21, 22, "token_dead"),
        (22, 24, "not_synced"),
    ]


def test_hours_that_are_not_over_are_not_missing():
    day = _accounts(_linked([], [READ] * 3), _linked([], [READ] * 3), _linked([], []))
    assert _causes(day) == _causes(day, "steps") == [(0, 3, "not_worn")]
    assert _causes(day, "sleep") == []


def test_quarantine_comes_before_what_an_account_says():
    waiting = _linked([], ["paused"] * 24, quarantined=frozenset({4}))
    assert _causes(_accounts(waiting)) == [
        (0, 4, "paused"),
        (4, 5, "quarantined"),
        (5, 24, "paused"),
    ]
    night = _linked([], quarantined=frozenset({0}))
    assert _causes(_accounts(WORN, sleep=night), "sleep") == [(0, 24, "quarantined")]


def test_a_worn_night_without_a_session_is_not_in_the_source():
    assert _causes(_accounts(WORN, sleep=_linked()), "sleep") == [(0, 24, "not_in_source")]


def test_a_night_without_the_watch_was_not_worn_however_the_day_was():
    evening = _linked(range(9, 24))
    assert _causes(_accounts(evening, sleep=_linked()), "sleep") == [(0, 24, "not_worn")]
    assert _causes(_accounts(evening, steps=_linked()), "steps") == [(0, 24, "not_in_source")]


def test_a_day_off_the_wrist_explains_its_missing_steps_and_sleep():
    day = _accounts(_linked(), _linked(), _linked())
    assert {(gap.stream, gap.cause) for gap in gaps(day)} == {
        ("heart_rate", "not_worn"), ("steps", "not_worn"), ("sleep", "not_worn"),
    }  # fmt: skip


def test_without_a_word_on_heart_rate_nobody_says_not_worn():
    unread = _linked([], ["scope_missing"] * 24)
    day = _accounts(unread, _linked(), _linked())
    assert _causes(day, "steps") == _causes(day, "sleep") == [(0, 24, "not_in_source")]


def test_a_day_s_steps_can_be_missing_for_two_causes():
    reads = [READ] * 10 + ["not_synced"] * 14
    day = _accounts(_linked(range(10), reads), steps=_linked([], reads))
    assert _causes(day, "steps") == [(0, 10, "not_in_source"), (10, 24, "not_synced")]


_READS = st.lists(
    st.sampled_from([READ, "paused", "not_synced", "unknown"]), min_size=24, max_size=24
)


@given(_HOURS, _HOURS, _READS)
def test_every_missing_hour_of_a_linked_person_has_one_cause(heard, waiting, reads):
    day = _accounts(Stream(heard, waiting, reads=tuple(reads)))
    found = _causes(day)
    missing = [hour for start, end, _ in found for hour in range(int(start), int(end))]
    assert sorted([*missing, *heard]) == list(range(24))
    assert all(a[1] < b[0] or a[2] != b[2] for a, b in pairwise(found))
    assert {cause for _, _, cause in found} <= {
        "quarantined", "not_worn", "paused", "not_synced", "unknown",
    }  # fmt: skip
