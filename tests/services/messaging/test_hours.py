"""Quiet hours, liked times and moments of a window lie on the person's own clock, in nights of clock changes too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial import clock
from hometrial.protocol.windows import Opening
from hometrial.services.messaging import hours
from hometrial.services.messaging.hours import Hours
from hometrial_ingest.local_time import ZoneHistory

BERLIN = ZoneHistory.of([(None, "Europe/Berlin")])
HOUR = timedelta(hours=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


INSTANTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: utc("2026-01-01") + timedelta(minutes=minutes)
)


def quiet(start, end, liked=None, zones=BERLIN):
    return Hours(zones, time.fromisoformat(start), time.fromisoformat(end), liked)


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-03-02 19:59", "2026-03-02 19:59"),  # 20:59: not quiet yet
        ("2026-03-02 20:00", "2026-03-03 08:00"),  # over midnight
        ("2026-03-03 07:59", "2026-03-03 08:00"),
        ("2026-03-28 22:00", "2026-03-29 07:00"),  # the night that loses an hour
        ("2026-10-24 22:00", "2026-10-25 08:00"),  # the night that gains one
    ],
)
def test_quiet_hours_end_by_the_persons_clock(moment, ends):
    assert quiet("21:00", "09:00").after_quiet(utc(moment)) == utc(ends)


def test_an_end_that_the_clock_skips_is_the_first_instant_after_the_gap():
    assert quiet("21:00", "02:30").after_quiet(utc("2026-03-28 22:00")) == utc("2026-03-29 01:00")


def test_an_end_that_comes_twice_is_waited_for_again():
    # 02:10 on the second round of the night: the clock shows quiet hours once more.
    assert quiet("21:00", "02:30").after_quiet(utc("2026-10-25 01:10")) == utc("2026-10-25 01:30")


def test_quiet_hours_move_with_who_travels():
    moved = clock.microseconds(utc("2026-03-02 12:00"))
    zones = ZoneHistory.of([(None, "Europe/Berlin"), (moved, "America/New_York")])
    assert quiet("21:00", "09:00", zones=zones).after_quiet(utc("2026-03-02 20:30")) == utc(
        "2026-03-02 20:30"
    )


@given(
    INSTANTS,
    st.times(),
    st.times(),
    st.sampled_from(["Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]),
)
def test_after_quiet_is_never_quiet_nor_more_than_a_day_away(at, start, end, zone):
    if start == end:
        return
    found = Hours(ZoneHistory.of([(None, zone)]), start, end)
    after = found.after_quiet(at)
    assert at <= after <= at + timedelta(hours=26)
    assert not found.is_quiet(after)


@given(INSTANTS, st.times())
def test_the_next_time_is_what_the_clock_shows_unless_it_skips_it(at, shown):
    found = hours.next_at(BERLIN, at, shown)
    local = found.astimezone(ZoneInfo("Europe/Berlin"))
    assert at <= found <= at + timedelta(hours=26)
    assert local.time() == shown or (local.hour, local.minute) == (3, 0)


@pytest.mark.parametrize(
    ("day", "length"), [("2026-03-02", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_has_as_many_hours_as_the_person_lives(day, length):
    begun, ends = hours.day_bounds(BERLIN, utc(f"{day} 12:00"))
    assert ends - begun == timedelta(hours=length)


def names(opening, found):
    return [(each.name, each.at) for each in hours.moments(opening, found, HOUR)]


DIARY = Opening(utc("2026-03-02 16:00"), utc("2026-03-03 03:00"))


def test_a_window_has_three_moments():
    assert names(DIARY, quiet("21:00", "09:00")) == [
        ("open", utc("2026-03-02 16:00")),
        ("middle", utc("2026-03-02 21:30")),
        ("closing", utc("2026-03-03 02:00")),
    ]


def test_the_first_comes_at_the_time_that_the_person_likes():
    assert names(DIARY, quiet("21:00", "09:00", time(19, 30)))[0] == (
        "open",
        utc("2026-03-02 18:30"),
    )


def test_a_liked_time_outside_the_window_changes_nothing():
    liked = names(DIARY, quiet("21:00", "09:00", time(12)))
    assert liked == names(DIARY, quiet("21:00", "09:00"))


def test_no_moment_comes_before_the_first():
    short = Opening(utc("2026-03-02 16:00"), utc("2026-03-02 18:00"))
    assert names(short, quiet("21:00", "09:00", time(18, 30))) == [
        ("open", utc("2026-03-02 17:30"))
    ]
