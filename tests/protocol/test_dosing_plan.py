"""The calendar of a titration plan, and the orders that rules and gaps ask for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from courses import PLAN, START, Person, day, evening, split

from hometrial.protocol.dosing.amounts import Part, TimeOfDay, once, twice
from hometrial.protocol.dosing.plan import (
    Plan,
    Step,
    planned,
    planned_from,
    start_slipped,
    study_day,
    with_sensitive_start,
)
from hometrial.protocol.dosing.refusing import DoseRefusedError
from hometrial.protocol.dosing.standing import Kind, Standing, State
from hometrial.protocol.dosing.titrating import (
    Action,
    Against,
    Proposal,
    Readiness,
    RestartAction,
    RestartRule,
    StepUpRule,
    against_step_up,
    days_on_dose,
    earliest_after_opioid,
    last_dose_before,
    reshaped,
    respond,
    restart,
    step_up,
)

RESTARTS = (
    RestartRule(6, RestartAction.SAME_DOSE),
    RestartRule(13, RestartAction.DOWN_ONE_STEP),
    RestartRule(27, RestartAction.DOWN_TWO_STEPS),
    RestartRule(None, RestartAction.FIRST_STEP_AFTER_CALL),
)
RULE = StepUpRule(clear_days=3, adherence_at_least=0.7, no_open_red_alert=True)
READY = Readiness(clear_days=None, adherence=1.0, red_alert_is_open=False)


def on(dose, step=None):
    return Standing(State.ON, dose, step)


def starts(calendar):
    return [(each.step.number, (each.first_on - START).days) for each in calendar]


def test_the_calendar_has_each_step_in_its_week():
    calendar = planned(PLAN, START)
    assert starts(calendar) == [(1, 0), (2, 7), (3, 14), (4, 28), (5, 42)]
    assert calendar[0].last_on == day(6)
    assert calendar[-1].last_on is None


def test_a_step_that_lasts_longer_than_its_weeks_moves_the_rest():
    steps = (Step(1, Decimal(1), 10, 1), Step(2, Decimal(2), 7, 2), Step(3, Decimal(3), 7, 5))
    assert starts(planned(Plan(steps), START)) == [(1, 0), (2, 10), (3, 28)]


def test_a_sensitive_start_comes_before_step_1_and_moves_all_else_back():
    plan = with_sensitive_start(PLAN, (Decimal("0.1"), Decimal("0.25")), 7)
    assert starts(planned(plan, START)) == [
        (-1, 0),
        (0, 7),
        (1, 14),
        (2, 21),
        (3, 28),
        (4, 42),
        (5, 56),
    ]
    assert plan.step(0).mg == Decimal("0.25")


def test_a_sensitive_start_of_odd_days_moves_all_else_by_just_these():
    plan = with_sensitive_start(PLAN, (Decimal("0.25"),), 10)
    moved = [(number, at + 10) for number, at in starts(planned(PLAN, START))]
    assert starts(planned(plan, START)) == [(0, 0), *moved]


def test_after_a_step_down_the_calendar_counts_from_the_step_gone_back_to():
    assert starts(planned_from(PLAN, 3, day(50))) == [(3, 50), (4, 64), (5, 78)]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((), "at least one"),
        ((Step(1, Decimal(2), 7), Step(2, Decimal(2), 7)), "each with a higher dose"),
        ((Step(1, Decimal(1), 7), Step(3, Decimal(2), 7)), "number them in a row"),
        ((Step(1, Decimal(1), 0),), "lasts a day or more"),
    ],
)
def test_a_plan_that_is_none_is_refused(steps, told):
    with pytest.raises(DoseRefusedError, match=told):
        Plan(steps)


def test_a_step_that_the_plan_lacks_is_refused():
    with pytest.raises(DoseRefusedError, match="steps 1 to 5"):
        PLAN.step(6)


@pytest.mark.parametrize(("days", "told"), [(-14, -14), (-1, -1), (0, 1), (84, 85)])
def test_there_is_no_study_day_0(days, told):
    assert study_day(day(days), START) == told


def test_a_first_dose_more_than_14_days_late_has_slipped():
    randomised = date(2026, 1, 1)
    assert not start_slipped(randomised, date(2026, 1, 15), 0, 14)
    assert start_slipped(randomised, date(2026, 1, 16), 0, 14)
    assert not start_slipped(randomised, date(2026, 3, 12), 56, 14)


def test_headache_takes_the_dose_one_step_down_at_the_same_time_of_day():
    proposal = respond(PLAN, on(evening("4.5"), 5), Action.DOWN_ONE_STEP, "headache")
    assert proposal == Proposal(Kind.STEP_DOWN, evening("3"), 4, "headache")


def test_a_dose_between_steps_goes_down_to_the_step_below_it():
    assert respond(PLAN, on(evening("3.5")), Action.DOWN_ONE_STEP, "r").step == 4


def test_below_the_first_step_there_is_nothing_to_go_down_to():
    with pytest.raises(DoseRefusedError, match=r"no step of the plan is below 0\.5 mg"):
        respond(PLAN, on(evening("0.5"), 1), Action.DOWN_ONE_STEP, "headache")
    with pytest.raises(DoseRefusedError, match="start the drug"):
        respond(PLAN, Standing(), Action.DOWN_ONE_STEP, "headache")


def test_after_a_hold_the_step_down_is_the_way_back():
    held = Standing(State.HELD, last=evening("3"))
    proposal = respond(PLAN, held, Action.DOWN_ONE_STEP, "ae")
    assert (proposal.kind, proposal.dose, proposal.step) == (Kind.RESUME, evening("1.5"), 3)


def test_bad_sleep_first_moves_the_dose_to_the_morning_and_then_down():
    first = respond(PLAN, on(evening("3"), 4), Action.MORNING_THEN_DOWN, "insomnia")
    assert first.kind is Kind.CHANGE
    assert first.dose == once("3", TimeOfDay.MORNING, "cap")
    assert first.step == 4
    then = respond(PLAN, on(first.dose, 4), Action.MORNING_THEN_DOWN, "insomnia")
    assert (then.kind, then.dose) == (Kind.STEP_DOWN, once("1.5", TimeOfDay.MORNING, "cap"))


def test_bad_sleep_on_two_doses_a_day_goes_down_at_once():
    proposal = respond(PLAN, on(twice("1.5", "cap"), 4), Action.MORNING_THEN_DOWN, "insomnia")
    assert (proposal.kind, proposal.dose) == (Kind.STEP_DOWN, twice("0.75", "cap"))


@pytest.mark.parametrize(
    ("action", "kind", "call"),
    [
        (Action.HOLD, Kind.HOLD, False),
        (Action.HOLD_AND_REPEAT_LABORATORY, Kind.HOLD, False),
        (Action.STOP_AND_CONTACT, Kind.STOP, True),
        (Action.STOP_PERMANENTLY, Kind.END, False),
    ],
)
def test_graver_rules_take_the_drug_away(action, kind, call):
    proposal = respond(PLAN, on(evening("3"), 4), action, "r")
    assert (proposal.kind, proposal.dose, proposal.needs_call) == (kind, None, call)


def test_a_split_dose_keeps_its_proportions():
    assert reshaped(split("1", "2"), Decimal("4.5")) == split("1.5", "3")


@pytest.mark.parametrize(
    ("gap", "mg", "step", "call"),
    [
        (1, "4.5", 5, False),
        (6, "4.5", 5, False),
        (7, "3", 4, False),
        (13, "3", 4, False),
        (14, "1.5", 3, False),
        (27, "1.5", 3, False),
        (28, "0.5", 1, True),
        (400, "0.5", 1, True),
    ],
)
def test_the_longer_the_gap_the_lower_the_restart(gap, mg, step, call):
    proposal = restart(PLAN, on(evening("4.5"), 5), gap, RESTARTS)
    assert proposal == Proposal(Kind.RESTART, evening(mg), step, needs_call=call)


def test_who_would_restart_below_the_first_step_begins_at_the_first():
    assert restart(PLAN, on(evening("1"), 2), 20, RESTARTS).step == 1
    assert restart(PLAN, on(evening("0.5"), 1), 8, RESTARTS).step == 1


def test_who_was_below_the_plan_is_not_restarted_higher():
    with pytest.raises(DoseRefusedError, match="below the plan"):
        restart(PLAN, on(evening("0.25")), 8, RESTARTS)


@pytest.mark.parametrize("gap", [0, 30])
def test_a_gap_that_no_rule_covers_is_refused(gap):
    with pytest.raises(DoseRefusedError, match="no restart rule covers it"):
        restart(PLAN, on(evening("1"), 2), gap, RESTARTS[:3])


def test_the_next_step_is_due_after_its_least_days():
    person = Person()
    person.start(mg="0.5", step=1)
    assert against_step_up(PLAN, person.course, day(6), RULE, READY) == (Against.TOO_EARLY,)
    assert against_step_up(PLAN, person.course, day(7), RULE, READY) == ()
    proposal = step_up(PLAN, person.course.standing_on(day(7)))
    assert proposal == Proposal(Kind.STEP_UP, evening("1"), 2)


def test_everything_that_speaks_against_a_step_is_told_at_once():
    person = Person()
    person.start(mg="4.5", step=5)
    bad = Readiness(clear_days=2, adherence=0.69, red_alert_is_open=True)
    assert against_step_up(PLAN, person.course, day(0), RULE, bad) == (
        Against.LAST_STEP,
        Against.TOO_EARLY,
        Against.SIDE_EFFECT,
        Against.ADHERENCE,
        Against.RED_ALERT,
    )
    unknown = Readiness(clear_days=3, adherence=None, red_alert_is_open=False)
    assert Against.ADHERENCE in against_step_up(PLAN, person.course, day(30), RULE, unknown)
    assert Against.SIDE_EFFECT not in against_step_up(PLAN, person.course, day(30), RULE, unknown)


def test_an_open_alert_speaks_against_a_step_only_where_the_protocol_says_so():
    person = Person()
    person.start()
    alerted = replace(READY, red_alert_is_open=True)
    lenient = replace(RULE, no_open_red_alert=False)
    assert against_step_up(PLAN, person.course, day(7), RULE, alerted) == (Against.RED_ALERT,)
    assert against_step_up(PLAN, person.course, day(7), lenient, alerted) == ()


def test_nobody_steps_up_from_a_hold_or_beyond_the_plan():
    person = Person()
    person.start()
    person.order(Kind.HOLD, 3)
    assert against_step_up(PLAN, person.course, day(9), RULE, READY) == (Against.NOT_ON_DRUG,)
    with pytest.raises(DoseRefusedError, match="no step of the plan is above"):
        step_up(PLAN, on(evening("4.5"), 5))


def test_days_on_a_dose_survive_a_change_of_time_and_not_a_hold():
    person = Person()
    person.start()
    person.order(Kind.CHANGE, 3, dose=once("0.5", TimeOfDay.MORNING, "cap"), step=1)
    assert days_on_dose(person.course, day(5)) == 5
    person.order(Kind.HOLD, 6)
    person.order(Kind.RESUME, 8, "0.5")
    assert days_on_dose(person.course, day(10)) == 2


def test_opioids_and_operations_keep_their_distance():
    assert earliest_after_opioid(date(2026, 3, 1), 10) == date(2026, 3, 11)
    surgery = datetime(2026, 3, 30, 8, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    last = last_dose_before(surgery, 72)
    # The clock goes forward in between: 72 hours are not three days of the clock.
    assert last.replace(tzinfo=None) == datetime(2026, 3, 27, 7, 0)  # noqa: DTZ001
    assert surgery.astimezone(UTC) - last.astimezone(UTC) == timedelta(hours=72)


def test_a_part_of_a_split_dose_that_no_capsule_makes_is_left_to_the_order_to_refuse():
    dose = reshaped(split("0.5", "1"), Decimal(1))
    assert dose.parts[0] != Part(Decimal("0.5"), TimeOfDay.MORNING)
