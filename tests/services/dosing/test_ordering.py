"""Orders by the plan, by its rules and by the investigator; what the model refuses is not stored."""

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.support import enrolled
from tests.support.dosed import DOCTOR, NURSE, SELF, Dosed, day, eligible, why

from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay, once
from hometrial.protocol.dosing.refusing import (
    DoseRefusedError,
    OrderRefusedError,
    RecordRefusedError,
)
from hometrial.protocol.dosing.standing import Kind, State
from hometrial.protocol.dosing.titrating import Against
from hometrial.services import enrolling, working
from hometrial.services.agreeing import leaving
from hometrial.services.dosing import ordering, recording, stepping, storing
from hometrial.services.safety import alerting
from hometrial.services.trial import following

pytestmark = pytest.mark.long

EVENING = TimeOfDay.EVENING


def kinds(somebody):
    return [order.kind for order in somebody.course.orders]


def test_the_first_step_of_the_plan_is_ordered_at_its_time_of_day(somebody):
    somebody.start()
    standing = somebody.course.standing_on(day(0))
    assert (standing.state, standing.step) == (State.ON, 1)
    assert standing.dose == DayDose((Part(Decimal("0.25"), EVENING),), "liq")
    assert somebody.course.orders[0].entry.by == "dr"


def test_what_cannot_be_made_is_refused_and_nothing_is_stored(somebody):
    with pytest.raises(DoseRefusedError, match=r"0\.25 mg cannot be made of capsules"):
        somebody.start("cap")
    with pytest.raises(OrderRefusedError, match="never started"):
        somebody.do(ordering.take_away, NURSE, Kind.HOLD)
    with pytest.raises(OrderRefusedError, match="no smaller doses"):
        somebody.start(sensitive=True)
    assert somebody.course.events == ()


def test_the_smaller_doses_first_are_remembered_by_the_order_itself(study, at_clock):
    split = "split: {from_mg_day: 9.0"
    smaller = 'sensitive_start: {steps_mg: [0.1], min_days: 7, when: "the choice"}'
    edits = (
        (split, f"{smaller}\n    {split}"),
        ("resolution_mg: 0.25", "resolution_mg: 0.05"),
        ("measure_step_ml: 0.25", "measure_step_ml: 0.05"),
    )
    with study.database.transaction("test", "enrol") as session:
        somebody = Dosed(study, at_clock, eligible(session, *edits))
    somebody.at(400).start(sensitive=True)
    assert (somebody.course.orders[0].step, somebody.course.orders[0].dose.mg) == (
        0,
        Decimal("0.1"),
    )
    somebody.took_each(range(400, 407))
    somebody.at(407).do(stepping.step_up, DOCTOR)
    assert [order.step for order in somebody.course.orders] == [0, 1]


def test_a_person_without_consent_or_arm_gets_no_drug(study):
    with study.database.transaction("test", "enrol") as session:
        version = enrolled.published(session)
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "UTC", source="test")
        following.move(session, person, version)
        with pytest.raises(RecordRefusedError, match="signed no consent"):
            ordering.start(session, person, DOCTOR, formulation="liq")
        enrolled.consent(session, person)
        with pytest.raises(RecordRefusedError, match="no drug before allocation"):
            ordering.start(session, person, DOCTOR, formulation="liq")
        assert storing.rows_of(session, person.id) == []


def test_a_step_up_waits_for_all_that_speaks_against_it(somebody):
    somebody.start()
    somebody.took_each(range(26))
    with somebody.study.database.transaction("test", "an alert") as session:
        raised = alerting.raise_alert(
            session, somebody.person, rule="DD1", level="red", values={}
        ).id
    with pytest.raises(OrderRefusedError) as caught:
        somebody.at(27).do(stepping.step_up, DOCTOR)
    assert Against.TOO_EARLY in str(caught.value)
    assert Against.RED_ALERT in str(caught.value)
    with somebody.study.database.transaction("test", "looked at") as session:
        alerting.close(session, alerting.find(session, raised), by="dr", because="a slip")
    somebody.took_each([26, 27])
    somebody.at(28).do(stepping.step_up, DOCTOR)
    assert somebody.course.standing_on(day(28)).mg == Decimal("0.5")
    assert somebody.course.standing_on(day(28)).step == 2


