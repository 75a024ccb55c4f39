"""Adverse events: taken in as told, judged version by version, with the alerts and the work that they make."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import AdverseEventVersion
from hometrial.protocol.safety import details
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.vocabulary import UnknownTermError
from hometrial.services import enrolling, working
from hometrial.services.safety import alerts, events, reporting
from hometrial.services.safety.events import AdverseEventRefusedError
from hometrial.services.safety.reporting import Said

HOUR = timedelta(hours=1)
WORDS = Details(verbatim="head bursts", term="headache", severity="moderate", start="2026-02")


def rules(session):
    return [each.alert.rule for each in alerts.states(session)]


def test_a_report_is_kept_as_it_was_told_under_the_next_number(session, person, noise, told):
    reporting.report(session, noise, Details(verbatim="other"), told)
    numbers = [reporting.report(session, person, WORDS, told).number for _ in range(2)]
    assert numbers == [1, 2]
    session.expire_all()
    state = events.states(session, person=person)[0]
    assert state.details.verbatim == "head bursts"
    assert (state.details.term, state.details.severity, state.details.start) == (
        "headache",
        "moderate",
        "2026-02",
    )
    assert (state.current.recorded_by, state.current.source) == ("P-0001", "participant")
    assert state.current.vocabulary == "terms 1.0.0"
    assert state.details.grade is None


def test_a_report_without_any_detail_is_taken_in(session, person, told):
    reporting.report(session, person, Details(), told)
    (state,) = events.states(session)
    assert state.details == Details()
    assert rules(session) == []


def test_what_a_participant_tells_is_work_until_staff_have_looked_at_it(session, person, told, staff):  # fmt: skip
    event = reporting.report(session, person, WORDS, told)
    (item,) = working.open_items(session)
    assert (item.item.kind, item.item.subject) == ("adverse_event", "AE/1")
    reporting.amend(session, event, {"stop": "2026-03"}, told, because="it stopped")
    assert len(working.open_items(session)) == 1
    assert not events.state_of(session, event).is_looked_at
    reporting.amend(session, event, {"grade": 2}, staff(), because="graded")
    assert working.open_items(session) == []
    assert events.state_of(session, event).is_looked_at


def test_the_same_report_sent_twice_is_kept_once(session, person, noise):
    said = Said("P-0001", "participant", "participant", key="phone-17")
    first = reporting.report(session, person, WORDS, said)
    assert reporting.report(session, person, WORDS, said).id == first.id
    assert reporting.report(session, noise, WORDS, said).id != first.id
    assert len(events.states(session, person=person)) == 1


def test_a_report_that_contradicts_itself_is_refused_with_every_reason(session, person, told):
    with pytest.raises(AdverseEventRefusedError, match=r"severity: 'bad'.*'flue'"):
        reporting.report(session, person, Details(term="flue", severity="bad"), told)
    assert events.states(session) == []


def test_a_day_that_has_begun_somewhere_on_earth_is_no_day_to_come(session, person, told, at_clock):  # fmt: skip
    at_clock(reporting.clock.now().replace(hour=9, minute=59))
    with pytest.raises(AdverseEventRefusedError, match="still to come"):
        reporting.report(session, person, Details(start="2026-03-03"), told)
    at_clock(reporting.clock.now().replace(hour=10, minute=0))
    reporting.report(session, person, Details(start="2026-03-03"), told)


def test_each_change_is_a_version_with_who_when_and_why(session, person, told, staff, at_clock):
    event = reporting.report(session, person, WORDS, told)
    at_clock(reporting.clock.now() + HOUR)
    reporting.amend(session, event, {"grade": 2, "related": True}, staff(), because="spoken with")
    reporting.amend(session, event, {"grade": None}, staff(by="dr-b"), because="too early")
    state = events.state_of(session, event)
    assert [each.version for each in state.versions] == [1, 2, 3]
    assert [each.grade for each in state.versions] == [None, 2, None]
    assert [each.recorded_by for each in state.versions] == ["P-0001", "dr-a", "dr-b"]
    assert state.current.because == "too early"
    assert state.details.related is True
    assert state.details.verbatim == "head bursts"
    assert state.versions[1].recorded_at - state.versions[0].recorded_at == HOUR


def test_every_field_can_be_emptied_again(session, person, told, staff):
    event = reporting.report(session, person, WORDS, told)
    reporting.amend(session, event, {"pregnancy": True, "grade": 1}, staff(), because="x")
    changes = dict.fromkeys(details.NAMES)
    reporting.amend(session, event, changes, staff(), because="of somebody else")
    assert events.state_of(session, event).details == Details()


@pytest.mark.parametrize(
    ("changes", "because", "said"),
    [
        ({"grade": 2}, " ", "say why"),
        ({"mood": 2}, "x", "no field mood; there are verbatim"),
        ({"term": "headache"}, "x", "version 1 says the same already"),
        ({"grade": 7}, "x", "grade: 7"),
        ({"stop": "2025"}, "x", "stop: 2025 is before the start"),
    ],
)
def test_a_change_that_says_nothing_or_what_cannot_be_is_refused(
    session, person, told, staff, changes, because, said
):
    event = reporting.report(session, person, WORDS, told)
    with pytest.raises(AdverseEventRefusedError, match=said):
        reporting.amend(session, event, changes, staff(), because=because)
    assert events.state_of(session, event).current.version == 1


def test_a_change_to_what_somebody_changed_meanwhile_is_refused(session, person, told, staff):
    event = reporting.report(session, person, WORDS, told)
    reporting.amend(session, event, {"grade": 1}, staff(seen=1), because="x")
    with pytest.raises(AdverseEventRefusedError, match="dr-a has written version 2 since you saw"):
        reporting.amend(session, event, {"grade": 2}, staff(seen=1), because="x")


def test_what_starts_a_clock_says_when_it_was_learned(session, person, told, staff):
    event = reporting.report(session, person, WORDS, told)
    grave = Details(serious=("hospitalisation",))
    with pytest.raises(AdverseEventRefusedError, match="learned: hospitalisation starts a clock"):
        reporting.report(session, person, grave, staff(learned_at=None))
    reporting.report(session, person, grave, told)
    for changes in ({"serious": ("hospitalisation",)}, {"pregnancy": True}):
        with pytest.raises(AdverseEventRefusedError, match="starts a clock; say when"):
            reporting.amend(session, event, changes, staff(learned_at=None), because="x")
        reporting.amend(session, event, changes, staff(), because="x")
    reporting.amend(session, event, {"serious": ()}, staff(learned_at=None), because="x")


def test_nothing_is_learned_in_the_time_to_come(session, person, staff):
    later = reporting.clock.now() + HOUR
    with pytest.raises(AdverseEventRefusedError, match="still to come"):
        reporting.report(session, person, WORDS, staff(learned_at=later))


@pytest.mark.parametrize(
    ("known", "raised"),
    [
        ({"severity": "moderate"}, []),
        ({"severity": "severe"}, ["AE1"]),
        ({"term": "suicidal_thoughts", "severity": "mild"}, ["SI1"]),
        ({"term": "allergic_reaction"}, ["AL1"]),
        ({"serious": ("hospitalisation",)}, ["SE1"]),
        ({"pregnancy": True}, ["PG1"]),
    ],
)
def test_grave_words_raise_their_alert_at_once(session, person, told, known, raised):
    reporting.report(session, person, Details(**known), told)
    assert rules(session) == raised


def test_an_alert_names_the_event_and_is_raised_once_for_what_stays_the_same(session, person, told, staff):  # fmt: skip
    event = reporting.report(session, person, Details(term="nausea", severity="severe"), told)
    reporting.amend(session, event, {"grade": 3}, staff(), because="as told")
    (state,) = alerts.states(session)
    assert (state.repeats, state.alert.level) == (0, "amber")
    assert state.alert.values == {
        "event": 1,
        "version": 1,
        "term": "nausea",
        "severity": "severe",
        "grade": None,
    }
    reporting.report(session, person, Details(term="vomiting", severity="severe"), told)
    assert rules(session) == ["AE1", "AE1"]


def test_the_alert_of_a_serious_event_is_due_with_the_sponsors_clock(session, person, staff, at_clock):  # fmt: skip
    learned = reporting.clock.now()
    at_clock(learned + 20 * HOUR)
    reporting.report(session, person, Details(serious=("disability",)), staff(learned_at=learned))
    assert alerts.states(session)[0].alert.due_at == learned + 24 * HOUR
    at_clock(learned + 30 * HOUR)
    reporting.report(session, person, Details(serious=("disability",)), staff(learned_at=learned))
    dues = {each.alert.due_at for each in alerts.states(session)}
    assert dues == {learned + 24 * HOUR, learned + 30 * HOUR + timedelta(minutes=15)}


def test_the_list_says_what_is_expected_until_somebody_judges(session, person, told, staff):
    event = reporting.report(session, person, WORDS, told)
    version = events.newest(session, event)
    assert (version.expected, version.expectedness) == (True, "expected-events 0.1.0")
    changed = reporting.amend(session, event, {"term": "vomiting"}, staff(), because="was wrong")
    assert (changed.expected, changed.expectedness) == (False, "expected-events 0.1.0")
    judged = reporting.amend(session, event, {"expected": True}, staff(), because="brochure 4")
    assert (judged.expected, judged.expectedness) == (True, "judged")
    stays = reporting.amend(session, event, {"term": "dry_mouth"}, staff(), because="was wrong")
    assert (stays.expected, stays.expectedness) == (True, "judged")
    emptied = reporting.amend(session, event, {"term": None, "expected": None}, staff(), because="x")  # fmt: skip
    assert (emptied.expected, emptied.expectedness) == (None, None)


def test_the_naranjo_score_is_kept_beside_its_answers(session, person, staff):
    answers = {"after_drug": "yes", "back_on_drug": "yes"}
    event = reporting.report(session, person, Details(naranjo=answers), staff())
    version = events.newest(session, event)
    assert (version.naranjo, version.naranjo_score) == (answers, 4)
    assert events.details_of(version).naranjo == answers


def test_an_event_that_is_not_there_is_refused(session, person, noise, told):
    reporting.report(session, noise, WORDS, told)
    with pytest.raises(AdverseEventRefusedError, match="P-0001 has no adverse event 1"):
        events.find(session, person, 1)
    assert events.find(session, noise, 1).number == 1


def test_the_newest_word_on_a_symptom_of_the_run_in_holds(session, person, noise):
    def said(who, grade, term="worse_fatigue"):
        reporting.record_baseline(session, who, term, grade, by="dr-a", because="run-in call")

    said(noise, 4)
    said(person, 2)
    said(person, 3)
    said(person, 0, "headache")
    assert events.baseline(session, person) == {"worse_fatigue": 3, "headache": 0}
    with pytest.raises(UnknownTermError, match="fatique"):
        said(person, 1, "fatique")
    with pytest.raises(AdverseEventRefusedError, match="grade 5"):
        said(person, 5)
    with pytest.raises(AdverseEventRefusedError, match="say where"):
        reporting.record_baseline(session, person, "headache", 1, by="dr-a", because="")


TABLES = ("adverse_event", "adverse_event_version", "baseline_symptom")


@pytest.mark.parametrize("table", TABLES)
def test_nothing_that_was_known_is_ever_changed(session, person, told, table):
    reporting.report(session, person, WORDS, told)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    session.rollback()


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"grade": 6}, "grade_is_1_to_5"),
        ({"grade": 5, "serious": []}, "grade_5_and_death_go_together"),
        ({"serious": ["pain"]}, "criteria_are_known"),
        ({"start": "2026-1"}, "start_is_a_date"),
        ({"start_time": "10:00"}, "time_has_its_day"),
        ({"stop": "2026", "ongoing": True}, "what_goes_on_has_no_stop"),
        ({"expected": True}, "expectedness_says_by_what"),
        ({"outcome": "fatal", "serious": []}, "fatal_outcome_is_death"),
        ({"version": 1}, "uq_adverse_event_version_adverse_event_id"),
    ],
)
def test_the_database_itself_refuses_what_cannot_be(session, person, told, wrong, name):
    event = reporting.report(session, person, Details(), told)
    now = reporting.clock.now()
    row = {
        "adverse_event_id": event.id,
        "version": 2,
        "recorded_at": now,
        "recorded_by": "x",
        "because": "x",
        "learned_at": now,
        "source": "other",
        "reporter": "staff",
        "vocabulary": "x",
        "verbatim": "",
        "pregnancy": False,
    }
    with pytest.raises(DBAPIError, match=name), session.begin_nested():
        session.execute(insert(AdverseEventVersion).values(row | wrong))


def test_the_participants_site_takes_reports_in(study, at_clock, told):
    with study.database.transaction("test", "enrol") as session:
        person = enrolling.add_participant(session)
    with study.database.transaction(person.code, "side effect", PARTICIPANT_ROLE) as session:
        grave = Details(term="allergic_reaction", severity="severe")
        event = reporting.report(session, person, grave, told)
        reporting.amend(session, event, {"done": "lay down"}, told, because="told more")
    with study.database.reading() as session:
        assert rules(session) == ["AL1", "AE1"]
        assert len(working.open_items(session)) == 2
    assert study.verify().problems == ()
