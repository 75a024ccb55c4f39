"""Which days and minutes of a window may be asked for, whether or not the window was cut to consent."""

from datetime import date, time, timedelta

import pytest
from tests.providers.conftest import at, window

from hometrial_ingest.provider import Window
from hometrial_ingest.providers.days import parts_of_days, whole_days


def day(number: int) -> date:
    return date(2026, 3, number)


def test_all_days_are_whole_where_consent_is_older_and_open():
    found = window("2026-03-06", "2026-03-08")
    assert whole_days(found) == [day(6), day(7), day(8)]
    assert parts_of_days(found) == [(day(6), None), (day(7), None), (day(8), None)]


def test_a_window_that_begins_with_consent_has_the_rest_of_that_day():
    found = Window(
        day(7), day(8), at("2026-03-06T15:00Z"), at("2026-03-09T05:00Z"),
        at("2026-03-06T15:00Z"), at("9999-12-31T00:00Z"),
    )  # fmt: skip
    assert whole_days(found) == [day(7), day(8)]
    assert parts_of_days(found) == [
        (day(6), (time(10, 0), time(23, 59))),
        (day(7), None),
        (day(8), None),
    ]


def test_a_window_that_ends_with_consent_has_the_beginning_of_that_day():
    found = Window(
        day(7), day(7), at("2026-03-07T05:00Z"), at("2026-03-08T15:00:30Z"),
        at("2026-01-01T00:00Z"), at("2026-03-08T15:00:30Z"),
    )  # fmt: skip
    assert parts_of_days(found) == [(day(7), None), (day(8), (time(0, 0), time(9, 59)))]


@pytest.mark.parametrize("first", [3, 7])
def test_a_window_of_a_single_cut_day_has_its_minutes_and_no_whole_day(first):
    found = Window(
        day(first), day(first - 1), at("2026-03-07T15:00Z"), at("2026-03-08T05:00Z"),
        at("2026-03-07T15:00Z"), at("9999-12-31T00:00Z"),
    )  # fmt: skip
    assert whole_days(found) == []
    assert parts_of_days(found) == [(day(7), (time(10, 0), time(23, 59)))]


def test_where_both_ends_are_bounds_of_consent_only_whole_days_are_known():
    bounds = (at("2026-03-06T15:00Z"), at("2026-03-09T15:00Z"))
    found = Window(day(7), day(8), *bounds, *bounds)
    assert whole_days(found) == [day(7), day(8)]
    assert parts_of_days(found) == [(day(7), None), (day(8), None)]


def test_a_clock_change_inside_the_window_makes_no_day_less_whole():
    found = Window(  # New York, 23 hours on the eighth
        day(7), day(9), at("2026-03-07T05:00Z"), at("2026-03-10T04:00Z"),
        at("2026-03-07T04:30Z"), at("2026-03-10T04:00:01Z"),
    )  # fmt: skip
    assert whole_days(found) == [day(7), day(8), day(9)]


@pytest.mark.parametrize(("start", "end"), [
    ("2026-03-05T05:00Z", "2026-03-10T04:00Z"),  # New York, an hour forward on the eighth
    ("2026-10-30T04:00Z", "2026-11-03T05:00Z"),  # and back on the first of November
])  # fmt: skip
@pytest.mark.parametrize("other", ["older", "younger"])
def test_a_piece_of_a_long_span_has_its_edge_days_whatever_the_clock_does_inside(start, end, other):
    first, last = at(start).date(), at(end).date() - timedelta(days=1)
    bounds = (
        (at("2026-01-01T00:00Z"), at(end))
        if other == "younger"
        else (at(start), at("9999-12-31T00:00Z"))
    )
    found = Window(first, last, at(start), at(end), *bounds)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert whole_days(found) == days


@pytest.mark.parametrize("hours", [-11, 0, 14])
def test_consent_for_less_than_a_minute_asks_for_nothing(hours):
    found = window(hours=hours, earliest="2026-03-07T12:00:10Z", latest="2026-03-07T12:00:50Z")
    assert whole_days(found) == []
    assert parts_of_days(found) == []
