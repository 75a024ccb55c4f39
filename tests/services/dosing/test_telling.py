"""Doses as people tell of them: one tap, late, missed, run out, taken up again, corrected; on their own calendar."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support.dosed import DOCTOR, NURSE, SELF, day, why

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Alert
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.days import Status, dose_day
from hometrial.protocol.dosing.events import Reason, Source
from hometrial.protocol.dosing.refusing import (
    DoseRefusedError,
    OrderRefusedError,
    RecordRefusedError,
)
from hometrial.protocol.dosing.standing import Kind, State
from hometrial.services import enrolling, working
from hometrial.services.dosing import medicating, ordering, recording, telling
from hometrial.services.dosing.telling import Told
from hometrial.services.dosing.today import today
from hometrial.services.trial import following

MORNING, EVENING = TimeOfDay.MORNING, TimeOfDay.EVENING


def status(somebody, number):
    return dose_day(somebody.course, day(number)).status


def days_of_trial(somebody):
    """Return the days that the drug dates: the run-in began before it."""
    with somebody.study.database.reading() as session:
        found = following.anchors(session, somebody.person)
    return {name: on for name, on in found.items() if name != "run_in_start"}


def tap(somebody, key=None, **told):
    return somebody.do(telling.taken, SELF, Told(**told), key=key)


@pytest.fixture
def started(somebody):
    somebody.start()
    return somebody


def test_one_tap_is_the_dose_as_ordered_now(started):
    tap(started.at(0, 21, 30))
    (dose,) = started.course.intakes
    assert (dose.on, dose.mg, dose.time_of_day) == (day(0), Decimal("0.25"), EVENING)
    assert (dose.formulation, dose.source) == ("liq", Source.APP_TAP)
    assert dose.taken_at.isoformat() == "2026-03-02T21:30:00+01:00"
    assert status(started, 0) is Status.TAKEN


def test_the_participants_site_has_the_rights_to_tell_and_to_see_and_no_more(started):
    database = started.at(0, 21).study.database
    with database.transaction("P-0001", "tap", PARTICIPANT_ROLE) as session:
        assert today(session, started.person).asked == ()
        telling.taken(session, started.person, SELF, key="tap")
        telling.corrected(session, started.person, why("half", SELF, 2), Told(mg=Decimal("0.5")))
        medicating.add(session, started.person, SELF, medicating.Told("codeine"))
        ordering.take_away(session, started.person, why("an opioid", SELF), Kind.HOLD)
    with database.reading(PARTICIPANT_ROLE) as session:
        assert today(session, started.person).standing.state is State.HELD
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        database.transaction("P-0001", "tamper", PARTICIPANT_ROLE) as session,
    ):
        session.execute(text("UPDATE dose_event SET why = 'x'"))


def test_a_double_post_is_one_dose(started):
    first = tap(started.at(0, 21), "tap-1")
    again = tap(started.at(0, 22), "tap-1")
    assert (again.id, len(started.course.intakes)) == (first.id, 1)
    with pytest.raises(RecordRefusedError, match="another; send it under its own"):
        tap(started, "tap-1", mg=Decimal("0.5"))
    with pytest.raises(RecordRefusedError, match="nothing more was ordered"):
        tap(started, "tap-2")
    assert len(started.course.intakes) == 1


def test_posts_that_race_one_another_are_one_dose(started):
    started.at(0, 21)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda key: tap(started, key), ["tap-1"] * 4))
    assert len({row.id for row in rows}) == 1
    assert len(started.course.intakes) == 1


def test_a_dose_after_midnight_is_the_evenings_before_until_four(started):
    tap(started.at(1, 0, 40))
    assert [dose.on for dose in started.course.intakes] == [day(0)]
    tap(started.at(1, 3, 59))
    assert [dose.on for dose in started.course.intakes] == [day(0), day(1)]
    tap(started.at(3, 4, 0))
    assert [dose.on for dose in started.course.intakes][2:] == [day(3)]


def test_the_day_of_a_dose_is_the_persons_own_after_a_flight(started):
    with started.study.database.transaction("test", "a flight") as session:
        landed = datetime(2026, 3, 3, 6, tzinfo=UTC)
        enrolling.set_zone(
            session, started.person, "Pacific/Apia", valid_from=landed, source="told"
        )
    started.zone = "Pacific/Apia"
    started.at(3, 9)
    tap(started, on=day(2))
    tap(started.at(3, 21))
    assert [dose.on for dose in started.course.intakes] == [day(2), day(3)]
    (_, evening) = started.course.intakes
    assert evening.taken_at.tzinfo == ZoneInfo("Pacific/Apia")
    assert evening.taken_at.astimezone(UTC).date() == day(3)
    assert evening.entry.at.utcoffset() == timedelta(hours=13)


def test_an_hour_that_comes_twice_keeps_the_moment_of_a_dose(started):
    autumn = ZoneInfo("Europe/Berlin")
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=autumn)
    started.set_clock(second)
    tap(started)
    (dose,) = started.course.intakes
    assert (dose.on, dose.taken_at.fold) == (second.date() - timedelta(days=1), 1)
    assert dose.taken_at.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_late_report_counts_for_its_day_and_has_no_time(started):
    tap(started.at(5), on=day(2))
    (dose,) = started.course.intakes
    assert (dose.on, dose.taken_at, dose.entry.at.date()) == (day(2), None, day(5))
    with pytest.raises(RecordRefusedError, match="still to come"):
        tap(started, on=day(6))


def test_parts_of_a_day_are_told_one_by_one(somebody):
    somebody.order(once("9", EVENING, "cap"))
    somebody.do(ordering.change, NURSE, split=True)
    tap(somebody.at(0, 21), time_of_day=EVENING)
    assert status(somebody, 0) is Status.UNKNOWN
    tap(somebody.at(1, 10), on=day(0))
    assert [dose.time_of_day for dose in somebody.course.intakes] == [EVENING, MORNING]
    assert status(somebody, 0) is Status.TAKEN


def test_a_missed_dose_says_why(started):
    started.at(1).do(telling.missed, SELF, Reason.FORGOT, Told(on=day(0)), key="m")
    started.do(telling.missed, SELF, Reason.FORGOT, Told(on=day(0)), key="m")
    assert status(started, 0) is Status.MISSED
    assert dose_day(started.course, day(0)).reasons == (Reason.FORGOT,)
    assert len(started.course.intakes) == 1
    with pytest.raises(RecordRefusedError, match="recorded already"):
        tap(started, on=day(0), mg=Decimal("0.25"), time_of_day=EVENING)


def test_an_ointment_is_recorded_without_milligrams(started):
    tap(started.at(0, 21), formulation="ointment")
    assert started.course.recorded_mg(day(0)) == 0
    assert dose_day(started.course, day(0)).topical == 1
    assert "first_dose" not in days_of_trial(started)
    with pytest.raises(RecordRefusedError, match="a cream has no oral milligrams"):
        tap(started, formulation="ointment", mg=Decimal(1))


def test_a_dose_without_an_order_needs_its_amount(somebody):
    with pytest.raises(RecordRefusedError, match="nothing was ordered for that day"):
        tap(somebody)
    with pytest.raises(RecordRefusedError, match="give the milligrams"):
        tap(somebody, formulation="cap")


def test_the_first_dose_is_the_day_that_visits_are_counted_from_and_moves_with_its_correction(
    started,
):
    first = tap(started.at(1, 21))
    assert days_of_trial(started)["first_dose"] == day(1)
    started.at(2).do(
        telling.corrected, why("the day before", corrects=first.number), Told(on=day(0))
    )
    assert days_of_trial(started)["first_dose"] == day(0)
    assert "last_dose" not in days_of_trial(started)
    started.took_each([2, 3])
    started.at(4).do(ordering.take_away, why("end of the plan"), Kind.END)
    assert days_of_trial(started)["last_dose"] == day(3)
    tap(started.at(5), on=day(1), mg=Decimal("0.25"), formulation="liq", time_of_day=EVENING)
    assert days_of_trial(started)["last_dose"] == day(3)


def test_a_first_dose_and_an_end_that_never_were_leave_no_day_behind(started):
    first = tap(started.at(0, 21))
    end = started.at(1).do(ordering.take_away, why("end"), Kind.END)
    assert days_of_trial(started)["last_dose"] == day(0)
    started.do(ordering.void, why("another person's", corrects=end.number))
    assert "last_dose" not in days_of_trial(started)
    started.do(ordering.void, why("never taken", corrects=first.number))
    assert days_of_trial(started) == {}


def test_an_end_that_was_ordered_for_later_dates_the_last_dose_once_it_is_in_force(started):
    started.do(ordering.take_away, why("end of the plan"), Kind.END, on=day(2))
    started.took_each([0, 1])
    started.do(recording.settle)
    assert "last_dose" not in days_of_trial(started)
    started.at(2).do(recording.settle)
    assert days_of_trial(started) == {"first_dose": day(0), "last_dose": day(1)}


def test_a_correction_keeps_what_it_does_not_change(started):
    wrong = tap(started.at(0, 21), lot="L1")
    started.do(
        telling.corrected, why("half a measure", corrects=wrong.number), Told(mg=Decimal("0.5"))
    )
    (dose,) = started.course.intakes
    assert (dose.mg, dose.lot, dose.source) == (Decimal("0.5"), "L1", Source.SITE)
    assert dose.taken_at.hour == 21
    with pytest.raises(RecordRefusedError, match="none that stands"):
        started.do(telling.corrected, why("again", corrects=wrong.number), Told(mg=Decimal(1)))


def test_who_ran_out_for_days_comes_back_lower_by_the_protocols_rule(somebody):
    somebody.order(once("3", EVENING, "cap"))
    somebody.took_each(range(3))
    somebody.at(4).do(telling.interrupted, SELF, Reason.RAN_OUT, day(3))
    assert status(somebody, 3) is Status.MISSED
    back = somebody.at(11).do(telling.resumed, SELF, day(11))
    assert (back.proposal.kind, back.order.why) == (Kind.RESTART, "8 days without the drug")
    standing = somebody.course.standing_on(day(11))
    assert (standing.state, standing.mg) == (State.ON, 2)
    assert somebody.course.gaps[0].last_on == day(10)


def test_after_a_short_gap_the_dose_that_stands_goes_on(somebody):
    somebody.order(once("3", EVENING, "cap"))
    somebody.at(4).do(telling.interrupted, SELF, Reason.COURIER, day(3))
    back = somebody.at(6).do(telling.resumed, SELF, day(6))
    assert (back.order, somebody.course.standing_on(day(6)).mg) == (None, 3)
    somebody.at(9).do(telling.interrupted, NURSE, Reason.TRAVEL, day(7), day(8))
    with pytest.raises(RecordRefusedError, match="no open interruption"):
        somebody.do(telling.resumed, SELF, day(9))


def test_after_a_long_gap_somebody_calls_first(somebody):
    somebody.order(once("3", EVENING, "cap"))
    somebody.at(1).do(telling.interrupted, SELF, Reason.RAN_OUT, day(1))
    waits = somebody.at(40).do(telling.resumed, SELF, day(40))
    assert (waits.resumption, waits.proposal.needs_call) == (None, True)
    with somebody.study.database.reading() as session:
        (item,) = working.open_items(session, somebody.person.id)
    assert "39 days without" in item.item.reason
    assert somebody.course.gaps[0].last_on is None
    with pytest.raises(DoseRefusedError, match=r"0\.25 mg cannot be made of capsules"):
        somebody.at(41).do(telling.resumed, DOCTOR, day(41), called=True)
    somebody.do(telling.resumed, why("called", DOCTOR), day(41), called=True, formulation="liq")
    assert somebody.course.standing_on(day(41)).mg == Decimal("0.25")
    with somebody.study.database.reading() as session:
        assert working.open_items(session, somebody.person.id) == []


def test_a_restart_that_cannot_be_made_of_what_there_is_waits_for_a_call(somebody):
    somebody.order(once("1", EVENING, "cap"))
    somebody.at(1).do(telling.interrupted, SELF, Reason.RAN_OUT, day(1))
    waits = somebody.at(21).do(telling.resumed, SELF, day(21))
    assert (waits.resumption, waits.proposal.dose.mg) == (None, Decimal("0.25"))
    back = somebody.do(telling.resumed, SELF, day(21), formulation="liq")
    assert back.order is not None
    assert somebody.course.standing_on(day(21)).dose.formulation == "liq"


def test_a_double_dose_raises_an_alert_in_the_same_transaction(started):
    tap(started.at(0, 21), mg=Decimal("0.5"))
    with started.study.database.reading() as session:
        (alert,) = session.query(Alert).all()
    assert (alert.rule, alert.level) == ("DD1", "red")
    assert alert.values["recorded"] == "0.5"


def test_more_than_the_absolute_maximum_is_refused_but_from_the_site(started):
    with pytest.raises(RecordRefusedError, match="above 15"):
        tap(started.at(0, 21), mg=Decimal("15.5"))
    told = Told(mg=Decimal("15.5"), source=Source.SITE)
    started.do(telling.taken, NURSE, told)
    assert started.course.recorded_mg(day(0)) == Decimal("15.5")


def test_a_dose_nobody_consented_to_is_refused(started):
    with pytest.raises(RecordRefusedError, match="consent was given"):
        tap(started, on=day(-15), mg=Decimal("0.25"), formulation="liq")
    with pytest.raises(OrderRefusedError, match="cannot reach back"):
        started.order(once("1", EVENING, "cap"), on=day(-1))
