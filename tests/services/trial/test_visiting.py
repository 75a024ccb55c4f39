"""Visits open and close in the person's own zone; what happened is kept, in the window or outside it."""

from datetime import UTC, date, datetime

import enrolled
import pytest
from enrolled import published
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.agreeing import leaving
from hometrial.services.trial import calendars, contacting, following, screening, visiting
from hometrial.services.trial.calendars import Status
from hometrial.services.trial.contacting import ContactRefusedError, Correction, Spoke
from hometrial.services.trial.visiting import Held, Missed, VisitRefusedError

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(month, day, hour=9):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def session(study, at_clock):
    at_clock(START)
    with study.database.transaction("test", "visits") as session:
        yield session


@pytest.fixture
def person(session):
    """A person in Auckland who signed on 2 March, and whose run-in ends on 29 March."""
    person = enrolled.eligible(session, published(session))
    enrolling.set_zone(session, person, "Pacific/Auckland", source="test")
    return person


def held(month, day, because=None):
    return Held(date(2026, month, day), mode="phone", by="ann", because=because)


def status(session, person):
    return {line.due.visit: str(line.status) for line in calendars.agenda(session, person).lines}


def test_visits_come_due_and_overdue_by_the_persons_own_day(session, person, at_clock):
    assert status(session, person) == {"V0": "due", "V1": "upcoming", "R": "upcoming"}
    at_clock(at(3, 26, 10))  # still 26 March in Auckland, an hour before midnight
    assert status(session, person)["V1"] == "upcoming"
    at_clock(at(3, 26, 11))
    assert status(session, person)["V1"] == "due"
    at_clock(
        at(3, 30, 11)
    )  # in Auckland the 31st, the screening visit's window closed with the 30th
    assert status(session, person)["V0"] == "overdue"
    at_clock(at(4, 1, 11))
    assert status(session, person)["V1"] == "overdue"


def test_before_the_allocation_only_what_every_arm_has_is_due(session, person):
    following.anchor(session, person, "randomisation", date(2026, 3, 30), because="told")
    assert "V1b" not in status(session, person)


def test_a_visit_in_its_window_is_held(session, person, at_clock):
    at_clock(at(3, 28))
    row = visiting.hold(session, person, "V1", held(3, 28))
    assert (row.outcome, row.due, row.days_outside) == ("held", date(2026, 3, 29), 0)
    assert status(session, person)["V1"] == "held"
    assert visiting.hold(session, person, "V1", held(3, 28)).id == row.id


@pytest.mark.parametrize(("month", "day", "outside"), [(3, 25, -2), (4, 5, 4)])
def test_a_visit_outside_its_window_is_kept_with_its_days(
    session, person, at_clock, month, day, outside
):
    at_clock(at(4, 20))
    assert visiting.hold(session, person, "V1", held(month, day)).days_outside == outside
    (line,) = (x for x in calendars.agenda(session, person).lines if x.due.visit == "V1")
    assert line.days_outside == outside


def test_a_correction_says_why_and_the_first_word_stays(session, person, at_clock):
    at_clock(at(4, 20))
    visiting.miss(session, person, "V1", Missed("no answer", by="ann"))
    with pytest.raises(VisitRefusedError, match=r"recorded as missed \(no answer\); say why"):
        visiting.hold(session, person, "V1", held(3, 30))
    visiting.hold(session, person, "V1", held(3, 30, because="was held, found in the notes"))
    assert status(session, person)["V1"] == "held"
    assert [row.outcome for row in visiting.records(session, person)] == ["missed", "held"]


def test_a_visit_cannot_be_missed_before_it_opens_or_without_a_reason(session, person):
    with pytest.raises(VisitRefusedError, match="opens on 2026-03-27"):
        visiting.miss(session, person, "V1", Missed("ill", by="ann"))
    with pytest.raises(VisitRefusedError, match="say why"):
        Missed(" ", by="ann")


def test_a_day_that_is_yet_to_come_is_refused(session, person, at_clock):
    at_clock(at(3, 28, 12))  # the 29th in Auckland
    visiting.hold(session, person, "V1", held(3, 29))
    with pytest.raises(VisitRefusedError, match="2026-03-30 is yet to come"):
        visiting.hold(session, person, "V0", held(3, 30))


