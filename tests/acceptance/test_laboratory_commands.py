"""Results of laboratories, typed by the site: recorded, refused in a sentence, corrected and listed."""

import json
from datetime import UTC, datetime

import pytest
from tests.support import enrolled

from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.trial import screening


@pytest.fixture
def code(study, at_clock):
    at_clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        opened = screening.open_screening(session, enrolled.published(session), by="ann")
        person = session.get_one(Participant, opened.participant_id)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        enrolled.consent(session, person)
    at_clock(datetime(2026, 3, 20, 9, tzinfo=UTC))
    return person.code


@pytest.fixture
def run(typed, study, monkeypatch):
    """Type a command as ann; it must end with this exit code. Return what it printed."""
    monkeypatch.setenv("HOMETRIAL_ACTOR", "ann")

    def checked(*arguments, code=0):
        ended, out, err = typed(study, "laboratory", *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


def test_results_are_added_refused_corrected_and_listed(run, code):
    assert "has no result" in run("list", code)
    sample = ("--sampled", "2026-03-10T08:30+01:00", "--laboratory", "Central")
    alt = ("add", code, "labs", "alt", "U/L", *sample)
    normal = ("--upper-limit", "40")
    assert "upper limit of normal" in run(*alt, "--value", "31", code=2)
    assert "'3l' is no number" in run(*alt, "--value", "3l", *normal, code=2)
    assert "give --corrects ID" in run(*alt, "--value", "31", *normal, "--because", "x", code=2)
    added = run(*alt, "--value", "31.0", *normal)
    assert "labs alt 31.0 U/L, 0.78 times the upper limit, sampled 2026-03-10 07:30 UTC" in added
    assert "alert" not in added
    (row,) = json.loads(run("list", code, "--json"))
    assert (row["value"], row["below"], row["times_upper_limit"]) == ("31.0", None, 0.775)
    assert row["recorded_by"] == "ann"
    mended = ("--corrects", row["id"], "--because", "a digit was lost")
    assert "alert LV1: a clinician answers" in run(*alt, "--value", "310", *normal, *mended)
    (now,) = json.loads(run("list", code, "--json"))
    assert (now["value"], now["corrects"], now["because"]) == ("310", row["id"], "a digit was lost")
    assert f"{now['id']}  labs alt 310 U/L" in run("list", code)


def test_less_than_can_be_detected_is_listed_as_that(run, code):
    run(
        "add", code, "labs", "bilirubin", "umol/L", "--below", "1.5", "--upper-limit", "21",
        "--sampled", "2026-03-10T08:30Z", "--laboratory", "Central",
    )  # fmt: skip
    assert "bilirubin below 1.5 umol/L, below 0.07 times" in run("list", code)
