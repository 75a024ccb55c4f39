"""Whom the site tried to reach, what came of it, and whom to reach next, typed by the site."""

import json
from datetime import UTC, datetime

import pytest

from hometrial.services import enrolling, working
from hometrial.services.trial import contacting

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def run(typed, study, monkeypatch, at_clock):
    """Type a command as ann, of a study with two people; it must end with this exit code."""
    monkeypatch.setenv("HOMETRIAL_ACTOR", "ann")
    at_clock(NOON)
    with study.database.transaction("test", "enrol") as session:
        for _ in range(2):
            enrolling.add_participant(session)

    def checked(*arguments, code=0):
        ended, out, err = typed(study, "contact", *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


def phoned(run, code, outcome, *more, ended=0):
    return run("log", code, "--way", "phone", "--outcome", outcome, *more, code=ended)


def test_a_contact_is_logged_listed_and_corrected_with_a_reason(run):
    assert "nobody has tried to reach P-0001" in run("list", "P-0001")
    said = phoned(run, "P-0001", "reached", "--at", "2026-03-02T10:00+01:00", "--note", "well")
    assert said == "P-0001: 2026-03-02 09:00 UTC phone, reached, by ann; well\n"
    (row,) = json.loads(run("list", "P-0001", "--json"))
    corrects = ("--corrects", row["id"])
    assert "say why the contact is corrected" in phoned(
        run, "P-0001", "no_answer", *corrects, ended=2
    )
    phoned(run, "P-0001", "no_answer", *corrects, "--because", "it was her sister", "--by", "bob")
    (row,) = json.loads(run("list", "P-0001", "--json"))
    assert (row["outcome"], row["by"], row["recorded_by"]) == ("no_answer", "bob", "ann")
    assert row["because"] == "it was her sister"
    assert "has no contact" in phoned(
        run, "P-0001", "reached", *corrects, "--because", "again", ended=2
    )
    assert "has no contact" in phoned(
        run, "P-0002", "reached", "--corrects", row["id"], "--because", "whose", ended=2
    )
    called = run("log", "P-0001", "--way", "phone", "--outcome", "reached", "--from-person")
    assert "they phone, reached" in called


def test_whom_to_reach_next_stands_by_day_until_the_next_contact(run, at_clock):
    assert run("next") == "nobody is to be reached\n"
    again = ("--next", "call again", "--on")
    phoned(run, "P-0001", "no_answer", *again, "2026-03-06")
    phoned(run, "P-0002", "no_answer", *again, "2026-03-04")
    listed = [(each["participant"], each["next_on"]) for each in json.loads(run("next", "--json"))]
    assert listed == [("P-0002", "2026-03-04"), ("P-0001", "2026-03-06")]
    at_clock(NOON.replace(day=5))
    assert "2026-03-04 OVERDUE  P-0002: call again (last: no_answer, phone)" in run("next")
    phoned(run, "P-0002", "reached")
    assert run("next").splitlines() == ["2026-03-06  P-0001: call again (last: no_answer, phone)"]


def test_what_cannot_be_is_refused(run):
    late = phoned(run, "P-0001", "reached", "--at", "2026-03-02T13:00Z", ended=2)
    assert "yet to come" in late
    assert "has no zone" in phoned(run, "P-0001", "reached", "--at", "2026-03-02T10:00", ended=2)
    assert "give both, or neither" in phoned(run, "P-0001", "reached", "--next", "x", ended=2)
    before = ("--next", "x", "--on", "2026-03-01")
    assert "before the contact itself" in phoned(run, "P-0001", "reached", *before, ended=2)
    assert "write 2026-11-30" in phoned(
        run, "P-0001", "reached", "--next", "x", "--on", "soon", ended=2
    )


def test_a_call_that_was_wanted_is_done_once_they_were_spoken_with(run, study):
    with study.database.transaction("test", "wants a call") as session:
        person = enrolling.find_participant(session, "P-0001")
        contacting.call_wanted(session, person, "headache")
    phoned(run, "P-0001", "no_answer")
    with study.database.reading() as session:
        assert [each.item.kind for each in working.open_items(session)] == ["call_wanted"]
    phoned(run, "P-0001", "reached")
    with study.database.reading() as session:
        assert working.open_items(session) == []
