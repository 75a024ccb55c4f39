"""A tap makes the day bad, and the days of the rest; a second tap says that it is over."""

from datetime import UTC, date, datetime

from protocols import shipped

from hometrial.models import BadDay
from hometrial.protocol.calendar import Span
from hometrial.services.asking.resting import spans
from hometrial_ingest.local_time import ZoneHistory

BERLIN = ZoneHistory.of([(None, "Europe/Berlin")])


def bad(*taps):
    rows = tuple(
        BadDay(kind=kind, severity=None, at=datetime(2026, 3, day, hour, tzinfo=UTC), by="p")
        for kind, day, hour in taps
    )
    return spans(rows, shipped("ldn-mecfs"), BERLIN)


def days(first, last):
    return Span(date(2026, 3, first), date(2026, 3, last))


def test_one_tap_is_a_rest_of_two_days():
    assert bad(("begun", 2, 9)) == (days(2, 3),)


def test_the_day_is_that_of_the_persons_own_calendar():
    assert bad(("begun", 2, 23)) == (days(3, 4),)


def test_whoever_is_better_has_no_bad_day_from_that_day_on():
    assert bad(("begun", 2, 9), ("over", 3, 9)) == (days(2, 2),)
    assert bad(("begun", 2, 9), ("over", 2, 10)) == ()
    assert bad(("begun", 2, 9), ("over", 9, 10)) == (days(2, 3),)


def test_a_tap_during_the_rest_makes_it_longer_and_over_ends_all():
    assert bad(("begun", 2, 9), ("begun", 3, 9)) == (days(2, 3), days(3, 4))
    assert bad(("begun", 2, 9), ("begun", 3, 9), ("over", 4, 9)) == (days(2, 3), days(3, 3))
    assert bad(("over", 1, 9), ("begun", 2, 9)) == (days(2, 3),)