def test_no_visit_is_held_before_consent(session, at_clock):
    opened = screening.open_screening(session, published(session), by="ann")
    person = session.get_one(Participant, opened.participant_id)
    enrolling.set_zone(session, person, "Pacific/Auckland", source="test")
    with pytest.raises(VisitRefusedError, match="has not signed"):
        visiting.hold(session, person, "U", held(3, 2))
    enrolled.consent(session, person)
    with pytest.raises(VisitRefusedError, match="signed on 2026-03-02; no visit is held before"):
        visiting.hold(session, person, "U", held(3, 1))
    visiting.hold(session, person, "U", held(3, 2))


def test_a_visit_that_nobody_has_is_named_with_those_there_are(session, person):
    with pytest.raises(VisitRefusedError, match="has no visit W4 by now; there are V0, V1, R"):
        visiting.hold(session, person, "W4", held(3, 2))


def test_unscheduled_visits_are_counted_as_they_come(session, person, at_clock):
    at_clock(at(3, 20))
    rows = [visiting.hold(session, person, "U", held(3, day)) for day in (5, 5, 9)]
    assert [(row.number, row.due, row.days_outside) for row in rows] == [
        (1, None, None),
        (2, None, None),
        (3, None, None),
    ]
    with pytest.raises(VisitRefusedError, match="only a visit that is due can be missed"):
        visiting.miss(session, person, "U", Missed("x", by="ann"))
    with pytest.raises(VisitRefusedError, match="number 7: there were 3"):
        visiting.hold(session, person, "U", held(3, 9), number=7)


def test_a_repeated_visit_is_named_by_its_number(session, person, at_clock):
    following.anchor(session, person, "extension_start", date(2026, 3, 3), because="told")
    at_clock(at(6, 1))
    with pytest.raises(VisitRefusedError, match="comes 13 times: say which"):
        visiting.hold(session, person, "X", held(4, 28))
    assert visiting.hold(session, person, "X", held(4, 28), number=2).days_outside == 0
    with pytest.raises(VisitRefusedError, match="number 14: it comes 13 times"):
        visiting.hold(session, person, "X", held(4, 28), number=14)


def test_after_withdrawal_only_its_own_visit_is_recorded(session, person, at_clock):
    at_clock(at(3, 30))
    enrolled.withdraw(session, person)
    following.anchor(session, person, "withdrawal", date(2026, 3, 30), because="withdrew")
    at_clock(at(4, 2))
    with pytest.raises(VisitRefusedError, match="withdrew before 2026-04-01"):
        visiting.hold(session, person, "V1", held(4, 1))
    assert visiting.hold(session, person, "V1", held(3, 29)).days_outside == 0
    assert visiting.hold(session, person, "ET", held(4, 1)).days_outside == 0
    with pytest.raises(VisitRefusedError, match="withdrew before"):
        visiting.hold(session, person, "U", held(4, 1))


@pytest.mark.parametrize(
    "choice", [each for each in leaving.WITHDRAWAL_CHOICES if each != leaving.FINAL]
)
def test_visits_are_due_no_more_if_the_receipt_of_a_choice_says_so(
    session, person, at_clock, choice
):
    before = status(session, person)
    visiting.hold(session, person, "V0", held(3, 2))
    at_clock(at(3, 28))
    receipt = leaving.choose(session, {}, person, choice, said=leaving.Said("ann", "staff"))
    is_stopped = "visits" in {line["what"] for line in receipt.lines}
    assert is_stopped == (choice in calendars.STOPS_VISITS)
    at_clock(at(5, 1))  # every window is over
    after = {"V0": "held", "V1": "overdue", "R": "overdue"}
    stopped = {"V0": "held", "V1": "stopped", "R": "stopped"}
    assert set(before) == set(after)
    assert status(session, person) == (stopped if is_stopped else after)
    everybody = calendars.agenda_of_all(session)
    assert bool(everybody.of(Status.DUE, Status.OVERDUE)) != is_stopped
    leaving.take_back(session, person, choice, said=leaving.Said("ann", "staff"))
    assert status(session, person) == after


