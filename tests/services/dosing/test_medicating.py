"""Medicines besides the drug: kept as told, never rewritten; an opioid calls for a clinician at once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support import enrolled
from tests.support.dosed import DOCTOR, NURSE, SELF, day, why

from hometrial import clock
from hometrial.models import Alert
from hometrial.protocol.dosing.alerts import Sign
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.services import working
from hometrial.services.dosing import medicating, opioids, ordering
from hometrial.services.dosing.medicating import MedicationRefusedError, Told

EVENING = TimeOfDay.EVENING


def add(somebody, name, word=SELF, *, key=None, signs=(), **told):
    return somebody.do(medicating.add, word, Told(name, **told), key=key, signs=signs)


def add_and_fail(somebody, name):
    with somebody.study.database.transaction("test", "fails") as session:
        medicating.add(session, somebody.person, SELF, Told(name))
        session.execute(text("SELECT 1/0"))


def alerts(somebody):
    with somebody.study.database.reading() as session:
        return session.query(Alert).order_by(Alert.created_at).all()


def free_since(somebody):
    with somebody.study.database.reading() as session:
        return opioids.opioid_free_since(session, somebody.person)


def listed(somebody):
    with somebody.study.database.reading() as session:
        return medicating.medications(session, somebody.person)


def test_a_medicine_is_kept_as_it_was_told_with_dates_as_coarse(somebody):
    added = add(
        somebody,
        " Colecalciferol ",
        dose="20,000 IU every 2 weeks",
        route="oral",
        indication="polymorphic light eruption",
        began="2009",
    )
    (row,) = listed(somebody)
    assert (row.name, row.began, row.ended, row.last_on) == ("Colecalciferol", "2009", None, None)
    assert (row.is_opioid, row.kinship, added.advice) == (False, None, None)
    assert alerts(somebody) == []


def test_an_opioid_raises_a_red_alert_and_work_in_the_same_transaction_and_says_what_to_do(
    somebody,
):
    somebody.start()
    added = add(somebody, "Tramal 50 mg", began="2026-03-01")
    assert added.advice == medicating.OPIOID_ADVICE
    (alert,) = alerts(somebody)
    assert (alert.rule, alert.level, alert.values["substance"]) == ("OP1", "red", "tramadol")
    assert alert.due_at - alert.created_at == timedelta(hours=4)
    with somebody.study.database.reading() as session:
        (item,) = working.open_items(session, somebody.person.id)
    assert item.item.kind == "red_alert"
    with pytest.raises(DBAPIError, match="division"):
        add_and_fail(somebody, "codeine")
    assert len(listed(somebody)) == len(alerts(somebody)) == 1


def test_signs_of_withdrawal_after_a_dose_make_it_urgent(somebody):
    somebody.start()
    somebody.at(0, 21).took()
    night = somebody.at(1, 9).course.intakes[0].taken_at
    signs = [(sign, night + timedelta(hours=2)) for sign in (Sign.YAWNING, Sign.SWEATING)]
    add(somebody, "codeine", signs=signs)
    (alert,) = alerts(somebody)
    assert alert.values["is_urgent"] is True
    assert alert.due_at - alert.created_at == timedelta(hours=1)


def test_loperamide_is_allowed_and_recorded_and_an_antagonist_is_work(somebody):
    add(somebody, "Imodium")
    add(somebody, "Nyxoid")
    assert alerts(somebody) == []
    assert [row.substance for row in listed(somebody)] == ["loperamide", "naloxone"]
    with somebody.study.database.reading() as session:
        (item,) = working.open_items(session, somebody.person.id)
    assert (item.item.kind, item.item.subject) == (medicating.PROHIBITED, "medicine 2")


def test_an_opioid_that_was_over_long_ago_is_recorded_without_an_alarm(somebody):
    assert free_since(somebody) == date.min
    add(somebody, "codeine", began="2015", ended="2015-04")
    assert alerts(somebody) == []
    assert free_since(somebody) == date(2015, 5, 1)


def test_an_opioid_whose_end_can_be_too_near_is_alarmed(somebody):
    add(somebody, "codeine", ended="2026")
    assert len(alerts(somebody)) == 1
    assert free_since(somebody) == date(2027, 1, 1)


def test_the_drug_waits_until_the_opioid_is_gone_by_the_protocols_days(somebody):
    add(somebody, "codeine", ended=str(day(0)))
    add(somebody, "methadone", ended=str(day(-1)))
    with pytest.raises(OrderRefusedError, match=r"codeine.*medicine 1.*2026-03-12"):
        somebody.start()
    with pytest.raises(OrderRefusedError, match=r"methadone.*medicine 2.*2026-03-15"):
        somebody.at(10).start()
    somebody.at(13).start()
    somebody.order(once("3", EVENING, "cap"), on=day(14))
    add(somebody, "tramadol")
    assert free_since(somebody) is None
    with pytest.raises(OrderRefusedError, match=r"tramadol.*is still taken"):
        somebody.at(15).order(once("4", EVENING, "cap"))
    somebody.do(ordering.step_down, why("an opioid is taken", DOCTOR))


def test_a_double_post_is_one_medicine(somebody):
    first = add(somebody, "codeine", key="m-1")
    again = add(somebody, "codeine", key="m-1")
    assert (again.medication.id, again.advice) == (first.medication.id, medicating.OPIOID_ADVICE)
    assert len(listed(somebody)) == len(alerts(somebody)) == 1


def test_a_medicine_is_corrected_and_voided_by_its_number_and_nothing_is_lost(somebody):
    add(somebody, "codeine")
    with pytest.raises(MedicationRefusedError, match="say why"):
        add(somebody, "caffeine", why("", NURSE, corrects=1))
    add(somebody, "caffeine", why("misheard", NURSE, corrects=1))
    assert [row.name for row in listed(somebody)] == ["caffeine"]
    assert free_since(somebody) == date.min
    assert len(alerts(somebody)) == 1  # a clinician closes it, not a correction
    with pytest.raises(MedicationRefusedError, match="none that stands"):
        add(somebody, "cafeine", why("again", NURSE, corrects=1))
    somebody.do(medicating.void, why("another person's", NURSE, corrects=2))
    assert listed(somebody) == ()
    assert somebody.study.one("SELECT count(*) FROM medication") == 3
    with (
        pytest.raises(DBAPIError, match="append-only"),
        somebody.study.database.transaction("test", "tamper") as session,
    ):
        session.execute(text("DELETE FROM medication"))


def test_telling_that_a_known_opioid_ended_is_no_second_alarm(somebody):
    add(somebody, "codeine", began=str(day(-9)))
    somebody.at(4)
    ended = add(somebody, "codeine", why("over", SELF, corrects=1), key="e", ended=str(day(3)))
    sooner = add(somebody, "Codein", why("misread", NURSE, corrects=2), ended=str(day(2)))
    again = add(somebody, "codeine", why("over", SELF, corrects=1), key="e", ended=str(day(3)))
    assert ended.advice is sooner.advice is again.advice is None
    assert len(alerts(somebody)) == 1
    assert free_since(somebody) == day(3)
    with pytest.raises(OrderRefusedError, match="codein"):
        somebody.start()  # that it was there still keeps the drug off


@pytest.mark.parametrize(
    ("name", "corrects", "told"),
    [
        ("codeine", None, {}),
        ("tramadol", None, {"ended": str(day(3))}),
        ("tramadol", 2, {"ended": str(day(3))}),
        ("codeine", 2, {}),
        ("codeine", 2, {"ended": str(day(4))}),
    ],
)
def test_a_new_opioid_or_one_taken_again_is_alarmed_anew(somebody, name, corrects, told):
    add(somebody, "codeine")
    somebody.at(4)
    add(somebody, "codeine", why("over", SELF, corrects=1), ended=str(day(3)))
    added = add(somebody, name, why("told so", SELF, corrects=corrects), **told)
    assert added.advice == medicating.OPIOID_ADVICE
    assert len(alerts(somebody)) == 2


def test_the_end_of_an_opioid_told_with_signs_of_withdrawal_is_alarmed(somebody):
    add(somebody, "codeine")
    somebody.at(4)
    signs = [(Sign.YAWNING, clock.now())]
    add(somebody, "codeine", why("over", SELF, corrects=1), signs=signs, ended=str(day(3)))
    assert len(alerts(somebody)) == 2


@pytest.mark.parametrize(
    ("told", "error", "says"),
    [
        ({"name": " "}, MedicationRefusedError, "as it stands on the package"),
        ({"name": "x", "began": "2027"}, MedicationRefusedError, "still to come"),
        ({"name": "x", "ended": "2026-04"}, MedicationRefusedError, "still to come"),
        (
            {"name": "x", "began": "2020", "ended": "2019"},
            MedicationRefusedError,
            "before it began",
        ),
        ({"name": "x", "began": "spring"}, RecordRefusedError, "as far as it is known"),
    ],
)
def test_what_cannot_be_so_is_refused(somebody, told, error, says):
    with pytest.raises(error, match=says):
        add(somebody, **told)
    assert listed(somebody) == ()


def test_after_complete_withdrawal_no_medicine_is_recorded(somebody):
    with somebody.study.database.transaction("test", "withdraw") as session:
        enrolled.withdraw(session, somebody.person)
    with pytest.raises(MedicationRefusedError, match="withdrew from everything"):
        add(somebody, "codeine")