def test_who_may_take_a_step_is_the_protocols_word(somebody):
    somebody.start()
    for word in (SELF, NURSE):
        with pytest.raises(OrderRefusedError, match="investigator approves"):
            somebody.do(stepping.step_up, word)


def test_an_unknown_dose_counts_against_the_next_step(somebody):
    somebody.start()
    somebody.took_each(range(23))
    with pytest.raises(OrderRefusedError, match=Against.ADHERENCE):
        somebody.at(28).do(stepping.step_up, DOCTOR)


def test_a_rule_that_holds_orders_what_it_says_and_signs_with_its_name(somebody):
    somebody.order(once("3", EVENING, "cap"))
    somebody.at(3).do(ordering.by_rule, why("headache on 3 days"), "D1")
    down = somebody.course.orders[-1]
    assert (down.kind, down.dose.mg, down.step, down.rule) == (Kind.STEP_DOWN, 2, 5, "D1")
    somebody.at(4).do(ordering.by_rule, why("grade 2"), "H1")
    somebody.at(9).do(ordering.resume, why("gone"))
    assert somebody.course.standing_on(day(9)).mg == 2
    somebody.at(12).do(ordering.by_rule, why("grade 3"), "S1")
    assert kinds(somebody) == [
        Kind.START, Kind.STEP_DOWN, Kind.HOLD, Kind.RESUME, Kind.STOP,
    ]  # fmt: skip
    with somebody.study.database.reading() as session:
        (item,) = working.open_items(session, somebody.person.id)
    assert (item.item.kind, item.item.subject) == (ordering.CALL, "S1")
    assert somebody.do(ordering.spoken_with, "S1", because="seen by the doctor") == 1
    assert somebody.do(ordering.spoken_with, "S1", because="again") == 0
    with pytest.raises(OrderRefusedError, match="has H1, H2, D1, D2, S1, S2, S3"):
        somebody.do(ordering.by_rule, why("?"), "X9")


def test_a_held_drug_goes_on_a_step_lower_where_that_is_ordered(somebody):
    somebody.order(once("3", EVENING, "cap"))
    somebody.at(1).do(ordering.take_away, why("a crash"), Kind.HOLD)
    somebody.at(8).do(ordering.step_down, why("still dizzy"))
    assert kinds(somebody)[-1] is Kind.RESUME
    assert somebody.course.standing_on(day(8)).mg == 2


def test_time_split_and_formulation_change_the_same_milligrams(somebody):
    somebody.order(once("9", EVENING, "cap"))
    somebody.at(1).do(ordering.change, why("sleep"), time_of_day=TimeOfDay.MORNING)
    somebody.at(2).do(ordering.change, why("dizzy"), split=True)
    somebody.at(3).do(ordering.change, why("swallowing"), formulation="liq")
    doses = [somebody.course.standing_on(day(n)).dose for n in range(4)]
    assert [str(dose) for dose in doses] == [
        "9 mg evening",
        "9 mg morning",
        "4.5 mg morning + 4.5 mg evening",
        "4.5 mg morning + 4.5 mg evening",
    ]
    assert [dose.formulation for dose in doses] == ["cap", "cap", "cap", "liq"]
    assert kinds(somebody)[1:] == [Kind.CHANGE] * 3
    with pytest.raises(OrderRefusedError, match="not both"):
        somebody.do(ordering.change, NURSE, split=True, time_of_day=EVENING)