def test_what_was_overdue_before_somebody_chose_to_stop_visits_stays_so(session, person, at_clock):
    at_clock(at(3, 30, 11))
    leaving.choose(session, {}, person, "stop_contact", said=leaving.Said("ann", "staff"))
    assert status(session, person) == {"V0": "overdue", "V1": "stopped", "R": "stopped"}


def test_everybodys_visits_are_listed_and_who_has_no_zone_is_named(session, person, at_clock):
    version = following.version_of(session, person)
    second, lost = (enrolled.eligible(session, version) for _ in range(2))
    enrolling.set_zone(session, second, "America/Los_Angeles", source="test")
    at_clock(at(3, 26, 11))
    agenda = calendars.agenda_of_all(session)
    due = {(line.code, line.due.visit) for line in agenda.of(Status.DUE)}
    assert due == {(person.code, "V0"), (person.code, "V1"), (second.code, "V0")}
    assert len(agenda.problems) == 1
    assert lost.code in agenda.problems[0]
    assert calendars.agenda_of_all(session, is_test=True).lines == ()


def test_what_is_known_of_all_is_what_is_known_of_each(session, person):
    assert calendars.agenda_of_all(session).lines == calendars.agenda(session, person).lines


@pytest.mark.parametrize("table", ["visit_record", "contact"])
def test_what_happened_is_never_rewritten(session, person, table):
    visiting.hold(session, person, "V0", held(3, 2))
    contacting.log(session, person, called(), recorded_by="ann")
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def test_the_database_itself_keeps_one_first_record_of_a_visit(session, person):
    visiting.hold(session, person, "V0", held(3, 2))
    with pytest.raises(DBAPIError, match="uq_visit_record_first"):
        session.execute(
            text(
                "INSERT INTO visit_record SELECT gen_random_uuid(), participant_id, protocol_version_id,"
                " visit, number, due, outcome, day, days_outside, mode, reason, recorded_at, recorded_by"
                " FROM visit_record"
            )
        )


def called(**how):
    spoke = {"at": START, "way": "phone", "by": "ann", "outcome": "no_answer"}
    return Spoke(**(spoke | how))


def test_contacts_are_logged_with_what_comes_next(session, person, at_clock):
    later = {"next_on": date(2026, 3, 5), "next_step": "call again"}
    contacting.log(session, person, called(**later), recorded_by="ann")
    assert [(code, row.next_step) for code, row in contacting.next_steps(session)] == [
        (person.code, "call again")
    ]
    at_clock(at(3, 5))
    contacting.log(session, person, called(at=at(3, 5), outcome="reached"), recorded_by="ann")
    assert contacting.next_steps(session) == []
    assert [row.outcome for row in contacting.contacts(session, person)] == ["no_answer", "reached"]


def test_a_contact_is_corrected_by_a_newer_one_with_a_reason(session, person):
    wrong = contacting.log(session, person, called(), recorded_by="ann")
    with pytest.raises(ContactRefusedError, match="say why"):
        contacting.log(
            session, person, called(), recorded_by="ann", correction=Correction(wrong, " ")
        )
    right = called(outcome="reached")
    contacting.log(session, person, right, recorded_by="bob", correction=Correction(wrong, "typo"))
    (row,) = contacting.contacts(session, person)
    assert (row.outcome, row.because, row.corrects_id) == ("reached", "typo", wrong.id)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"way": "pigeon"}, "way 'pigeon'"),
        ({"outcome": "fine"}, "outcome 'fine'"),
        ({"next_step": "call"}, "give both, or neither"),
        ({"next_on": date(2026, 3, 1), "next_step": "call"}, "before the contact itself"),
    ],
)
def test_a_contact_that_cannot_be_is_refused(how, said):
    with pytest.raises(ContactRefusedError, match=said):
        called(**how)


def test_a_contact_is_not_logged_in_advance_or_planned_against_a_persons_will(session, person):
    with pytest.raises(ContactRefusedError, match="yet to come"):
        contacting.log(session, person, called(at=at(3, 3)), recorded_by="ann")
    enrolled.withdraw(session, person)
    contacting.log(session, person, called(), recorded_by="ann")
    planned = called(next_on=date(2026, 3, 5), next_step="call again")
    with pytest.raises(ContactRefusedError, match="wants no more contact"):
        contacting.log(session, person, planned, recorded_by="ann")
