"""The published cases go through the services into the database and come back as they were told."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.protocol import test_case_series as cases
from tests.support import enrolled
from tests.support.dosed import DOCTOR, NURSE, Dosed, eligible, why

from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay, once
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.exposure import ordered_periods
from hometrial.protocol.dosing.history import History, OtherTreatment, Told
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.protocol.dosing.retelling import retold
from hometrial.protocol.dosing.standing import Kind
from hometrial.services.dosing import ordering, remembering, telling
from hometrial.services.dosing.telling import Told as Dose

EVENING = TimeOfDay.EVENING


def told(somebody):
    with somebody.study.database.reading() as session:
        return remembering.told(session, somebody.person)


@pytest.mark.parametrize("case", [cases.CASE_1, cases.CASE_2, cases.CASE_3, cases.THREAD])
def test_a_history_comes_back_as_it_was_told(somebody, case):
    assert told(somebody) is None
    somebody.do(remembering.tell, NURSE, case)
    again = told(somebody)
    assert again == case
    assert retold(again) == retold(case)
    assert str(again.told_on) == str(case.told_on)


def test_what_is_told_anew_says_why_and_the_first_telling_stays(somebody):
    somebody.do(remembering.tell, why(""), cases.CASE_2)
    with pytest.raises(RecordRefusedError, match="say why it is told anew"):
        somebody.do(remembering.tell, why(" "), cases.CASE_3)
    somebody.do(remembering.tell, why("mixed up"), cases.CASE_3)
    assert told(somebody) == cases.CASE_3
    assert somebody.study.rows("SELECT number, why FROM told_history ORDER BY 1") == [
        (1, ""),
        (2, "mixed up"),
    ]
    with (
        pytest.raises(DBAPIError, match="append-only"),
        somebody.study.database.transaction("test", "tamper") as session,
    ):
        session.execute(text("DELETE FROM told_history"))


def test_dates_coarser_than_the_protocol_takes_and_what_it_does_not_ask_for_are_refused(
    study, at_clock
):
    asked = "history: {doses: true, other_treatments: true, coarsest_date: year}"
    less = "history: {doses: true, other_treatments: false, coarsest_date: month}"
    with study.database.transaction("test", "enrol") as session:
        somebody = Dosed(study, at_clock, eligible(session, (asked, less)))
    with pytest.raises(RecordRefusedError, match=r"date 2018: .*to the month, or none"):
        somebody.do(remembering.tell, NURSE, cases.CASE_3)
    other = History(CoarseDate.of("2026-03"), (), others=(OtherTreatment("an ointment"),))
    with pytest.raises(RecordRefusedError, match="does not ask for earlier treatments"):
        somebody.do(remembering.tell, NURSE, other)
    dated = Told("start", Kind.START, CoarseDate.of("2018-05/2018-07"), once("1"))
    somebody.do(remembering.tell, NURSE, History(CoarseDate.of("2026"), (dated,)))
    assert told(somebody).told == (dated,)


def test_nothing_is_told_after_complete_withdrawal(somebody):
    with somebody.study.database.transaction("test", "withdraw") as session:
        enrolled.withdraw(session, somebody.person)
    with pytest.raises(RecordRefusedError, match="withdrew from everything"):
        somebody.do(remembering.tell, NURSE, cases.CASE_1)


def twice(mg):
    amount = Decimal(mg)
    parts = (Part(amount, TimeOfDay.MORNING), Part(amount, EVENING))
    return DayDose(parts, "liq")


CASE_1 = (
    (date(2010, 6, 1), once("1.5", EVENING, "liq"), "begins"),
    (date(2011, 6, 1), once("3", EVENING, "liq"), "slowly"),
    (date(2012, 6, 1), once("4.5", EVENING, "liq"), "slowly"),
    (date(2012, 9, 1), once("3", EVENING, "liq"), "more headaches"),
    (date(2013, 7, 1), once("4.5", EVENING, "liq"), "headaches did not recur"),
    (date(2013, 9, 1), once("9", EVENING, "liq"), "more energy with each step"),
    (date(2013, 11, 1), twice("7.5"), "raised"),
    (date(2014, 1, 1), twice("6"), "settled"),
)
"""The first published case in a trial of its own: each order on its day."""


def test_the_first_case_is_entered_dose_by_dose_and_stands_in_the_database_as_it_was(
    study, at_clock
):
    at_clock(datetime(2010, 5, 1, 12, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        somebody = Dosed(study, at_clock, eligible(session))
    for on, dose, reason in CASE_1:
        at_clock(datetime(on.year, on.month, on.day, 21, tzinfo=UTC))
        somebody.order(dose, why(reason, DOCTOR))
        for part in dose.parts:
            somebody.took(time_of_day=part.time_of_day)
    at_clock(datetime(2020, 12, 31, 12, tzinfo=UTC))
    course = somebody.course
    assert [(order.effective_on, str(order.dose), order.entry.why) for order in course.orders] == [
        (on, str(dose), reason) for on, dose, reason in CASE_1
    ]
    assert [order.kind for order in course.orders] == [
        Kind.START, Kind.STEP_UP, Kind.STEP_UP, Kind.STEP_DOWN, Kind.STEP_UP, Kind.STEP_UP,
        Kind.STEP_UP, Kind.STEP_DOWN,
    ]  # fmt: skip
    periods = ordered_periods(course, date(2010, 6, 1), date(2020, 12, 31))
    amounts = [each.standing.mg for each in periods]
    assert amounts == [Decimal(mg) for mg in ("1.5", "3", "4.5", "3", "4.5", "9", "15", "12")]
    assert max(course.recorded_mg(on) for on, _, _ in CASE_1) == 15
    assert (periods[-1].last_on - periods[-1].first_on).days > 7 * 365 - 60
    with pytest.raises(OrderRefusedError, match="the most a day is 15 mg"):
        somebody.order(twice("7.75"))


def test_the_thread_runs_out_twice_and_comes_back(study, at_clock):
    at_clock(datetime(2023, 5, 1, 12, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        somebody = Dosed(study, at_clock, eligible(session))
    at_clock(datetime(2023, 5, 15, 12, tzinfo=UTC))
    somebody.order(once("3.5", EVENING, "liq"))
    for month in (2, 9):
        at_clock(datetime(2025, month, 5, 12, tzinfo=UTC))
        somebody.do(telling.interrupted, NURSE, cases.Reason.RAN_OUT, date(2025, month, 1))
        at_clock(datetime(2025, month, 6, 12, tzinfo=UTC))
        somebody.do(telling.resumed, NURSE, date(2025, month, 6))
        somebody.took("3.5", source=telling.Source.DIARY, time_of_day=EVENING)
    somebody.do(telling.taken, NURSE, Dose(formulation="ointment"))
    gaps = [(gap.first_on, gap.last_on, gap.reason.value) for gap in somebody.course.gaps]
    assert gaps == [
        (date(2025, 2, 1), date(2025, 2, 5), "ran_out"),
        (date(2025, 9, 1), date(2025, 9, 5), "ran_out"),
    ]
    assert somebody.course.standing_on(date(2025, 9, 6)).mg == Decimal("3.5")
    assert [each.mg for each in somebody.course.intakes][-1] is None
    somebody.do(ordering.take_away, why("pain relief only"), Kind.STOP)
