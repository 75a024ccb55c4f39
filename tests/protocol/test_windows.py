"""Windows on the time line: clock changes, moves and skipped dates, and nothing open twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import shipped

from hometrial.clock import microseconds
from hometrial.protocol.calendar import DueDiary, DueVisit, Span, diaries_due, visits_due
from hometrial.protocol.windows import Standing, diary_opening, local_date, visit_opening
from hometrial_ingest.local_time import ZoneHistory

ME = shipped("ldn-mecfs")
DAILY, WEEKLY = ME.diaries[0], ME.diaries[1]
BERLIN = ZoneHistory.of([(None, "Europe/Berlin")])


def lived(*zones):
    """Make a history of the first zone since ever, then (instant, zone)."""
    first, *moves = zones
    return ZoneHistory.of(
        [(None, first), *((microseconds(at(when)), zone) for when, zone in moves)]
    )


def at(said):
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def diary_on(said, plan=DAILY):
    due = date.fromisoformat(said)
    before, after = plan.window_days
    window = Span(due + timedelta(before), due + timedelta(after))
    return DueDiary(plan.id, plan.form, "titrate", due, window, "full")


def visit_on(first, last):
    window = Span(date.fromisoformat(first), date.fromisoformat(last))
    return DueVisit("W4", 1, window.first, window, (), ())


def shown(opening):
    return None if opening is None else (str(opening.opens_at)[:16], str(opening.closes_at)[:16])


@pytest.mark.parametrize(
    ("due", "opens", "closes", "hours"),
    [
        ("2026-05-08", "2026-05-08 15:00", "2026-05-09 02:00", 11),
        ("2026-03-28", "2026-03-28 16:00", "2026-03-29 02:00", 10),  # the clock goes forward
        ("2026-10-24", "2026-10-24 15:00", "2026-10-25 03:00", 12),  # the clock goes back
    ],
)
def test_a_diary_is_open_from_five_to_four_by_the_persons_own_clock(due, opens, closes, hours):
    opening = diary_opening(DAILY, diary_on(due), BERLIN)
    assert shown(opening) == (opens, closes)
    assert opening.closes_at - opening.opens_at == timedelta(hours=hours)


def test_a_weekly_diary_is_open_for_three_days_of_whatever_length():
    opening = diary_opening(WEEKLY, diary_on("2026-03-29", WEEKLY), BERLIN)
    assert shown(opening) == ("2026-03-27 23:00", "2026-03-30 22:00")
    assert opening.closes_at - opening.opens_at == timedelta(hours=71)


def test_a_visit_is_open_on_whole_days_of_the_persons_own_calendar():
    opening = visit_opening(visit_on("2026-10-24", "2026-10-26"), BERLIN)
    assert shown(opening) == ("2026-10-23 22:00", "2026-10-26 23:00")
    santiago = lived("America/Santiago")  # midnight is skipped on 6 September 2026
    assert shown(visit_opening(visit_on("2026-09-06", "2026-09-06"), santiago)) == (
        "2026-09-06 04:00",
        "2026-09-07 03:00",
    )


def test_whoever_flies_east_over_the_evening_has_no_diary_of_it():
    east = lived("Pacific/Honolulu", ("2026-05-08T22:00", "Pacific/Kiritimati"))
    assert diary_opening(DAILY, diary_on("2026-05-08"), east) is None
    assert shown(diary_opening(DAILY, diary_on("2026-05-09"), east)) == (
        "2026-05-09 03:00",
        "2026-05-09 14:00",
    )


def test_whoever_flies_west_has_longer_and_is_asked_once():
    west = lived("Europe/Berlin", ("2026-05-08T16:00", "America/New_York"))
    first, second = (diary_opening(DAILY, diary_on(f"2026-05-{n}"), west) for n in ("08", "09"))
    assert shown(first) == ("2026-05-08 15:00", "2026-05-09 08:00")
    assert shown(second) == ("2026-05-09 21:00", "2026-05-10 08:00")


def test_a_date_that_was_skipped_has_no_diary_and_moves_a_visit_to_the_next():
    samoa = lived("Pacific/Apia")  # 30 December 2011 was skipped
    assert diary_opening(DAILY, diary_on("2011-12-30"), samoa) is None
    assert diary_opening(DAILY, diary_on("2011-12-28"), samoa) is not None
    moved = visit_opening(visit_on("2011-12-30", "2011-12-30"), samoa)
    assert shown(moved) == ("2011-12-30 10:00", "2011-12-31 10:00")
    assert local_date(moved.opens_at, samoa) == date(2011, 12, 31)


def test_a_window_is_upcoming_then_open_then_closed():
    opening = diary_opening(DAILY, diary_on("2026-05-08"), BERLIN)
    tick = timedelta(microseconds=1)
    assert opening.standing(opening.opens_at - tick) is Standing.UPCOMING
    assert opening.standing(opening.opens_at) is Standing.OPEN
    assert opening.standing(opening.closes_at - tick) is Standing.OPEN
    assert opening.standing(opening.closes_at) is Standing.CLOSED


def test_the_date_is_that_of_the_zone_where_the_person_is():
    west = lived("Asia/Tokyo", ("2026-05-08T16:00", "Pacific/Honolulu"))
    assert local_date(at("2026-05-08T15:59"), west) == date(2026, 5, 9)
    assert local_date(at("2026-05-08T16:00"), west) == date(2026, 5, 8)


ZONES = [
    "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "Asia/Tokyo",
    "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Auckland", "Pacific/Honolulu", "Pacific/Kiritimati", "UTC",
]  # fmt: skip
START = date(2026, 2, 20)
# Nobody flies back and forth within hours: moves are at least a day apart.
journeys = st.builds(
    lambda first, moves: lived(
        first,
        *(
            ((at("2026-02-01T00:00") + timedelta(hours=36 * n + hour)).isoformat()[:16], zone)
            for n, (hour, zone) in sorted(moves.items())
        ),
    ),
    st.sampled_from(ZONES),
    st.dictionaries(
        st.integers(0, 120), st.tuples(st.integers(0, 11), st.sampled_from(ZONES)), max_size=6
    ),
)
KNOWN = {
    "consent": START,
    "run_in_start": START + timedelta(14),
    "run_in_end": START + timedelta(27),
    "randomisation": START + timedelta(28),
    "first_dose": START + timedelta(28),
    "last_dose": START + timedelta(125),
}


@given(journeys)
def test_no_change_of_zone_makes_a_visit_due_twice_or_empty(zones):
    due = visits_due(ME, "IMM", KNOWN)
    openings = [visit_opening(each, zones) for each in due]
    assert all(each.opens_at < each.closes_at for each in openings)
    moments = [at("2026-02-01T00:00") + timedelta(hours=7 * n) for n in range(1400)]
    order = [Standing.UPCOMING, Standing.OPEN, Standing.CLOSED]
    for opening in openings:
        seen = [order.index(opening.standing(moment)) for moment in moments]
        assert seen == sorted(seen)
        assert {0, 1, 2} == set(seen)


@given(journeys)
def test_a_diary_that_is_due_was_seen_open_on_its_day_by_the_persons_own_clock(zones):
    for due in diaries_due(ME, "IMM", KNOWN)[::5]:
        plan = DAILY if due.diary == DAILY.id else WEEKLY
        opening = diary_opening(plan, due, zones)
        if opening is not None:
            assert opening.opens_at < opening.closes_at
            assert (
                due.window.first
                <= local_date(opening.opens_at, zones)
                <= due.window.last + timedelta(1)
            )


@given(st.sampled_from(ZONES), st.integers(0, 200))
def test_who_stays_at_home_has_a_diary_from_five_to_four_every_day(zone, number):
    due = diary_on(str(START + timedelta(number)))
    opening = diary_opening(DAILY, due, lived(zone))
    opens, closes = (
        moment.astimezone(ZoneInfo(zone)) for moment in (opening.opens_at, opening.closes_at)
    )
    assert (opens.date(), opens.hour, opens.minute) == (due.due, 17, 0)
    assert (closes.date(), closes.hour, closes.minute) == (due.due + timedelta(1), 4, 0)
