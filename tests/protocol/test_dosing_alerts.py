"""Too much recorded (DD1), doses too close together, and an opioid beside the drug (OP1)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from courses import Person, day, night, noon, split

from hometrial.protocol.dosing.alerts import Sign, double_dose, opioid_reported, too_close
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.days import dose_day
from hometrial.protocol.dosing.standing import Kind

MOST = Decimal("4.5")


def alert(person, number, most=MOST):
    return double_dose(dose_day(person.course, day(number)), most, noon(number))


@pytest.fixture
def person():
    """A person on 1 mg in the evening since day 0."""
    made = Person()
    made.start(mg="1")
    return made


@pytest.mark.parametrize(("mg", "raised"), [("1", False), ("1.5", False), ("1.51", True)])
def test_more_than_one_and_a_half_times_the_order_raises_an_alert(person, mg, raised):
    person.took(0, mg)
    assert (alert(person, 0) is not None) == raised


def test_a_second_dose_of_the_evening_raises_it_with_24_hours_to_answer(person):
    person.took(0, "1")
    person.took(0, "1", additional=True)
    raised = alert(person, 0)
    assert (raised.rule, raised.due_at) == ("DD1", noon(1))
    assert dict(raised.values) == {
        "on": "2026-03-02",
        "recorded": "2",
        "ordered": "1",
        "most": "4.5",
    }


def test_more_than_the_most_a_day_raises_it_whatever_was_ordered():
    person = Person()
    person.start(mg="4.5")
    person.took(0, "4.75")
    assert alert(person, 0) is not None
    assert alert(person, 0, Decimal(6)) is None


def test_any_dose_that_nobody_ordered_raises_it(person):
    person.order(Kind.HOLD, 3)
    person.took(4, "0.25")
    person.took(5, "0")
    assert alert(person, 4) is not None
    assert alert(person, 5) is None
    assert alert(person, 6) is None


def test_a_dose_that_nobody_told_of_raises_nothing(person):
    assert alert(person, 0) is None


def test_doses_of_a_split_day_keep_their_hours_apart():
    person = Person()
    person.order(Kind.START, 0, dose=split("1.5", "1.5"))
    person.took(0, "1.5", TimeOfDay.MORNING, taken_at=noon(0))
    person.took(0, "1.5", TimeOfDay.EVENING, taken_at=noon(0) + timedelta(hours=7))
    person.took(1, "1.5", TimeOfDay.MORNING, taken_at=noon(1))
    person.took(1, "1.5", TimeOfDay.EVENING)
    person.took(1, None, formulation="cream", taken_at=noon(1) + timedelta(hours=1))
    ((before, after),) = too_close(person.course, 8)
    assert (before.time_of_day, after.time_of_day) == (TimeOfDay.MORNING, TimeOfDay.EVENING)
    assert too_close(person.course, 7) == ()


def test_an_opioid_is_answered_within_four_hours(person):
    raised = opioid_reported(person.course, noon(3), ())
    assert (raised.rule, raised.due_at, raised.is_urgent) == (
        "OP1",
        noon(3) + timedelta(hours=4),
        False,
    )


def test_two_signs_of_withdrawal_within_a_day_of_a_dose_are_urgent(person):
    person.took(2, "1", taken_at=noon(2) + timedelta(hours=10))
    in_time, too_late = noon(3) + timedelta(hours=10), noon(3) + timedelta(hours=11)

    def urgent(*signs):
        return opioid_reported(person.course, night(4), signs).is_urgent

    assert urgent((Sign.YAWNING, in_time), (Sign.SWEATING, noon(3)))
    assert not urgent((Sign.YAWNING, in_time), (Sign.YAWNING, noon(3)))
    assert not urgent((Sign.YAWNING, in_time), (Sign.SWEATING, too_late))
    assert not urgent((Sign.YAWNING, in_time), (Sign.SWEATING, noon(2)))


def test_of_a_dose_without_a_time_the_longest_way_counts(person):
    person.took(2, "1")
    signs = [(Sign.GOOSEFLESH, noon(4)), (Sign.RESTLESSNESS, noon(2))]
    assert opioid_reported(person.course, night(4), signs).is_urgent
    signs = [(Sign.GOOSEFLESH, noon(5)), (Sign.RESTLESSNESS, noon(2))]
    assert not opioid_reported(person.course, night(5), signs).is_urgent


def test_signs_without_a_dose_are_not_urgent(person):
    person.took(2, "0")
    signs = [(Sign.GOOSEFLESH, noon(3)), (Sign.DIARRHOEA, noon(3))]
    assert not opioid_reported(person.course, noon(3), signs).is_urgent
