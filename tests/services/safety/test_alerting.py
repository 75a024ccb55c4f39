"""Alerts: raised once, answered in time or shown as late, closed with a reason, and never erased."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Alert, AlertEvent
from hometrial.protocol.safety.alert_rules import UnknownAlertRuleError
from hometrial.services import enrolling, working
from hometrial.services.safety import alerting, alerts
from hometrial.services.safety.alerting import AlertRefusedError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def raised(session, person, rule="SI1", level="red", **how):
    return alerting.raise_alert(session, person, rule=rule, level=level, values={"n": 1}, **how)


def only(session, **how):
    (state,) = alerts.states(session, **how)
    return state


def test_an_alert_has_the_clock_of_its_rule_and_says_what_it_was_raised_from(session, person):
    alert = raised(session, person)
    session.expire_all()
    state = only(session)
    assert (state.code, alert.rule, alert.level, alert.owner) == (person.code, "SI1", "red", "clinician")  # fmt: skip
    assert alert.rule_version == "alert-rules 1.1.0"
    assert (alert.created_at, alert.due_at) == (NOON, NOON + 24 * HOUR)
    assert alert.values == {"n": 1}
    assert state.time_left(NOON + HOUR) == 23 * HOUR


def test_a_rule_of_a_protocol_brings_its_own_clock(session, person):
    own = alerting.Response("Look", "coordinator", 3 * HOUR, "ldn-mecfs 1.0.0")
    alert = raised(session, person, "AE2b", "amber", response=own)
    assert (alert.due_at, alert.owner, alert.text) == (NOON + 3 * HOUR, "coordinator", "Look")
    with pytest.raises(UnknownAlertRuleError, match="AE2b"):
        raised(session, person, "AE2b", "amber")


def test_a_red_alert_without_a_time_to_answer_in_is_refused(session, person):
    with pytest.raises(AlertRefusedError, match="HR1: red needs a time"):
        raised(session, person, "HR1", "red")


def test_the_same_again_in_72_hours_is_counted_and_not_repeated(session, person, at_clock):
    first = raised(session, person)
    at_clock(NOON + 71 * HOUR)
    assert raised(session, person).id == first.id
    assert only(session).repeats == 1
    at_clock(NOON + 72 * HOUR)
    assert raised(session, person).id != first.id


def test_another_rule_another_person_and_the_study_have_alerts_of_their_own(session, person):
    other = enrolling.add_participant(session)
    found = {
        raised(session, person).id,
        raised(session, person, "LV1").id,
        raised(session, other).id,
        raised(session, None).id,
    }
    assert len(found) == 4
    assert raised(session, None).id in found
    assert [each.code for each in alerts.states(session)].count(None) == 1


def test_what_is_graver_or_due_sooner_is_never_hidden_in_an_alert_that_is_open(session, person):
    first = raised(session, person)
    sooner = raised(session, person, response=alerting.response_of("SI1", urgent=True))
    assert sooner.id != first.id
    assert sooner.due_at == NOON + 2 * HOUR
    assert raised(session, person).id == sooner.id
    assert raised(session, person, level="amber").id == sooner.id
    amber = raised(session, person, "AE1", "amber")
    assert raised(session, person, "AE1", "red").id != amber.id


def test_two_adverse_events_are_never_one_alert(session, person):
    first, second = (
        alerting.raise_alert(session, person, rule="SE1", level="red", values={"event": number})
        for number in (1, 2)
    )
    assert first.id != second.id
    again = alerting.raise_alert(
        session, person, rule="SE1", level="red", values={"event": 1, "version": 2}
    )
    assert again.id == first.id


def test_what_comes_after_an_alert_was_closed_is_an_alert_again(session, person):
    first = raised(session, person)
    alerting.close(session, first, by="dr-a", because="spoken with; safe")
    assert raised(session, person).id != first.id


def test_an_alert_is_answered_once_and_by_name(session, person, at_clock):
    alert = raised(session, person)
    at_clock(NOON + 2 * HOUR)
    alerting.acknowledge(session, alert, by="dr-a")
    state = only(session)
    assert (state.acknowledged.by, state.acknowledged.at) == ("dr-a", NOON + 2 * HOUR)
    assert state.time_left(NOON + 30 * HOUR) is None
    with pytest.raises(AlertRefusedError, match="acknowledged by dr-a at 2026-03-02 14:00 UTC"):
        alerting.acknowledge(session, alert, by="dr-b")


def test_an_alert_closes_with_a_reason_and_keeps_its_history(session, person):
    alert = raised(session, person)
    with pytest.raises(AlertRefusedError, match="say why"):
        alerting.close(session, alert, by="dr-a", because=" ")
    with pytest.raises(AlertRefusedError, match="say what was done"):
        alerting.act(session, alert, by="dr-a", action="")
    alerting.close(session, alert, by="dr-a", because="safe", action="called")
    assert alerts.states(session) == []
    state = only(session, only_open=False)
    assert (state.closed.because, state.actions) == ("safe", ("called",))
    assert state.acknowledged.by == "dr-a"
    assert {each.kind for each in alerting.history(session, alert)} == {
        "acknowledged",
        "acted",
        "closed",
    }
    for again in (alerting.acknowledge, lambda *of, by: alerting.close(*of, by=by, because="x")):
        with pytest.raises(AlertRefusedError, match="closed by dr-a"):
            again(session, alert, by="dr-b")


def test_a_red_alert_is_open_until_it_is_closed(session, person):
    other = enrolling.add_participant(session)
    assert not alerting.red_alert_is_open(session, person)
    raised(session, person, "AE1", "amber")
    assert not alerting.red_alert_is_open(session, person)
    alert = raised(session, person)
    alerting.acknowledge(session, alert, by="dr-a")
    assert alerting.red_alert_is_open(session, person)
    assert not alerting.red_alert_is_open(session, other)
    alerting.close(session, alert, by="dr-a", because="safe")
    assert not alerting.red_alert_is_open(session, person)


def test_a_red_alert_is_work_until_it_is_closed_also_of_who_has_withdrawn(session, person):
    raised(session, person, "AE1", "amber")
    first, second = raised(session, person), raised(session, person, "LV1")
    kinds = [each.item.kind for each in working.open_items(session)]
    assert kinds == ["red_alert", "red_alert"]
    person.status = "withdrawn"
    session.flush()
    assert working.sweep(session) == 0
    alerting.close(session, first, by="dr-a", because="safe")
    (left,) = working.open_items(session)
    assert left.item.subject == f"LV1/{second.id}"
    assert "answer by 2026-03-03 12:00 UTC" in left.item.reason


def test_an_alert_that_nobody_answers_is_overdue_and_stays_late(session, person, at_clock):
    alert = raised(session, person)
    at_clock(NOON + 24 * HOUR)
    assert alerts.overdue(session) == []
    at_clock(NOON + 25 * HOUR)
    assert [each.alert.id for each in alerts.overdue(session)] == [alert.id]
    assert only(session).time_left(NOON + 25 * HOUR) == -HOUR
    alerting.acknowledge(session, alert, by="dr-a")
    assert alerts.overdue(session) == []
    assert only(session).was_in_time(NOON + 25 * HOUR) is False


def test_open_alerts_stand_in_the_order_in_which_they_must_be_answered(session, person):
    for rule, level in (("HR1", "blue"), ("AE1", "amber"), ("SI1", "red"), ("OP1", "red")):
        raised(session, person, rule, level)
    assert [each.alert.rule for each in alerts.states(session)] == ["OP1", "SI1", "AE1", "HR1"]


def test_the_load_is_told_by_participant_and_month(session, person, at_clock):
    answered = raised(session, person, "AE1", "amber")
    late = raised(session, person, "AE2", "amber")
    raised(session, person, "HR1", "blue")
    raised(session, None)
    at_clock(NOON + HOUR)
    alerting.close(session, answered, by="a", because="done", action="dose lowered")
    at_clock(NOON + timedelta(days=7))
    alerting.close(session, late, by="a", because="old")
    found = alerts.load(session, NOON, NOON + timedelta(days=30))
    assert (found.alerts, found.ambers, found.participant_days) == (3, 2, 7)
    assert (found.in_time, found.acted_upon) == (0.5, 0.5)
    assert found.per_participant_month == pytest.approx(3 / 7 * 30.4375)
    assert found.ambers_per_participant_week == 2
    assert found.needs_tuning
    assert not replace(found, ambers=0).needs_tuning
    nothing = alerts.load(session, NOON + timedelta(days=1), NOON + timedelta(days=2))
    assert (nothing.alerts, nothing.in_time, nothing.acted_upon) == (0, None, None)


@pytest.mark.parametrize("table", ["alert", "alert_event"])
def test_no_alert_and_nothing_done_about_it_is_ever_changed(study, session, table):
    alert = raised(session, enrolling.add_participant(session))
    alerting.acknowledge(session, alert, by="a")
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    session.rollback()


def test_the_database_itself_holds_one_answer_and_a_clock_for_each_alert(session, person):
    alert = raised(session, person)
    alerting.acknowledge(session, alert, by="a")
    again = insert(AlertEvent).values(alert_id=alert.id, kind="acknowledged", at=NOON, by="b")
    clockless = insert(Alert).values(
        rule="R", rule_version="1", level="amber", text="t", values={}, owner="o", created_at=NOON
    )
    for row, name in ((again, "uq_alert_event_acknowledged"), (clockless, "has_a_clock")):
        with pytest.raises(DBAPIError, match=name), session.begin_nested():
            session.execute(row)


def test_the_participants_site_may_raise_alerts_but_not_answer_for_staff(study, at_clock):
    at_clock(NOON)
    with study.database.transaction("test", "enrol") as session:
        person = enrolling.add_participant(session)
    with study.database.transaction(person.code, "answers", PARTICIPANT_ROLE) as session:
        raised(session, person)
        raised(session, person)
    with study.database.reading() as session:
        assert only(session).repeats == 1
    assert study.verify().problems == ()
