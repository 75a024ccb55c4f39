"""What a person is to take today, what is recorded and what they are asked; and the report of all of it."""

from decimal import Decimal

import pytest
from tests.support.dosed import DOCTOR, NURSE, SELF, day, why

from hometrial import clock
from hometrial.models import WithdrawalChoice
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.days import Status
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.standing import Kind
from hometrial.services.dosing import medicating, ordering, reporting, telling
from hometrial.services.dosing.telling import Told
from hometrial.services.dosing.today import Question, today

EVENING = TimeOfDay.EVENING


def seen(somebody):
    with somebody.study.database.reading() as session:
        return today(session, somebody.person)


def due(somebody):
    return [(str(each.part), each.made_of) for each in seen(somebody).due]


def test_each_part_is_due_until_it_is_told_and_says_what_it_is_made_of(somebody):
    somebody.order(once("9", EVENING, "cap"))
    somebody.do(ordering.change, NURSE, split=True)
    assert due(somebody) == [("4.5 mg morning", "1 x 4.5 mg"), ("4.5 mg evening", "1 x 4.5 mg")]
    somebody.took()
    assert due(somebody) == [("4.5 mg evening", "1 x 4.5 mg")]
    assert [str(dose.mg) for dose in seen(somebody).recorded] == ["4.5"]
    somebody.do(ordering.change, NURSE, formulation="liq")
    assert due(somebody) == [("4.5 mg evening", "4.5 ml")]


def test_before_four_the_evening_before_is_still_asked_for(somebody):
    somebody.start()
    night = seen(somebody.at(1, 3))
    assert [str(each.part) for each in night.last_night] == ["0.25 mg evening"]
    somebody.took()
    assert seen(somebody).last_night == ()
    assert seen(somebody.at(1, 4)).last_night == ()
    assert Question.YESTERDAY not in seen(somebody).asked


def test_yesterday_is_asked_about_until_somebody_tells(somebody):
    somebody.start()
    assert seen(somebody).asked == ()
    assert seen(somebody.at(1)).asked == (Question.YESTERDAY,)
    somebody.do(telling.missed, SELF, Reason.FORGOT, Told(on=day(0)))
    assert seen(somebody).asked == ()


def test_nothing_is_due_in_an_interruption_and_its_end_is_asked_for(somebody):
    somebody.start()
    somebody.do(telling.interrupted, SELF, Reason.RAN_OUT, day(0))
    assert due(somebody) == []
    assert seen(somebody).asked == (Question.DRUG_AGAIN,)


def test_days_without_a_dose_are_asked_about_once_nobody_said_why(somebody):
    somebody.start()
    for number in (0, 1):
        somebody.at(number, 22).took("0")
    assert Question.WHY_WITHOUT in seen(somebody.at(2)).asked


def test_the_next_step_is_asked_for_when_it_is_due(somebody):
    somebody.start()
    somebody.took_each(range(28))
    assert Question.STEP_UP not in seen(somebody).asked
    assert seen(somebody.at(28)).asked == (Question.STEP_UP,)


def test_beside_an_opioid_nothing_is_due(somebody):
    somebody.start()
    somebody.do(medicating.add, SELF, medicating.Told("tramadol"))
    found = seen(somebody)
    assert (found.due, found.asked) == ((), ())
    assert [each.medication.substance for each in found.conflicts] == ["tramadol"]


@pytest.mark.parametrize("choice", ["stop_drug", "stop_drug_safety_only", "withdraw_completely"])
def test_to_who_chose_to_stop_nothing_is_due(somebody, choice):
    somebody.start()
    with somebody.study.database.transaction("test", "stops") as session:
        session.add(
            WithdrawalChoice(
                participant_id=somebody.person.id,
                choice=choice,
                takes_back=None,
                decided_at=clock.now(),
                reason=None,
                by="P-0001",
                role="self",
                receipt=[],
            )
        )
    assert (seen(somebody).due, seen(somebody).takes_no_drug) == ((), True)


def reported(somebody, *days):
    with somebody.study.database.reading() as session:
        return reporting.report(session, somebody.person, *days)


def test_the_report_counts_days_milligrams_and_gaps_with_their_bounds(somebody):
    somebody.start()
    somebody.took_each(range(6))
    somebody.at(6).do(telling.missed, SELF, Reason.FORGOT)
    somebody.at(12).do(telling.interrupted, SELF, Reason.RAN_OUT, day(7), day(10))
    found = reported(somebody)
    assert (found.first, found.last) == (day(0), day(11))
    assert [each.status for each in found.days].count(Status.MISSED) == 5
    taken = found.adherence
    assert (taken.taken, taken.missed, taken.unknown) == (6, 5, 1)
    assert taken.of_days == (50.0, pytest.approx(100 * 7 / 12))
    assert taken.of_mg == taken.of_days
    assert (taken.planned_mg, taken.least_mg) == (3, Decimal("1.5"))
    # One missed day and four without the drug are one stretch of five.
    assert [(each.days, each.reasons) for each in found.interruptions] == [
        (5, (Reason.FORGOT, Reason.RAN_OUT))
    ]
    assert found.between_interruptions.planned_days == 7
    assert (found.exposure.least_mg, found.exposure.most_mg) == (Decimal("1.5"), Decimal("1.75"))
    assert (found.achieved_mg, found.relative_intensity) == (None, found.adherence.of_mg)
    assert reporting.day_row(found.days[6]) == {
        "day": "2026-03-08", "state": "on drug", "planned_mg": "0.25", "least_mg": "0", "most_mg": "0",
        "status": "missed", "topical": 0, "reasons": ["forgot"],
    }  # fmt: skip


def test_the_achieved_dose_is_that_of_the_last_fourteen_days_on_drug(somebody):
    somebody.start()
    somebody.took_each(range(10))
    somebody.at(10).order(once("0.5", EVENING, "cap"))
    somebody.took_each(range(10, 18))
    somebody.at(18).do(ordering.take_away, why("enough", DOCTOR), Kind.STOP)
    assert reported(somebody.at(30)).achieved_mg == Decimal("0.5")


def test_a_report_of_days_that_are_not_over_is_refused(somebody):
    with pytest.raises(reporting.NothingOrderedError, match="the first order"):
        reported(somebody)
    somebody.start()
    with pytest.raises(reporting.NothingOrderedError, match="no day of doses is over"):
        reported(somebody)
    with pytest.raises(reporting.NothingOrderedError):
        reported(somebody, day(0), day(0))
    assert len(reported(somebody.at(1)).days) == 1
