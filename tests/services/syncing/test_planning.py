"""What is due when: pure decisions about one account."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from hometrial.services.syncing.planning import Standing, decide, retry_after
from hometrial.services.syncing.pulling import Span
from hometrial_ingest.local_time import ZoneHistory

BERLIN = ZoneHistory.of([(None, "Europe/Berlin")])
ACCOUNT = UUID(int=1)
NOON = datetime(2026, 3, 20, 11, tzinfo=UTC)
TODAY = date(2026, 3, 20)


def standing(**known):
    defaults = {
        "first_day": date(2026, 1, 1),
        "hourly_at": NOON - timedelta(minutes=10),
        "nightly_on": TODAY,
        "whole_since": date(2026, 1, 1),
    }
    return Standing(ACCOUNT, BERLIN, **(defaults | known))


def rounds(now=NOON, **known):
    return [(due.kind, due.span) for due in decide(standing(**known), now)]


def test_nothing_is_due_between_rounds():
    assert rounds() == []


def test_each_hour_the_last_three_days_are_read():
    assert rounds(hourly_at=NOON - timedelta(hours=1)) == [
        ("hourly", Span(date(2026, 3, 18), TODAY))
    ]


def test_each_night_the_last_fourteen_days_are_read_instead():
    assert rounds(nightly_on=TODAY - timedelta(days=1), hourly_at=None) == [
        ("nightly", Span(date(2026, 3, 7), TODAY))
    ]


def test_after_nights_without_a_good_read_their_days_are_read_too():
    """So that what changed at the provider meanwhile is seen: each day is read after its 14th night."""
    assert rounds(nightly_on=TODAY - timedelta(days=21), hourly_at=None) == [
        ("nightly", Span(date(2026, 2, 15), TODAY))
    ]


@pytest.mark.parametrize(("hour", "kinds"), [(1, []), (2, ["nightly"])])
def test_the_night_begins_at_three_on_the_persons_own_clock(hour, kinds):
    now = datetime(2026, 3, 20, hour, 0, tzinfo=UTC)  # one hour behind Berlin
    found = rounds(now, nightly_on=TODAY - timedelta(days=1), hourly_at=now)
    assert [kind for kind, _ in found] == kinds


def test_a_new_account_is_read_at_once_whatever_the_hour():
    now = datetime(2026, 3, 19, 23, 30, tzinfo=UTC)
    assert [kind for kind, _ in rounds(now, nightly_on=None, hourly_at=None)] == ["nightly"]


def test_the_past_is_read_newest_first_back_to_the_first_consent():
    first, found = date(2026, 2, 10), []
    since = date(2026, 3, 7)
    while step := rounds(whole_since=since, first_day=first):
        ((kind, span),) = step
        found.append((kind, span))
        since = span.first_day
    assert found == [
        ("backfill", Span(date(2026, 2, 21), date(2026, 3, 6))),
        ("backfill", Span(date(2026, 2, 10), date(2026, 2, 20))),
    ]


def test_nothing_before_consent_is_asked_for():
    first = TODAY - timedelta(days=1)
    assert rounds(nightly_on=None, first_day=first) == [("nightly", Span(first, TODAY))]


def test_before_consent_begins_nothing_is_read_nor_noted_as_read():
    tomorrow = TODAY + timedelta(days=1)
    anew = {"nightly_on": None, "hourly_at": None, "whole_since": None}
    assert rounds(first_day=tomorrow, **anew) == []
    assert rounds(first_day=TODAY, **anew) == [("nightly", Span(TODAY, TODAY))]


def test_an_account_that_fails_waits_for_its_next_try():
    assert rounds(nightly_on=None, retry_at=NOON + timedelta(seconds=1)) == []
    assert [kind for kind, _ in rounds(nightly_on=None, retry_at=NOON)] == ["nightly"]


def test_tries_come_ever_more_seldom_up_to_an_hour():
    waits = [retry_after(failures, None) for failures in range(9)]
    assert waits[:4] == [timedelta(minutes=m) for m in (1, 2, 4, 8)]
    assert waits[-1] == timedelta(hours=1)
    assert retry_after(0, 600) == timedelta(minutes=10)
    assert retry_after(0, 10**6) == timedelta(hours=1)
