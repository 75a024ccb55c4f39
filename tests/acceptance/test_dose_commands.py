"""A person's drug and medicines, typed by the site: ordered, told, corrected, seen and reported."""

import json
from datetime import UTC, datetime

import pytest
from tests.support.dosed import Dosed, eligible


@pytest.fixture
def run(typed, study, monkeypatch):
    """Type a command as dr; it must end with this exit code. Return what it printed."""
    monkeypatch.setenv("HOMETRIAL_ACTOR", "dr")

    def checked(*arguments, code=0):
        ended, out, err = typed(study, *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


@pytest.fixture
def somebody(study, at_clock):
    at_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        person = eligible(session)
    return Dosed(study, at_clock, person).at(0)


def test_the_drug_is_ordered_taken_missed_corrected_and_reported(run, somebody):
    code = somebody.person.code
    because = ("--why", "first dose call")
    assert "--formulation: say what" in run("dose", "order", code, "start", *because, code=2)
    started = run("dose", "order", code, "start", "--formulation", "liq", *because)
    assert started == f"{code}: event 1, start from 2026-03-02\n"
    shown = run("dose", "show", code)
    assert "0.25 mg evening: 0.25 ml (liq)" in shown
    assert '"order": "start"' in shown
    assert run("dose", "taken", code) == f"{code}: event 2, 0.25 mg evening of 2026-03-02\n"
    assert "nothing more was ordered" in run("dose", "taken", code, code=2)
    somebody.at(2)
    assert "event 3, missed" in run("dose", "missed", code, "forgot", "--on", "2026-03-03")
    corrected = ("--mg", "0.5", "--corrects", "2", "--why", "two measures")
    assert "event 4, 0.5 mg" in run("dose", "taken", code, *corrected)
    whole = json.loads(run("dose", "adherence", code, "--json"))
    assert (whole["days_taken"], whole["days_missed"], whole["days_unknown"]) == (1, 1, 0)
    assert whole["adherence_days_percent"] == [50.0, 50.0]
    assert [day["status"] for day in whole["table"]] == ["taken", "missed"]
    assert "achieved_mg                        unknown" in run("dose", "adherence", code)
    assert "give the day" in run("dose", "taken", code, "--on", "2026-03", code=2)


def test_orders_beside_the_plan_by_rule_and_away(run, somebody):
    code = somebody.person.code
    why = ("--why", "decided")
    run("dose", "order", code, "3", "--formulation", "cap", *why)
    somebody.at(1)
    assert "step down from 2026-03-03" in run("dose", "order", code, "D1", *why)
    refused = run("dose", "order", code, "up", *why, code=2)
    assert "the step has not lasted its least days" in refused
    assert "hold from" in run("dose", "order", code, "hold", *why)
    assert "resume from" in run("dose", "order", code, "resume", "--on", "2026-03-05", *why)
    nurse = ("--as", "site")
    told = run("dose", "order", code, "4", "--formulation", "cap", *why, *nurse, code=2)
    assert "only the investigator" in told
    found = json.loads(run("dose", "show", code, "--json"))
    assert found["today"]["state"] == "on hold"
    orders = [each["order"] for each in found["events"]]
    assert orders == ["start", "step down", "hold", "resume"]


def test_a_medicine_is_added_corrected_and_listed_and_an_opioid_says_what_to_do(run, somebody):
    code = somebody.person.code
    assert "told of no medicine" in run("medication", "list", code)
    run("medication", "add", code, "Vitamin D", "--dose", "20,000 IU", "--began", "2009")
    opioid = run("medication", "add", code, "Tramal", "--for", "back pain")
    assert "medicine 2, Tramal, back pain, unknown to now, OPIOID" in opioid
    assert "do not take the next dose" in opioid
    run("medication", "add", code, "Trama", "--corrects", "2", "--why", "misread")
    listed = run("medication", "list", code)
    assert "1 Vitamin D, 20,000 IU, 2009 to now" in listed
    assert "OPIOID" not in listed
    rows = json.loads(run("medication", "list", code, "--json"))
    assert [row["number"] for row in rows] == [1, 3]
