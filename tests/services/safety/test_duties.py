"""Who must be told by when, of every event: reminders, reports, and lateness that no later word takes away."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial import clock
from hometrial.protocol.safety.details import Details
from hometrial.services.safety import duties, events, reporting
from hometrial.services.safety.events import AdverseEventRefusedError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SERIOUS = Details(serious=("hospitalisation",), related=False)
SPONSOR = "serious_to_sponsor"


@pytest.fixture
def event(session, person, staff):
    return reporting.report(session, person, SERIOUS, staff())


@pytest.fixture
def learned(session):
    return clock.now()


def sent(session, event, at, name=SPONSOR):
    return duties.report_sent(session, event, name, sent_at=at, by="dr-a", reference="mail 7")


def only(session):
    (duty,) = duties.duties(session)
    return duty


def test_a_clock_runs_from_what_the_versions_say_was_known(session, person, told, staff, at_clock):
    event = reporting.report(session, person, Details(verbatim="was in hospital"), told)
    assert duties.duties(session) == []
    noon = clock.now()
    at_clock(noon + 2 * DAY)
    known = {"serious": ("hospitalisation",), "related": False}
    reporting.amend(session, event, known, staff(learned_at=noon), because="the words said it")
    duty = only(session)
    assert (duty.code, duty.number) == (person.code, 1)
    assert duty.running.due_at == noon + DAY
    assert duty.running.is_late(clock.now())
    reporting.amend(session, event, {"serious": ()}, staff(), because="one night only")
    assert only(session).running.due_at == noon + DAY
    assert not only(session).running.still_holds


def test_every_event_that_waits_stands_by_when_it_is_due(session, person, event, noise, staff, at_clock):  # fmt: skip
    at_clock(clock.now() + HOUR)
    reporting.report(session, noise, Details(pregnancy=True), staff(learned_at=clock.now()))
    found = duties.waiting(session)
    assert [(each.code, each.running.clock.id) for each in found] == [
        (person.code, SPONSOR),
        (noise.code, "pregnancy_to_sponsor"),
    ]
    sent(session, event, clock.now())
    assert [each.code for each in duties.waiting(session)] == [noise.code]
    assert len(duties.duties(session)) == 2


def test_reminders_are_due_at_12_and_20_hours_until_the_report(session, event, learned, at_clock):
    at_clock(learned + 11 * HOUR)
    assert duties.reminders(session) == []
    at_clock(learned + 21 * HOUR)
    assert [at - learned for _, at in duties.reminders(session)] == [12 * HOUR, 20 * HOUR]
    sent(session, event, clock.now())
    assert duties.reminders(session) == []


def test_a_report_is_told_once_and_its_time_lies_in_its_clock(session, event, learned, at_clock):
    at_clock(learned + 30 * HOUR)
    for at in (learned - HOUR, learned + 31 * HOUR):
        with pytest.raises(AdverseEventRefusedError, match="not between the start of the clock"):
            sent(session, event, at)
    sent(session, event, learned + 25 * HOUR)
    assert only(session).running.is_late(learned + 400 * DAY)
    with pytest.raises(AdverseEventRefusedError, match="was reported at 2026-03-03 13:00 UTC"):
        sent(session, event, learned + 20 * HOUR)
    with pytest.raises(AdverseEventRefusedError, match=r"no clock pregnancy_to_sponsor runs; .* serious_to"):  # fmt: skip
        sent(session, event, learned, "pregnancy_to_sponsor")


def test_the_time_of_a_report_is_corrected_with_a_reason_and_both_stay(session, event, learned, at_clock):  # fmt: skip
    at_clock(learned + 30 * HOUR)
    first = sent(session, event, learned + 25 * HOUR)
    said = {"sent_at": learned + 15 * HOUR, "by": "dr-b"}
    with pytest.raises(AdverseEventRefusedError, match="say why"):
        duties.correct_report(session, first, because=" ", **said)
    second = duties.correct_report(session, first, because="time of the mail server", **said)
    assert (second.corrects, second.reference) == (first.id, "mail 7")
    assert only(session).running.reported_at == learned + 15 * HOUR
    with pytest.raises(AdverseEventRefusedError, match="corrected already"):
        duties.correct_report(session, first, because="again", **said)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("DELETE FROM safety_report"))
    session.rollback()


def test_an_unjudged_serious_event_also_runs_towards_the_regulator(session, person, staff):
    event = reporting.report(session, person, Details(serious=("life_threatening",)), staff())
    names = {each.running.clock.id for each in duties.duties(session)}
    assert names == {SPONSOR, "fatal_susar_to_regulator", "fatal_susar_follow_up"}
    assert all(
        each.running.is_provisional == ("susar" in each.running.clock.id)
        for each in duties.duties(session, [events.state_of(session, event)])
    )
