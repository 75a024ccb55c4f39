"""Causes of work are found, told once, and their work closes when they are gone; nobody who rests is asked."""

from datetime import UTC, date, datetime, timedelta

import asked
import dosed
import enrolled
import linked
import pytest

from hometrial import worker
from hometrial.models import BadDay, Contact, DailyMetric, Gap, Pause
from hometrial.services import enrolling, working
from hometrial.services.dosing import stepping
from hometrial.services.noticing import causes, people, promised, rounds, wearing
from hometrial.services.trial import calendars, contacting, following, publishing, visiting
from hometrial.services.trial.contacting import Spoke
from hometrial.tasks import noticing
from hometrial.tasks.engine import House

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def session(study, at_clock):
    at_clock(NOW)
    with study.database.transaction("test", "causes") as opened:
        yield opened


def open_work(session):
    return {(each.code, each.item.kind): each.item.reason for each in working.open_items(session)}


def not_worn(session, person, hours, *, stream="heart_rate", cause="not_worn"):
    for number in range(hours):
        start = NOW - timedelta(hours=47 - number)
        session.add(
            Gap(participant_id=person.id, stream=stream, day=start.date(), start_at=start,
                end_at=start + timedelta(hours=1), cause=cause, rule_version=1)
        )  # fmt: skip
    session.flush()


def valid_days(session, person, values):
    for number, value in enumerate(values, start=1):
        session.add(
            DailyMetric(participant_id=person.id, day=NOW.date() - timedelta(days=number),
                        metric="valid_day", value=value, rule="wear", rule_version=1, computed_at=NOW)
        )  # fmt: skip
    session.flush()


def called(session, person, day, outcome, **more):
    spoke = Spoke(datetime(2026, 3, day, 9, tzinfo=UTC), "phone", "ann", outcome, **more)
    return contacting.log(session, person, spoke, recorded_by="ann")


def test_a_watch_that_is_not_worn_is_told_and_closes_when_it_is_worn(session):
    linked.link(session, who := linked.person(session))
    not_worn(session, who, 36)
    rounds.whole(session)
    assert open_work(session) == {(who.code, "not_worn"): "not worn for 36 of the last 48 hours"}
    session.query(Gap).limit(1).one().cause = "not_synced"
    session.flush()
    rounds.whole(session)
    assert open_work(session) == {}


@pytest.mark.parametrize(("hours", "cause"), [(35, "not_worn"), (40, "not_synced")])
def test_a_watch_that_is_off_for_less_or_whose_data_are_late_is_not_called_unworn(
    session, hours, cause
):
    linked.link(session, who := linked.person(session))
    not_worn(session, who, hours, cause=cause)
    rounds.whole(session)
    assert open_work(session) == {}


def test_nobody_who_rests_is_asked_about_a_watch(session):
    pausing, ill, left = (linked.person(session) for _ in range(3))
    for who in (pausing, ill, left):
        linked.link(session, who)
        not_worn(session, who, 40)
    session.add(
        Pause(
            participant_id=pausing.id, start_at=NOW - timedelta(days=1), end_at=None, reason="ill"
        )
    )
    asked.in_trial(session)  # the protocol that says how long a bad day lasts
    following.move(session, ill, publishing.in_force(session, "ldn-mecfs"))
    session.add(
        BadDay(
            participant_id=ill.id, kind="begun", severity=2, at=NOW - timedelta(hours=2), by="self"
        )
    )
    left.status = "withdrawn"
    session.flush()
    assert people.everybody(session).awake.isdisjoint({pausing.id, ill.id, left.id})
    assert wearing.find(session, people.everybody(session)) == []


def test_too_few_days_worn_enough_are_told_unless_the_watch_is_off_now(session):
    little, much, off = (linked.person(session) for _ in range(3))
    for who in (little, much, off):
        linked.link(session, who)
    valid_days(session, little, [1, 0, 0, 1, 0, 1, 0])
    valid_days(session, much, [1, 0, 0, 1, 0, 1, 1])
    valid_days(session, off, [0] * 7)
    not_worn(session, off, 40)
    rounds.whole(session)
    assert open_work(session) == {
        (little.code, "bad_wear"): "worn enough on 3 of the last 7 days",
        (off.code, "not_worn"): "not worn for 36 of the last 48 hours",
    }


