"""Each night stopping rules and the drug's accountability are looked at, and what is wrong is alerted once."""

from datetime import UTC, datetime, timedelta

import pytest

from hometrial.services import enrolling
from hometrial.services.dosing import accounting
from hometrial.services.dosing.accounting import Fault
from hometrial.services.safety import nightly, stopping
from hometrial.tasks import guarding
from hometrial.tasks.engine import House

NIGHT = datetime(2026, 3, 2, 1, 41, tzinfo=UTC)


@pytest.fixture
def night(study, at_clock, monkeypatch):
    at_clock(NIGHT)
    faults = []
    monkeypatch.setattr(accounting, "check", lambda _: tuple(faults))
    with study.database.transaction("staff") as session:
        person = enrolling.add_participant(session)

    def look(*found, days=0):
        at_clock(NIGHT + timedelta(days=days))
        faults[:] = found
        return guarding.check_now(House(study.database, {}))

    return look, person


def alerts(study):
    return study.rows(
        "SELECT p.code, a.rule, a.level, a.owner, a.values->>'says' FROM alert a"
        " LEFT JOIN participant p ON p.id = a.participant_id ORDER BY a.rule"
    )


def test_faults_of_a_person_and_of_a_place_are_alerts_once_while_they_say_the_same(study, night):
    look, person = night
    found = (
        Fault(person.code, "5 mg too many", "unexplained", person.id),
        Fault("pharmacy", "lot A: 3 units more went", "pharmacy/A/gone"),
    )
    assert look(*found) == 2
    assert alerts(study) == [
        (person.code, "AC1", "amber", "pharmacy", "5 mg too many"),
        (None, "AC1.pharmacy", "amber", "pharmacy", "lot A: 3 units more went"),
    ]
    assert look(*found, days=1) == 0
    # After the 72 hours in which an alert takes in the like of it, too.
    assert look(*found, days=4) == 0


def test_another_fault_is_told(study, night):
    look, person = night
    look(Fault(person.code, "5 mg too many", "unexplained", person.id))
    look(Fault(person.code, "9 mg too many", "unexplained", person.id), days=1)
    assert study.rows("SELECT kind, values->>'says' FROM alert_event") == [
        ("repeated", "9 mg too many")
    ]


def test_faults_are_work_too_which_is_closed_once_they_are_gone(study, night):
    look, person = night
    look(
        Fault(person.code, "5 mg too many", "unexplained", person.id),
        Fault("pharmacy", "lot A: 3 units more went", "pharmacy/A/gone"),
    )
    look(Fault(person.code, "6 mg too many", "unexplained", person.id), days=1)
    assert study.rows(
        "SELECT participant_id, kind, reason, closed_because FROM work_item ORDER BY reason"
    ) == [
        (person.id, "accountability", f"{person.code}: 6 mg too many", None),
        (None, "accountability", "pharmacy: lot A: 3 units more went", "it adds up now"),
    ]


def test_where_all_adds_up_nothing_is_alerted(study, night):
    look, _ = night
    assert look() == 0
    assert alerts(study) == []


def test_the_stopping_rules_are_looked_at_too(study, night, monkeypatch):
    look, _ = night
    asked = []
    monkeypatch.setattr(stopping, "stopping", asked.append)
    look()
    assert len(asked) == 1
    assert nightly.RULE == "AC1"
