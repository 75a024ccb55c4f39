"""Days, adherence with its bounds, interruptions, and exposure."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from courses import PLAN, START, Person, day, evening, night, noon, split
from hypothesis import given
from hypothesis import strategies as st

from hometrial.protocol.dosing.adherence import adherence, interruptions
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.days import Status, dose_day, dose_days
from hometrial.protocol.dosing.events import Reason, Source
from hometrial.protocol.dosing.exposure import (
    TimeToDose,
    achieved_dose,
    days_at_dose,
    dose_at,
    exposure,
    first_dose_on,
    hours_between,
    last_dose_on,
    ordered_periods,
    relative_intensity,
    taken_periods,
    time_to_dose,
)
from hometrial.protocol.dosing.plan import planned
from hometrial.protocol.dosing.standing import Kind, State


@pytest.fixture
def person():
    """A person on 1 mg in the evening since day 0."""
    made = Person()
    made.start(mg="1")
    return made


def status(person, number):
    return dose_day(person.course, day(number)).status


def test_a_missing_record_is_not_a_missed_dose(person):
    person.took(0, "1")
    person.took(1, "0", missed=Reason.FORGOT)
    assert [status(person, n) for n in (-1, 0, 1, 2)] == [
        Status.NOT_PLANNED,
        Status.TAKEN,
        Status.MISSED,
        Status.UNKNOWN,
    ]
    unknown = dose_day(person.course, day(2))
    assert (unknown.least, unknown.most, unknown.is_known) == (0, 1, False)
    assert dose_day(person.course, day(1)).reasons == (Reason.FORGOT,)


@pytest.mark.parametrize(
    ("mg", "told"), [("0.79", Status.MISSED), ("0.8", Status.TAKEN), ("2", Status.TAKEN)]
)
def test_a_day_is_taken_from_eight_tenths_of_the_planned_amount(person, mg, told):
    person.took(0, mg)
    assert status(person, 0) is told


def test_half_a_split_dose_leaves_the_other_half_unknown():
    person = Person()
    person.order(Kind.START, 0, dose=split("1.5", "3"))
    person.took(0, "3", TimeOfDay.EVENING)
    told = dose_day(person.course, day(0))
    assert (told.least, told.most, told.status) == (3, Decimal("4.5"), Status.UNKNOWN)
    person.took(0, "0", TimeOfDay.MORNING)
    assert status(person, 0) is Status.MISSED
    person.took(1, "3", TimeOfDay.EVENING)
    person.took(1, "1.5", TimeOfDay.MORNING)
    assert status(person, 1) is Status.TAKEN


def test_an_evening_dose_told_of_in_the_morning_was_taken(person):
    person.took(0, "1", TimeOfDay.MORNING)
    assert status(person, 0) is Status.TAKEN
    assert dose_day(person.course, day(0)).is_known


def test_an_additional_dose_tells_nothing_of_another_part():
    person = Person()
    person.order(Kind.START, 0, dose=split("1.5", "1.5"))
    person.took(0, "1.5", TimeOfDay.EVENING)
    person.took(0, "1.5", TimeOfDay.EVENING, additional=True)
    told = dose_day(person.course, day(0))
    assert (told.least, told.most) == (3, Decimal("4.5"))


def test_a_cream_is_counted_in_uses_and_never_in_milligrams(person):
    person.took(0, None, formulation="cream")
    told = dose_day(person.course, day(0))
    assert (told.topical, told.least, told.status) == (1, 0, Status.UNKNOWN)
    assert exposure(person.course, day(0), day(0)).least_mg == 0
    assert first_dose_on(person.course) is None


def test_in_an_interruption_what_is_not_told_was_not_taken(person):
    gap = person.ran_out(3)
    person.resumed(gap, 5)
    told = dose_day(person.course, day(4))
    assert (told.most, told.status, told.reasons) == (0, Status.MISSED, (Reason.RAN_OUT,))
    assert status(person, 5) is Status.UNKNOWN


def test_adherence_has_the_bounds_of_what_nobody_told(person):
    person.took_each(range(6), "1")
    person.took(6, "0")
    person.took(7, "0.5")
    told = adherence(person.course, day(0), day(9))
    assert (told.taken, told.missed, told.unknown, told.planned_days) == (6, 2, 2, 10)
    assert told.of_days == (60.0, 80.0)
    assert told.of_known_days == 75.0
    assert told.of_mg == (65.0, 85.0)


def test_without_a_planned_day_there_is_no_adherence():
    told = adherence(Person().course, day(0), day(9))
    assert (told.of_days, told.of_known_days, told.of_mg) == (None, None, None)


def test_held_days_are_not_planned_days(person):
    person.took_each(range(3), "1")
    person.order(Kind.HOLD, 3)
    assert adherence(person.course, day(0), day(9)).of_days == (100.0, 100.0)


def test_adherence_with_and_without_interruptions_longer_than_two_days(person):
    person.took_each([0, 1, 4, 5, 9], "1")
    first = person.ran_out(2)
    person.resumed(first, 4)
    second = person.ran_out(6)
    person.resumed(second, 9)
    assert adherence(person.course, day(0), day(9)).of_days == (50.0, 50.0)
    without = adherence(person.course, day(0), day(9), without_interruptions_over=2)
    assert (without.planned_days, without.taken, without.missed) == (7, 5, 2)


def test_an_interruption_that_began_before_the_first_day_keeps_its_length(person):
    gap = person.ran_out(2)
    person.resumed(gap, 6)
    person.took_each(range(6, 8), "1")
    without = adherence(person.course, day(5), day(7), without_interruptions_over=2)
    assert without.of_days == (100.0, 100.0)


def test_two_planned_days_without_a_dose_are_an_interruption(person):
    person.took(0, "0", missed=Reason.TRAVEL)
    person.took(1, "1")
    person.took(2, "0", missed=Reason.TRAVEL)
    person.took(3, "0", missed=Reason.CRASH)
    person.took(5, "0")
    (found,) = interruptions(person.course, day(0), day(9), 2)
    assert (found.first_on, found.last_on, found.days) == (day(2), day(3), 2)
    assert found.reasons == (Reason.TRAVEL, Reason.CRASH)


def test_a_hold_between_missed_doses_parts_them(person):
    person.took(0, "0")
    person.order(Kind.HOLD, 1)
    person.order(Kind.RESUME, 2, "1")
    person.took(2, "0")
    assert interruptions(person.course, day(0), day(9), 2) == ()


def test_periods_of_constant_order_join_what_is_the_same(person):
    gap = person.ran_out(3)
    person.resumed(gap, 5)
    person.order(Kind.RESTART, 5, "1")
    person.order(Kind.HOLD, 8)
    periods = ordered_periods(person.course, day(-2), day(9))
    assert [(each.first_on, each.last_on, each.standing.mg) for each in periods] == [
        (day(-2), day(-1), 0),
        (day(0), day(7), 1),
        (day(8), day(9), 0),
    ]


def test_periods_of_constant_dose_taken_leave_unknown_days_unknown(person):
    person.took_each([0, 1, 3], "1")
    person.took(4, "2")
    periods = taken_periods(person.course, day(0), day(5))
    assert [(each.first_on, each.last_on, each.mg) for each in periods] == [
        (day(0), day(1), 1),
        (day(2), day(2), None),
        (day(3), day(3), 1),
        (day(4), day(4), 2),
        (day(5), day(5), None),
    ]


def test_exposure_adds_up_what_was_taken(person):
    person.took_each([0, 1], "1")
    person.took(2, "0")
    person.took(3, "2", source=Source.SITE)
    told = exposure(person.course, day(0), day(9))
    assert (told.least_mg, told.most_mg, told.least_days, told.most_days) == (4, 10, 3, 9)
    assert told.intensity == (0.4, 1.0)
    assert told.weeks == pytest.approx(3 / 7)
    assert days_at_dose(person.course, day(0), day(9)) == {
        Decimal(0): 1,
        Decimal(1): 2,
        Decimal(2): 1,
    }


def test_relative_intensity_compares_with_the_protocol_and_not_with_the_orders():
    person = Person()
    person.start(mg="0.5")
    person.took_each(range(14), "0.5")
    calendar = planned(PLAN, START)
    assert relative_intensity(person.course, calendar, day(6)) == (100.0, 100.0)
    low, high = relative_intensity(person.course, calendar, day(13))
    assert (low, high) == (pytest.approx(100 * 7 / 10.5), pytest.approx(100 * 7 / 10.5))
    assert adherence(person.course, day(0), day(13)).of_mg == (100.0, 100.0)
    assert relative_intensity(person.course, calendar, day(-1)) is None


def test_the_first_and_last_dose_are_those_that_were_taken(person):
    person.took(0, "0")
    person.took(2, "1")
    person.took(5, "1")
    person.took(6, "0")
    assert (first_dose_on(person.course), last_dose_on(person.course)) == (day(2), day(5))


def test_the_achieved_dose_is_the_median_of_the_last_fourteen_days_on_drug():
    person = Person()
    person.start(mg="1.5")
    person.took_each(range(10), "1.5")
    person.order(Kind.STEP_UP, 10, "3")
    person.took_each(range(10, 17), "3")
    assert achieved_dose(person.course, day(0), day(12)) is None
    assert achieved_dose(person.course, day(0), day(16)) == Decimal("2.25")
    person.order(Kind.HOLD, 17)
    assert achieved_dose(person.course, day(0), day(40)) == Decimal("2.25")


def test_the_time_to_a_dose_is_censored_where_it_was_not_reached():
    person = Person()
    person.start(mg="1.5")
    person.took_each(range(1, 10), "1.5")
    person.order(Kind.STEP_UP, 10, "3")
    person.took(11, "3")
    assert time_to_dose(person.course, Decimal(3), day(20)) == TimeToDose(10, True)
    assert time_to_dose(person.course, Decimal("4.5"), day(20)) == TimeToDose(19, False)
    assert time_to_dose(person.course, Decimal(3), day(0)) is None
    assert time_to_dose(Person().course, Decimal(3), day(20)) is None


def test_the_dose_at_onset_is_what_stood_and_what_was_taken_last(person):
    person.took(0, "1", taken_at=noon(0) + timedelta(hours=10))
    person.order(Kind.STEP_UP, 2, "1.5", step=3)
    person.took(1, "1", taken_at=noon(1) + timedelta(hours=9))
    at = dose_at(person.course, noon(2))
    assert (at.standing.mg, at.standing.step, at.days_since_change) == (Decimal("1.5"), 3, 0)
    assert (at.last_intake.on, at.hours_since) == (day(1), 15.0)
    before = dose_at(person.course, noon(1) + timedelta(hours=8))
    assert (before.last_intake.on, before.standing.mg) == (day(0), 1)


def test_a_dose_whose_time_nobody_told_counts_from_the_next_day(person):
    person.took(1, "1")
    assert dose_at(person.course, night(1)).last_intake is None
    at = dose_at(person.course, noon(2))
    assert (at.last_intake.on, at.hours_since) == (day(1), None)


def test_before_the_first_order_there_is_no_dose_at_onset():
    at = dose_at(Person().course, noon(0))
    assert (at.standing.state, at.days_since_change, at.last_intake) == (
        State.NOT_STARTED,
        None,
        None,
    )


def test_a_missed_dose_is_not_the_last_one(person):
    person.took(0, "1")
    person.took(1, "0")
    person.took(1, None, formulation="cream")
    assert dose_at(person.course, noon(3)).last_intake.on == day(0)


def test_hours_since_a_dose_include_the_hour_that_the_clock_skips():
    berlin = ZoneInfo("Europe/Berlin")
    taken = datetime(2026, 3, 28, 22, 0, tzinfo=berlin)
    felt = datetime(2026, 3, 29, 6, 0, tzinfo=berlin)
    assert hours_between(taken, felt) == 7.0


@given(st.lists(st.sampled_from([None, "0", "0.5", "1", "1.5"]), min_size=1, max_size=25))
def test_adherence_counts_every_planned_day_once_and_its_bounds_hold(amounts):
    person = Person()
    person.order(Kind.START, 0, dose=evening("1"))
    for number, mg in enumerate(amounts):
        if mg is not None:
            person.took(number, mg)
    last = day(len(amounts) - 1)
    told = adherence(person.course, day(0), last)
    assert told.planned_days == len(amounts)
    assert told.unknown == amounts.count(None)
    assert told.of_days[0] <= told.of_days[1] <= 100
    assert told.of_mg[0] <= told.of_mg[1]
    taken = exposure(person.course, day(0), last)
    assert taken.least_mg == sum(Decimal(mg or 0) for mg in amounts)
    assert sum(days_at_dose(person.course, day(0), last).values()) == len(amounts) - told.unknown
    periods = taken_periods(person.course, day(0), last)
    covered = sum((each.last_on - each.first_on).days + 1 for each in periods)
    assert covered == len(list(dose_days(person.course, day(0), last)))