def test_a_step_that_was_promised_is_work_on_its_day_and_gone_with_the_next_contact(session):
    who = linked.person(session)
    called(session, who, 10, "left_message", next_on=date(2026, 3, 20), next_step="call again")
    later = linked.person(session)
    called(session, later, 10, "reached", next_on=date(2026, 3, 21), next_step="ask about sleep")
    rounds.whole(session)
    assert open_work(session) == {(who.code, "contact_due"): "call again, due on 2026-03-20"}
    called(session, who, 20, "reached")
    rounds.whole(session)
    assert open_work(session) == {}


def test_after_attempts_in_vain_somebody_decides_and_a_word_of_theirs_ends_that(session):
    who = linked.person(session)
    for day, outcome in (
        (9, "reached"),
        (10, "no_answer"),
        (10, "no_answer"),
        (12, "left_message"),
    ):
        called(session, who, day, outcome)
    rounds.whole(session)
    assert open_work(session) == {}
    called(session, who, 14, "no_answer")
    rounds.whole(session)
    ((key, reason),) = open_work(session).items()
    assert key == (who.code, "lost_to_follow_up")
    assert "on 3 days since 2026-03-10" in reason
    called(session, who, 15, "sent", direction="from_person")
    rounds.whole(session)
    assert open_work(session) == {}
    assert session.query(Contact).count() == 6


def test_work_of_a_cause_that_still_holds_is_left_alone(session):
    who = linked.person(session)
    cause = causes.Cause(who.id, "contact_due", "next contact", "call again")
    causes.settle(session, promised.KINDS, [cause])
    (before,) = working.open_items(session)
    working.put_to_sleep(session, before.item, NOW + timedelta(days=2), because="called")
    causes.settle(session, promised.KINDS, [cause])
    (after,) = working.open_items(session)
    assert after.item.id == before.item.id
    assert after.is_asleep


@pytest.fixture
def person(study, at_clock):
    at_clock(datetime(2026, 3, 2, 7, tzinfo=UTC))
    with study.database.transaction("test", "people") as opened:
        who = dosed.eligible(opened)
    return dosed.Dosed(study, at_clock, who)


def kinds_of(study):
    noticing.notice_now(House(study.database, {}))
    with study.database.reading() as opened:
        return {each.item.kind: each.item.reason for each in working.open_items(opened)}


def test_a_step_that_is_due_waits_for_the_investigator_and_is_gone_once_ordered(study, person):
    person.at(0).start()
    person.took_each(range(28))
    person.at(27, 22)
    assert "dose_step" not in kinds_of(study)
    person.at(28, 12)
    reason = kinds_of(study)["dose_step"]
    assert reason.startswith("step from ")
    assert "investigator" in reason
    person.do(stepping.step_up, dosed.DOCTOR)
    assert "dose_step" not in kinds_of(study)


def test_a_visit_is_work_while_its_window_is_open_and_after_it_until_it_is_recorded(
    study, at_clock
):
    at_clock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    with study.database.transaction("test", "people") as opened:
        who = enrolled.eligible(opened, enrolled.published(opened))
        enrolling.set_zone(opened, who, "Europe/Berlin", source="test")
        following.anchor(opened, who, "first_dose", date(2026, 3, 30), because="test")
        due = next(each for each in calendars.agenda(opened, who).lines if each.mode == "video")
    at_clock(due.opening.opens_at + timedelta(hours=1))
    assert due.label in kinds_of(study)["visit_due"]
    at_clock(due.opening.closes_at + timedelta(hours=1))
    told = kinds_of(study)
    assert "visit_due" not in told or due.label not in told["visit_due"]
    assert "visit_overdue" in told
    with study.database.transaction("test", "missed") as opened:
        overdue = calendars.agenda(opened, who).of(calendars.Status.OVERDUE)
        for each in overdue:
            missed = visiting.Missed("could not come", "ann")
            visiting.miss(opened, who, each.due.visit, missed, each.due.number)
    assert "visit_overdue" not in kinds_of(study)


def test_the_worker_knows_the_job():
    assert noticing in worker.TASKS
