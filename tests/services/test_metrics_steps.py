"""Steps: which grain is taken, which device is believed, and what minute steps tell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.services.metrics import Day, measure
from hometrial.services.metrics.priority import PRIORITY, counted, kind_of, ordered

SECOND, MINUTE = 1_000_000, 60_000_000
START = 1_773_100_800_000_000


def _intervals(*rows):
    """Return intervals of (first second, seconds, steps, source)."""
    at, duration, value, source = zip(*rows, strict=True)
    at = START + np.array(at, dtype=np.int64) * SECOND
    value = np.array(value, dtype=float)
    return pd.DataFrame({"at": at, "duration": duration, "value": value, "source": source})


def _minutes(values, first=0, source="fitbit"):
    return _intervals(
        *((60 * minute, 60, value, source) for minute, value in enumerate(values, first))
    )


def _measure(**frames):
    return measure(Day(START, START + 1440 * MINUTE, 0, False, **frames))


def test_the_source_s_own_total_is_taken_and_the_sums_are_shown_beside_it():
    hours = _intervals((0, 3600, 90, "fitabase"))
    measured = _measure(steps=_minutes([40, 60]), steps_hourly=hours, daily={"steps_daily": 120.0})
    assert measured["steps"] == measured["steps_daily"] == 120
    assert (measured["steps_minute_sum"], measured["steps_hour_sum"]) == (100, 90)


def test_without_a_total_minutes_are_taken_before_hours():
    hours = _intervals((0, 3600, 90, "fitabase"))
    assert _measure(steps=_minutes([40, 60]), steps_hourly=hours)["steps"] == 100
    assert _measure(steps_hourly=hours)["steps"] == 90


def test_a_day_without_steps_records_has_no_steps_and_not_zero():
    assert _measure() == {}


def test_reported_zeros_are_zero_steps():
    assert _measure(steps=_minutes([0] * 1440))["steps"] == 0


def test_the_same_walk_by_watch_phone_and_echo_is_counted_once():
    watch = [(60 * minute, 60, 10, "google-health/FITBIT/WATCH") for minute in range(5)]
    phone = [(0, 600, 80, "google-health/FITBIT/PHONE"), (900, 60, 7, "google-health/FITBIT/PHONE")]
    echo = [
        (60 * minute, 60, 10, "google-health/HEALTH_CONNECT/unknown-device") for minute in range(5)
    ]
    measured = _measure(steps=_intervals(*echo, *phone, *watch))
    assert measured["steps"] == 57
    assert measured["steps_other_sources"] == 130


LIST = [
    *((60 * minute, 60, 10, "google-health/FITBIT/WATCH") for minute in range(5)),
    (0, 600, 80, "google-health/FITBIT/PHONE"),
    (900, 60, 7, "google-health/FITBIT/PHONE"),
    *((60 * minute, 60, 10, "google-health/HEALTH_CONNECT/unknown-device") for minute in range(5)),
]
MERGED = [(60 * minute, 60, 12, "google-health/reconciled") for minute in range(5)]


def test_what_a_provider_merged_counts_and_nothing_of_that_provider_beside_it():
    measured = _measure(steps=_intervals(*LIST, *MERGED))
    assert measured["steps"] == 60
    assert measured["steps_other_sources"] == sum(value for _, _, value, _ in LIST)


def test_another_provider_still_counts_where_the_merged_stream_says_nothing():
    other = [(0, 60, 9, "fitbit/tracker"), (1200, 60, 5, "fitbit/tracker")]
    assert _measure(steps=_intervals(*LIST, *MERGED, *other))["steps"] == 65


def test_a_day_with_the_provider_s_own_total_has_that_and_not_a_sum():
    measured = _measure(steps=_intervals(*LIST, *MERGED), daily={"steps_daily": 61.0})
    assert measured["steps"] == 61
    assert measured["steps_minute_sum"] == 60


def test_with_one_source_nothing_is_left_out():
    assert "steps_other_sources" not in _measure(steps=_minutes([40, 60]))


@pytest.mark.parametrize("watch_at", [0, 120])
def test_intervals_that_only_touch_are_both_counted(watch_at):
    steps = _intervals(
        (watch_at, 60, 10, "apple-health/watch"), (60, 60, 20, "apple-health/iphone")
    )
    assert _measure(steps=steps)["steps"] == 30


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("google-health/FITBIT/WATCH", "watch"),
        ("apple-health/watch", "watch"),
        ("google-health/FITBIT/FITNESS_BAND", "tracker"),
        ("google-health/reconciled", "merged"),
        ("takeout/fitbit", "tracker"),
        ("fitabase", "tracker"),
        ("google-health/FITBIT/RING", "ring"),
        ("omh/sleep-monitoring", "other"),
        ("google-health/FITBIT/PHONE", "phone"),
        ("google-health/FITBIT/MobileTrack", "phone"),
        ("apple-health/iphone", "phone"),
        ("google-health/FITBIT/WATCH/manual", "other"),
        ("google-health/HEALTH_CONNECT/unknown-device", "other"),
        ("takeout/Health Connect", "other"),
        ("takeout/unnamed-source", "other"),
    ],
)
def test_the_name_of_a_source_tells_its_kind(source, kind):
    assert kind_of(source) == kind


def test_sources_are_ordered_by_kind_and_then_by_name():
    names = [
        "x/manual",
        "google-health/reconciled",
        "apple-health/iphone",
        "oura/ring",
        "b/band",
        "a/band",
        "x/watch",
        "a/band",
    ]
    assert ordered(names) == [
        "google-health/reconciled",
        "x/watch",
        "a/band",
        "b/band",
        "oura/ring",
        "apple-health/iphone",
        "x/manual",
    ]
    kinds = [PRIORITY.index(kind_of(name)) for name in ordered(names)]
    assert kinds == sorted(kinds)


_INTERVALS = st.tuples(
    st.integers(0, 60),
    st.integers(1, 10),
    st.just(1),
    st.sampled_from(["a/watch", "a/band", "a/phone", "a/manual"]),
)


@given(st.lists(_INTERVALS, min_size=1, max_size=40))
def test_an_interval_counts_exactly_if_no_counted_one_before_it_overlaps_it(rows):
    counts = counted(_intervals(*rows))
    turn = sorted(
        range(len(rows)),
        key=lambda i: (PRIORITY.index(kind_of(rows[i][3])), rows[i][0], rows[i][0] + rows[i][1]),
    )
    used = []
    for index in turn:
        at, duration, _, _ = rows[index]
        free = all(end <= at or at + duration <= begin for begin, end in used)
        assert counts[index] == free
        if free:
            used.append((at, at + duration))


@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(order):
    rows = [
        (0, 60, 1, "a/watch"), (30, 60, 2, "a/band"), (80, 60, 4, "a/band"),
        (100, 90, 8, "a/phone"), (200, 60, 16, "a/phone"), (10, 300, 32, "a/manual"),
    ]  # fmt: skip
    assert _measure(steps=_intervals(*(rows[i] for i in order)))["steps"] == 1 + 4 + 16


def test_peak_cadence_is_the_mean_of_the_thirty_highest_minutes():
    steps = _minutes([0] * 100 + [100] * 15 + [0] * 50 + [60] * 20)
    assert _measure(steps=steps)["peak30_cadence"] == (15 * 100 + 15 * 60) / 30


def test_peak_cadence_needs_thirty_known_minutes():
    assert "peak30_cadence" not in _measure(steps=_minutes([100] * 29))


def test_active_bouts_are_two_minutes_or_more_of_twenty_steps():
    steps = _minutes([20, 20, 19, 25, 0, 30, 30, 30, 19, 20])
    assert _measure(steps=steps)["active_bouts"] == 2


def test_a_minute_without_a_record_ends_a_bout():
    steps = pd.concat([_minutes([30]), _minutes([30], first=2)])
    assert _measure(steps=steps)["active_bouts"] == 0


def test_steps_of_a_quarter_of_an_hour_tell_no_cadence():
    measured = _measure(
        steps=pd.concat([_minutes([30] * 40), _intervals((3600, 900, 500, "fitbit"))])
    )
    assert measured["steps"] == 1700
    assert not {"peak30_cadence", "active_bouts"} & measured.keys()


def test_two_phones_of_one_source_do_not_count_twice():
    rows = [(0, 60, 50), (0, 60, 40), (60, 60, 10)]
    steps = _intervals(*((*row, "apple-health/iphone") for row in rows))
    steps["device"] = ["iPhone10,4", "iPhone12,1", "iPhone12,1"]
    assert counted(steps).tolist() == [True, False, True]


def test_overlapping_rows_of_one_instrument_count_once():
    rows = [(0, 120, 50), (60, 60, 40), (120, 60, 10)]
    steps = _intervals(*((*row, "apple-health/iphone") for row in rows))
    assert counted(steps).tolist() == [True, False, True]
