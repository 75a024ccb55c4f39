"""The rules that pause the study: held against everybody at once, alerted once for each set of events."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.support import enrolled

from hometrial import clock
from hometrial.models import Participation
from hometrial.protocol.safety.details import Details
from hometrial.services import enrolling, working
from hometrial.services.safety import alerting, alerts, reporting
from hometrial.services.safety.stopping import stopping
from hometrial.services.trial import following

TOXIC = Details(term="nausea", grade=3, related=True)
FATAL = Details(term="rash", serious=("life_threatening",), related=True)


@pytest.fixture
def people(session):
    """Three people with a first dose."""
    return [treated(session) for _ in range(3)]


def treated(session):
    person = enrolling.add_participant(session)
    following.anchor(session, person, "first_dose", date(2026, 3, 2), because="told")
    return person


def told(session):
    found = alerts.states(session, only_open=False)
    return [each for each in found if each.alert.participant_id is None]


def test_a_study_in_which_nothing_holds_says_so_and_alerts_nobody(session, people):
    found = stopping(session)
    assert (found.held, found.treated, found.meetings_due, found.unjudged) == ((), 3, 0, ())
    assert told(session) == []


def test_what_staff_write_is_held_against_the_rules_at_once(session, people, staff):
    event = reporting.report(session, people[0], Details(term="rash"), staff())
    assert told(session) == []
    known = {"serious": ("life_threatening",), "related": True}
    reporting.amend(session, event, known, staff(), because="hospital's letter")
    (state,) = told(session)
    assert (state.alert.rule, state.alert.level, state.code) == ("ST1.related_fatal", "red", None)
    assert state.alert.values == {
        "said": "a related event was fatal or life-threatening",
        "events": "P-0001/1",
    }
    assert not alerting.red_alert_is_open(session, people[1])


def test_the_bound_of_toxicity_counts_who_was_treated(session, people, staff):
    reporting.report(session, people[0], TOXIC, staff())
    assert stopping(session).held == ()
    reporting.report(session, people[1], TOXIC, staff())
    (held,) = stopping(session).held
    assert held.rule == "toxicity_bound"
    assert held.said.startswith("2 of 3 people treated")
    treated(session)
    assert stopping(session).held == ()


def test_a_rule_is_alerted_once_for_the_same_events_however_often_it_is_asked(session, people, staff, at_clock):  # fmt: skip
    reporting.report(session, people[0], FATAL, staff())
    (state,) = told(session)
    at_clock(clock.now() + timedelta(hours=80))
    stopping(session)
    alerting.close(session, state.alert, by="dr-a", because="monitor met: goes on")
    at_clock(clock.now() + timedelta(days=9))
    assert [each.rule for each in stopping(session).held] == ["related_fatal"]
    assert len(told(session)) == 1
    reporting.report(session, people[1], FATAL, staff())
    found = {each.alert.values["events"] for each in told(session) if "fatal" in each.alert.rule}
    assert found == {"P-0001/1", "P-0001/1, P-0002/1"}


def test_new_events_are_counted_at_the_open_alert_and_then_known(session, people, staff):
    reporting.report(session, people[0], FATAL, staff())
    for _ in range(2):
        reporting.report(session, people[1], FATAL, staff())
        stopping(session)
    (state,) = [each for each in told(session) if each.alert.rule == "ST1.related_fatal"]
    assert state.repeats == 2


def test_who_is_in_a_rehearsal_stops_no_study(session, people, staff):
    version = enrolled.published(session, is_test=True)
    session.add(
        Participation(
            participant_id=people[0].id, protocol_version_id=version.id, since=clock.now()
        )
    )
    session.flush()
    reporting.report(session, people[0], FATAL, staff())
    found = stopping(session)
    assert (found.held, found.treated) == ((), 2)


def test_what_nobody_has_judged_is_named_beside_what_holds(session, people, staff, told):
    reporting.report(session, people[0], Details(serious=("death",)), staff())
    reporting.report(session, people[1], Details(severity="severe"), told)
    reporting.report(session, people[2], Details(severity="mild"), told)
    found = stopping(session)
    assert (found.held, found.unjudged) == ((), ("P-0001/1", "P-0002/1"))


def test_a_rule_that_is_met_is_work_of_the_study_until_it_is_answered_for(session, people, staff):
    for _ in range(2):
        reporting.report(session, people[0], FATAL, staff())
    (line,) = [each for each in working.open_items(session) if each.item.kind == "stopping_rule"
               and "related_fatal" in each.item.subject]  # fmt: skip
    assert (line.code, line.of) == (None, "the study")
    assert "a related event was fatal or life-threatening; answer by 2026-03-03" in line.item.reason
    state = next(each for each in told(session) if each.alert.rule == "ST1.related_fatal")
    alerting.acknowledge(session, state.alert, by="dr-a")
    assert line.item.closed_at is None
    alerting.close(session, state.alert, by="dr-a", because="monitor met: goes on")
    assert line.item.closed_because == "the alert is closed"
    stopping(session)
    assert line.code not in [
        each.code for each in working.open_items(session) if "related_fatal" in each.item.subject
    ]


def test_work_that_needs_a_person_never_belongs_to_the_study(session):
    with pytest.raises(IntegrityError, match="is_of_somebody_or_of_the_study"):
        working.open_item(session, None, "red_alert", "SI1", "whose?")


def test_the_same_work_of_the_study_is_open_once(session):
    for reason in ("two", "three"):
        working.open_item(session, None, "accountability", "S-01/C05/counted", reason)
    assert [each.item.reason for each in working.open_items(session)] == ["three"]
    assert working.sweep(session) == 0
    assert working.close_items(session, None, "accountability", because="it adds up now") == 1
