"""Local days of people who cross the date line: none overlaps the next, whichever way they fly."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from hometrial import clock
from hometrial.services.comparing import day_number
from hometrial.services.histories import Calendar
from hometrial_ingest.local_time import ZoneHistory

FLIGHT = datetime(2026, 3, 10, 6, tzinfo=UTC)
AROUND = range(day_number(date(2026, 3, 6)), day_number(date(2026, 3, 15)))


def calendar(there: str, then: str) -> Calendar:
    """Return the days around a flight from one zone to another."""
    return Calendar.of(ZoneHistory.of([(None, there), (clock.microseconds(FLIGHT), then)]), AROUND)


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ("Pacific/Auckland", "America/Los_Angeles"),
        ("America/Los_Angeles", "Pacific/Auckland"),
        ("Pacific/Kiritimati", "Pacific/Honolulu"),
        ("Europe/Berlin", "Asia/Kolkata"),
    ],
)
def test_each_day_ends_where_the_next_begins(there, then):
    found = calendar(there, then)
    bounds = [found.bounds(day) for day in found.among(AROUND)]
    assert all(start < end for start, end in bounds)
    assert all(before[1] == after[0] for before, after in pairwise(bounds))


def test_who_flies_back_over_the_date_line_lives_one_long_date():
    # 10 March 19:00 in Auckland is 9 March 23:00 in Los Angeles: the tenth begins again an hour later.
    found = calendar("Pacific/Auckland", "America/Los_Angeles")
    start, end = found.bounds(day_number(date(2026, 3, 10)))
    assert timedelta(microseconds=end - start) == timedelta(hours=44)


def test_who_flies_over_the_date_line_the_other_way_loses_a_day_between_two_dates():
    # 9 March 20:00 in Honolulu is 10 March 20:00 on Kiritimati.
    found = calendar("Pacific/Honolulu", "Pacific/Kiritimati")
    lengths = [
        timedelta(microseconds=end - start)
        for start, end in map(found.bounds, map(day_number, (date(2026, 3, 9), date(2026, 3, 10))))
    ]
    assert lengths == [timedelta(hours=20), timedelta(hours=4)]
