"""Orders, doses taken, interruptions and corrections: what may follow what, and what stands."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from courses import Person, day, evening, night, noon, split

from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.events import Entry, Intake, Order, Reason, Source
from hometrial.protocol.dosing.refusing import (
    DoseRefusedError,
    OrderRefusedError,
    RecordRefusedError,
)
from hometrial.protocol.dosing.standing import Kind, State


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def treated(person):
    """A person on 0.5 mg since day 0."""
    person.first = person.start(step=1)
    return person


def on_day(person, number):
    standing = person.course.standing_on(day(number))
    return standing.state, standing.mg, standing.step


def test_before_the_first_order_nothing_stands(person):
    assert on_day(person, 0) == (State.NOT_STARTED, 0, None)


def test_the_dose_of_a_day_is_that_of_the_newest_order_in_force(treated):
    treated.order(Kind.STEP_UP, 7, "1.0", step=2)
    treated.order(Kind.STEP_UP, 14, "1.5", step=3)
    treated.order(Kind.STEP_DOWN, 20, "1.0", step=2, rule="headache")
    assert [on_day(treated, n)[1:] for n in (-1, 0, 6, 7, 13, 14, 19, 20, 90)] == [
        (0, None),
        (Decimal("0.5"), 1),
        (Decimal("0.5"), 1),
        (1, 2),
        (1, 2),
        (Decimal("1.5"), 3),
        (Decimal("1.5"), 3),
        (1, 2),
        (1, 2),
    ]
    last = treated.course.spells[-1]
    assert (last.order.rule, last.order.entry.by, last.order.entry.at) == (
        "headache",
        "nurse",
        noon(20),
    )


def test_a_hold_plans_nothing_and_a_resume_needs_a_dose_no_higher(treated):
    treated.order(Kind.HOLD, 3)
    assert on_day(treated, 5) == (State.HELD, 0, None)
    with pytest.raises(OrderRefusedError, match="resume to 1 mg a day"):
        treated.order(Kind.RESUME, 10, "1.0")
    treated.order(Kind.RESUME, 10, "0.5", step=1)
    assert on_day(treated, 10) == (State.ON, Decimal("0.5"), 1)


def test_a_hold_is_not_held_again(treated):
    treated.order(Kind.HOLD, 3)
    with pytest.raises(OrderRefusedError, match="the drug is on hold: resume or stop it"):
        treated.order(Kind.HOLD, 4)


def test_after_hold_and_stop_a_restart_is_no_higher_than_what_was_last_taken(treated):
    treated.order(Kind.HOLD, 3)
    treated.order(Kind.STOP, 5)
    with pytest.raises(OrderRefusedError, match=r"restart to 1 mg a day .* from 0\.5"):
        treated.order(Kind.RESTART, 9, "1")
    treated.order(Kind.RESTART, 9, "0.25")


def test_a_change_changes_something(treated):
    with pytest.raises(OrderRefusedError, match="name the order for what it does"):
        treated.order(Kind.CHANGE, 3, "0.5")
    treated.order(Kind.CHANGE, 3, dose=once("0.5", TimeOfDay.MORNING, "cap"))


def test_a_stop_can_be_followed_by_a_restart_and_a_stop_for_good_cannot(treated):
    treated.order(Kind.STOP, 3)
    treated.order(Kind.RESTART, 9, "0.5")
    treated.order(Kind.END, 12)
    for kind in (Kind.RESTART, Kind.START, Kind.RESUME, Kind.STEP_UP):
        with pytest.raises(OrderRefusedError, match="the drug is stopped for good"):
            treated.order(kind, 20, "0.5")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.START, "the person is on drug"),
        (Kind.RESUME, "the person is on drug"),
    ],
)
def test_a_second_open_order_is_impossible(treated, kind, told):
    with pytest.raises(OrderRefusedError, match=told):
        treated.order(kind, 3, "0.5")


@pytest.mark.parametrize("kind", [Kind.STEP_UP, Kind.STEP_DOWN, Kind.CHANGE, Kind.RESUME])
def test_before_a_start_there_is_nothing_to_change(person, kind):
    with pytest.raises(OrderRefusedError, match="never started"):
        person.order(kind, 3, "0.5")


@pytest.mark.parametrize(
    ("kind", "mg"),
    [(Kind.STEP_UP, "0.5"), (Kind.STEP_UP, "0.25"), (Kind.STEP_DOWN, "0.5"), (Kind.CHANGE, "1")],
)
def test_an_order_does_what_its_name_says(treated, kind, mg):
    with pytest.raises(OrderRefusedError, match="name the order for what it does"):
        treated.order(kind, 3, mg)


def test_an_order_that_gives_needs_a_dose_and_one_that_takes_has_none(treated):
    with pytest.raises(OrderRefusedError, match="name the dose"):
        treated.order(Kind.STEP_UP, 3)
    with pytest.raises(OrderRefusedError, match="leave dose and step out"):
        treated.order(Kind.HOLD, 3, "0.5")


def test_of_two_orders_of_one_day_the_later_stands(treated):
    treated.order(Kind.STEP_UP, 7, "1.0")
    treated.order(Kind.HOLD, 7)
    assert on_day(treated, 7)[0] is State.HELD
    assert [(each.first_on, each.last_on) for each in treated.course.spells] == [
        (day(0), day(6)),
        (day(7), None),
    ]


def test_a_dose_can_be_raised_on_the_day_on_which_it_starts(treated):
    treated.order(Kind.STEP_UP, 0, "1.0")
    assert on_day(treated, 0)[1] == 1


def test_what_was_taken_away_can_be_given_back_on_the_same_day(treated):
    treated.order(Kind.HOLD, 7)
    treated.order(Kind.RESUME, 7, "0.25")
    assert on_day(treated, 7)[:2] == (State.ON, Decimal("0.25"))


def test_two_doses_still_to_come_are_impossible(treated):
    treated.order(Kind.STEP_UP, 14, "1.5", at=1)
    with pytest.raises(OrderRefusedError, match=r"step up is ordered from 2026-03-16; void"):
        treated.order(Kind.STEP_UP, 7, "1.0", at=1)


@pytest.mark.parametrize("kind", [Kind.HOLD, Kind.STOP, Kind.END])
def test_what_takes_the_drug_away_replaces_a_dose_still_to_come(treated, kind):
    treated.order(Kind.STEP_UP, 14, "1.5", at=1)
    treated.order(kind, 5)
    assert on_day(treated, 14)[1] == 0
    assert treated.course.standing_on(day(14)).last == evening("0.5")


def test_a_hold_does_not_undo_a_stop_still_to_come(treated):
    treated.order(Kind.STOP, 14, at=1)
    treated.order(Kind.HOLD, 5)
    assert [on_day(treated, n)[0] for n in (4, 5, 14)] == [State.ON, State.HELD, State.STOPPED]
    treated.order(Kind.END, 6)
    assert [on_day(treated, n)[0] for n in (6, 14)] == [State.ENDED, State.ENDED]


def test_a_step_down_replaces_a_step_up_still_to_come():
    person = Person()
    person.start(mg="1")
    person.order(Kind.STEP_UP, 14, "1.5", at=1)
    person.order(Kind.STEP_DOWN, 5, "0.5")
    assert on_day(person, 20)[1] == Decimal("0.5")


def test_an_order_after_withdrawal_is_refused(treated):
    treated.order(Kind.WITHDRAW, 5)
    for kind in Kind:
        with pytest.raises(OrderRefusedError, match="has withdrawn"):
            treated.order(kind, 9, "0.5")
    assert on_day(treated, 9)[0] is State.WITHDRAWN


def test_after_withdrawal_only_what_came_before_it_is_recorded(treated):
    treated.order(Kind.WITHDRAW, 5)
    treated.took(5)
    with pytest.raises(RecordRefusedError, match="has withdrawn, from 2026-03-07"):
        treated.took(6)
    with pytest.raises(RecordRefusedError, match="has withdrawn"):
        treated.ran_out(6)


def test_an_order_before_a_withdrawal_can_still_be_corrected_and_gives_nothing_after_it(treated):
    up = treated.order(Kind.STEP_UP, 3, "1.5")
    treated.order(Kind.WITHDRAW, 5)
    right = treated.order(Kind.STEP_UP, 3, "1.0", at=9, corrects=up)
    assert on_day(treated, 4)[1] == 1
    treated.order(Kind.STEP_UP, 8, "1.0", at=9, corrects=right)
    assert [on_day(treated, n)[0] for n in (4, 5, 8)] == [
        State.ON,
        State.WITHDRAWN,
        State.WITHDRAWN,
    ]


def test_a_withdrawal_is_never_put_off(treated):
    with pytest.raises(OrderRefusedError, match="order a stop for a later one"):
        treated.order(Kind.WITHDRAW, 9, at=5)


def test_a_withdrawal_recorded_in_error_is_voided_by_a_correction_that_names_it(treated):
    withdrawal = treated.order(Kind.WITHDRAW, 5)
    treated.void(withdrawal, 6)
    assert on_day(treated, 6)[0] is State.ON
    assert len(treated.course.events) == 3


def test_no_order_and_no_dose_before_consent(person):
    with pytest.raises(OrderRefusedError, match="consent was given on 2026-02-20"):
        person.start(-11)
    person.start(-10)
    with pytest.raises(RecordRefusedError, match="consent was given at 2026-02-20 15:00"):
        person.took(-11)
    with pytest.raises(RecordRefusedError, match="consent was given at"):
        person.took(-10, taken_at=datetime(2026, 2, 20, 14, 59, tzinfo=UTC))
    person.took(-10, taken_at=datetime(2026, 2, 20, 15, 0, tzinfo=UTC))


def test_an_order_does_not_reach_back(treated):
    with pytest.raises(OrderRefusedError, match="cannot reach back"):
        treated.order(Kind.HOLD, 5, at=6)


@pytest.mark.parametrize(
    ("dose", "told"),
    [
        (evening("0.6"), r"no multiple of 0\.25 mg"),
        (evening("4.75"), r"the most a day is 4\.5 mg"),
        (split("1", "1.5"), r"a dose is split from 3 mg a day"),
        (once("3", TimeOfDay.EVENING, "pills"), "the trial has cap, liq, cream"),
        (once("3"), "the trial has cap, liq, cream"),
        (once("3", TimeOfDay.EVENING, "cream"), "no oral dose is ordered of it"),
    ],
)
def test_a_dose_that_the_trial_does_not_allow_is_refused(person, dose, told):
    with pytest.raises((OrderRefusedError, DoseRefusedError), match=told):
        person.order(Kind.START, 0, dose=dose)


def test_a_step_has_the_dose_of_the_plan(person):
    with pytest.raises(OrderRefusedError, match=r"step 2 is 1 mg a day"):
        person.start(mg="0.5", step=2)


def test_a_split_dose_is_ordered_where_the_trial_allows_it(person):
    person.order(Kind.START, 0, dose=split("1.5", "1.5"), step=4)
    assert on_day(person, 0) == (State.ON, 3, 4)
    with pytest.raises(OrderRefusedError, match="a dose is split never"):
        Person().on_terms(split=None).order(Kind.START, 0, dose=split("1.5", "1.5"))


def test_one_dose_is_recorded_once_unless_it_was_another(treated):
    first = treated.took(1)
    with pytest.raises(RecordRefusedError, match=f"recorded already as {first}"):
        treated.took(1)
    treated.took(1, additional=True)
    assert treated.course.recorded_mg(day(1)) == 1


def test_an_additional_dose_needs_one_that_it_adds_to(treated):
    with pytest.raises(RecordRefusedError, match="no other that it could be additional to"):
        treated.took(1, additional=True)
    first = treated.took(1)
    treated.took(1, additional=True)
    with pytest.raises(RecordRefusedError, match="no other"):
        treated.void(first, 2)


def test_a_dose_is_not_recorded_before_it_is_taken(treated):
    with pytest.raises(RecordRefusedError, match="still to come"):
        treated.add(Intake(treated.entry(noon(1)), day(2), Decimal("0.5"), "cap", Source.DIARY))
    with pytest.raises(RecordRefusedError, match="still to come"):
        treated.took(1, taken_at=night(1) + timedelta(minutes=1))


def test_a_dose_after_midnight_belongs_to_the_evening_before(treated):
    taken = night(1) + timedelta(hours=2)
    entry = treated.entry(taken)
    treated.add(Intake(entry, day(1), Decimal("0.5"), "cap", Source.DIARY, taken_at=taken))
    with pytest.raises(RecordRefusedError, match="give that day or the night after"):
        treated.took(9, taken_at=night(1))
    with pytest.raises(RecordRefusedError, match="give that day or the night after"):
        treated.took(1, taken_at=noon(3))


def test_a_typing_error_above_the_absolute_maximum_is_refused_but_the_site_can_tell_the_truth(
    treated,
):
    with pytest.raises(RecordRefusedError, match="call the study team"):
        treated.took(1, "12.5")
    treated.took(1, "12.5", source=Source.SITE)
    assert treated.course.recorded_mg(day(1)) == Decimal("12.5")


def test_the_absolute_maximum_is_that_of_the_day_and_not_of_one_dose(treated):
    treated.took(1, "7", TimeOfDay.MORNING)
    with pytest.raises(RecordRefusedError, match=r"12\.5 mg that day, above 12"):
        treated.took(1, "5.5", TimeOfDay.EVENING)


def test_a_cream_has_no_milligrams_and_a_capsule_has(treated):
    with pytest.raises(RecordRefusedError, match="a cream has no oral milligrams"):
        treated.took(1, "3", formulation="cream")
    with pytest.raises(RecordRefusedError, match="give its milligrams"):
        treated.took(1, None)
    treated.took(1, None, formulation="cream")
    treated.took(1, None, formulation="cream")
    assert treated.course.recorded_mg(day(1)) == 0


def test_what_was_missed_for_a_reason_was_not_taken(treated):
    treated.took(1, "0", missed=Reason.CRASH)
    with pytest.raises(RecordRefusedError, match="not both"):
        treated.took(2, "0.5", missed=Reason.CRASH)
    with pytest.raises(RecordRefusedError, match="a time belongs to a dose that was taken"):
        treated.took(2, "0", taken_at=night(2))


def test_a_correction_takes_the_place_of_what_it_names_and_both_stay_on_record(treated):
    wrong = treated.took(1, "1.5")
    right = treated.took(1, "0.5", corrects=wrong)
    assert treated.course.recorded_mg(day(1)) == Decimal("0.5")
    assert [each.entry.id for each in treated.course.intakes] == [right]
    assert len(treated.course.events) == 3


def test_only_what_stands_is_corrected(treated):
    wrong = treated.took(1, "1.5")
    right = treated.took(1, "0.5", corrects=wrong)
    with pytest.raises(RecordRefusedError, match=f"which {right} replaced: correct that"):
        treated.took(1, "1", corrects=wrong)
    with pytest.raises(RecordRefusedError, match="does not stand"):
        treated.took(1, "1", corrects="e99")
    with pytest.raises(RecordRefusedError, match="another kind of event"):
        treated.took(1, "1", corrects=treated.first)
    treated.void(right, 2)
    with pytest.raises(RecordRefusedError, match="does not stand"):
        treated.void(right, 2)


def test_a_corrected_order_is_judged_as_if_it_had_always_been_so(treated):
    up = treated.order(Kind.STEP_UP, 7, "1.0")
    treated.order(Kind.STEP_DOWN, 9, "0.5")
    with pytest.raises(OrderRefusedError, match=r"step down to 0\.5 mg a day"):
        treated.void(up, 10)
    treated.order(Kind.STEP_UP, 8, "1.5", at=10, corrects=up)
    assert [on_day(treated, n)[1] for n in (7, 8, 9)] == [
        Decimal("0.5"),
        Decimal("1.5"),
        Decimal("0.5"),
    ]


def test_a_start_is_not_voided_under_what_followed_it(treated):
    treated.order(Kind.HOLD, 3)
    with pytest.raises(OrderRefusedError, match="hold: the drug was never started"):
        treated.void(treated.first, 4)


def test_an_id_is_recorded_once(treated):
    with pytest.raises(RecordRefusedError, match="recorded already"):
        Course((*treated.course.events, treated.course.events[0]))


def test_nothing_is_raised_while_nothing_is_left(treated):
    gap = treated.ran_out(4)
    with pytest.raises(OrderRefusedError, match="end the interruption first"):
        treated.order(Kind.STEP_UP, 7, "1.0")
    treated.resumed(gap, 8)
    treated.order(Kind.RESTART, 8, "0.5", step=1)
    treated.order(Kind.STEP_UP, 15, "1.0")
    assert [(each.first_on, each.last_on) for each in treated.course.gaps] == [(day(4), day(7))]


def test_a_restart_of_what_stands_needs_an_interruption(treated):
    with pytest.raises(OrderRefusedError, match="no interruption is recorded before it"):
        treated.order(Kind.RESTART, 8, "0.5")


def test_a_restart_comes_after_the_interruption_began(treated):
    treated.ran_out(8)
    with pytest.raises(OrderRefusedError, match="no interruption is recorded before it"):
        treated.order(Kind.RESTART, 8, "0.5")


def test_an_earlier_interruption_can_be_told_later(treated):
    later = treated.ran_out(10)
    treated.resumed(later, 12)
    treated.ran_out(3, 5, at=13)
    assert [(each.first_on, each.last_on) for each in treated.course.gaps] == [
        (day(3), day(5)),
        (day(10), day(11)),
    ]
    with pytest.raises(RecordRefusedError, match="the one from 2026-03-05 is not over by then"):
        treated.ran_out(5, 6, at=13)


def test_a_gap_counts_the_days_without_the_drug(treated):
    treated.ran_out(10, 12, at=13)
    treated.ran_out(20)
    closed, still_open = treated.course.gaps
    assert [closed.days_before(day(n)) for n in (9, 10, 11, 13, 30)] == [0, 0, 1, 3, 3]
    assert [still_open.days_before(day(n)) for n in (20, 27)] == [0, 7]


def test_an_interruption_that_was_told_as_over_is_over(treated):
    gap = treated.ran_out(3, 5, at=6)
    with pytest.raises(RecordRefusedError, match="no open interruption"):
        treated.resumed(gap, 6)
    with pytest.raises(RecordRefusedError, match="before it began"):
        treated.ran_out(9, 8)
    with pytest.raises(RecordRefusedError, match="is told once it is so"):
        treated.ran_out(9, 12)


def test_interruptions_do_not_overlap_and_end_once(treated):
    gap = treated.ran_out(4)
    with pytest.raises(RecordRefusedError, match="the one from 2026-03-06 is not over"):
        treated.ran_out(6)
    with pytest.raises(RecordRefusedError, match="the interruption began on 2026-03-06"):
        treated.resumed(gap, 4)
    treated.resumed(gap, 6)
    with pytest.raises(RecordRefusedError, match="no open interruption"):
        treated.resumed(gap, 9)
    with pytest.raises(RecordRefusedError, match="no open interruption"):
        treated.resumed(treated.first, 9)
    with pytest.raises(RecordRefusedError, match="no open interruption"):
        treated.void(gap, 9)


def test_an_interruption_is_told_once_it_is_so(treated):
    with pytest.raises(RecordRefusedError, match="is told once it is so"):
        treated.ran_out(6, at=5)
    treated.ran_out(3, at=6)
    assert treated.course.gap_on(day(30)).reason is Reason.RAN_OUT


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"at": noon(0).replace(tzinfo=None)}, "has no zone"),
        ({"by": ""}, "say who made it"),
        ({"corrects": "e1", "why": ""}, "say why e1 was wrong"),
    ],
)
def test_every_event_says_who_when_and_why(fields, told):
    with pytest.raises(RecordRefusedError, match=told):
        Entry(**({"id": "e2", "by": "nurse", "at": noon(0), "why": "x"} | fields))


def test_consent_has_a_zone():
    with pytest.raises(RecordRefusedError, match="it has no zone"):
        Person().on_terms(consented_at=datetime(2026, 2, 20, 15, 0))  # noqa: DTZ001


def test_an_order_says_why():
    with pytest.raises(RecordRefusedError, match="say why"):
        Order(Entry("e1", "nurse", noon(0)), Kind.HOLD, day(0))