def test_the_investigator_alone_orders_beside_the_plan_and_says_why(somebody):
    with pytest.raises(OrderRefusedError, match="only the investigator"):
        somebody.order(once("1", EVENING, "cap"), NURSE)
    with pytest.raises(RecordRefusedError, match="say why"):
        somebody.order(once("1", EVENING, "cap"), why("", DOCTOR))
    somebody.order(once("1", EVENING, "cap"))
    somebody.at(1).order(once("2.5", EVENING, "liq"))
    somebody.at(2).order(once("0.5", EVENING, "cap"))
    assert kinds(somebody) == [Kind.START, Kind.STEP_UP, Kind.STEP_DOWN]
    assert [order.step for order in somebody.course.orders] == [3, None, 2]
    with pytest.raises(OrderRefusedError, match="the most a day is 15 mg"):
        somebody.order(once("15.25", EVENING, "liq"))


def test_an_order_is_corrected_by_its_number_and_voided(somebody):
    somebody.order(once("1", EVENING, "cap"))
    somebody.order(once("1.5", EVENING, "cap"), why("misread", DOCTOR, corrects=1))
    assert somebody.course.standing_on(day(0)).mg == Decimal("1.5")
    somebody.at(2).do(ordering.take_away, why("a crash"), Kind.HOLD)
    somebody.do(ordering.void, why("another person's", corrects=3))
    assert somebody.course.standing_on(day(2)).state is State.ON
    assert len(somebody.course.events) == 4
    with pytest.raises(RecordRefusedError, match="does not stand"):
        somebody.do(ordering.void, why("again", corrects=3))


def test_a_person_may_take_the_drug_away_from_themselves_but_not_order_it(somebody):
    somebody.start()
    with pytest.raises(OrderRefusedError, match="study team orders it"):
        somebody.do(ordering.start, why("now", SELF), formulation="liq")
    somebody.do(ordering.take_away, why("too tired", SELF), Kind.HOLD)
    assert somebody.course.standing_on(day(0)).state is State.HELD


def test_after_complete_withdrawal_only_corrections_are_recorded(somebody):
    somebody.start()
    first = somebody.at(0, 21).took()
    with somebody.study.database.transaction("test", "withdraw") as session:
        enrolled.withdraw(session, somebody.person)
    somebody.at(1).do(ordering.follow_withdrawal, why("withdrew"))
    assert somebody.course.standing_on(day(1)).state is State.WITHDRAWN
    assert somebody.do(ordering.follow_withdrawal, why("again")) is None
    with pytest.raises(RecordRefusedError, match="withdrew from everything"):
        somebody.took("0.25", on=day(0), formulation="liq", additional=True)
    with pytest.raises(OrderRefusedError, match="chose to stop the drug"):
        somebody.order(once("1", EVENING, "cap"))
    somebody.do(ordering.void, why("never taken", corrects=first.number))
    assert somebody.course.intakes == ()


def test_two_writers_of_one_person_wait_for_one_another(somebody):
    somebody.start()
    database = somebody.study.database
    with database.transaction("test", "first") as one, database.transaction("test", "other") as two:
        recording.open_chart(one, somebody.person)
        two.execute(text("SET LOCAL lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            recording.open_chart(two, somebody.person)
        two.rollback()


@pytest.mark.parametrize(
    ("choice", "state"),
    [("stop_drug", State.STOPPED), ("withdraw_completely", State.WITHDRAWN)],
)
def test_a_persons_choice_ends_the_drug_at_once(somebody, choice, state):
    somebody.start()
    somebody.at(3).do(choose, choice)
    assert somebody.course.standing_on(day(2)).state is State.ON
    assert somebody.course.standing_on(day(3)).state is state
    assert somebody.course.orders[-1].entry.why == "too many dreams"


def test_a_choice_orders_nothing_for_whom_nothing_was_ordered(somebody):
    somebody.do(choose, "stop_drug")
    assert somebody.course.events == ()


def choose(session, person, choice):
    said = leaving.Said(person.code, reason="too many dreams")
    return leaving.choose(session, {}, person, choice, said=said)
