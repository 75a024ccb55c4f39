"""The commands for events and alerts, as staff type them."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from hometrial import clock
from hometrial.cli.adverse_event import adverse_event
from hometrial.cli.alert import alert
from hometrial.errors import TrialError
from hometrial.services import enrolling
from hometrial.services.safety import alerts, events

NOON = clock.instant(1_772_452_800_000_000)
"""2 March 2026, 12:00 UTC."""
LEARNED = ("--learned", "2026-03-02T12:00:00Z")


@pytest.fixture
def run(study, at_clock):
    """Run a command of a study with one person; return what it printed."""
    at_clock(NOON)
    with study.database.transaction("test", "enrol") as session:
        enrolling.add_participant(session)

    def ran(group, *words):
        ended = CliRunner().invoke(group, [*map(str, words)], obj=study.database)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        assert ended.exit_code == 0, ended.output
        return ended.output

    return ran


def told(run, *words):
    return run(adverse_event, "add", "P-0001", *words)


def test_an_event_is_added_with_nothing_but_a_person_and_with_everything(run, study):
    assert told(run) == "event 1 of P-0001 is recorded\n"
    said = told(
        run,
        *("--words", "hives", "--term", "rash", "--severity", "severe", "--since", "2026-03-01"),
        *("--at", "22:30", "--ongoing", "yes", "--did", "took a pill", "--grade", 3),
        *("--serious", "hospitalisation", "--serious", "medically_important", "--related", "yes"),
        *("--who-umc", "probable", "--naranjo", "after_drug=yes", "--naranjo", "other_causes=no"),
        *("--expected", "no", "--action", "held", "--treatment", "cetirizine"),
        *("--outcome", "recovering", "--dechallenge", "positive", "--rechallenge", "not_done"),
        *("--pem", "no", "--hys-law", "no", "--pregnancy", "no"),
        *("--learned", "2026-03-02T10:00:00+01:00", "--source", "visit"),
    )
    assert "Serious event to the sponsor: within 21 h 00 min" in said
    (row,) = json.loads(run(adverse_event, "list", "--json"))[1:]
    assert (row["term"], row["grade"], row["naranjo_score"]) == ("rash", 3, 4)
    assert row["serious"] == ["hospitalisation", "medically_important"]
    assert (row["pem_related"], row["ongoing"], row["expectedness"]) == (False, True, "judged")
    with study.database.reading() as session:
        version = events.states(session)[1].current
    assert (version.source, version.reporter) == ("visit", "staff")
    assert version.learned_at == NOON - timedelta(hours=3)


def test_an_event_is_amended_emptied_and_shown_with_its_versions(run):
    told(run, "--words", "head", "--term", "headache", "--grade", 2)
    said = run(adverse_event, "amend", "P-0001", 1, "--serious", "no", "--empty", "grade", "--because", "spoken with")  # fmt: skip
    assert said == "event 1 of P-0001 has version 2\n"
    row = json.loads(run(adverse_event, "show", "P-0001", 1, "--json"))
    assert (row["grade"], row["serious"], row["verbatim"]) == (None, [], "head")
    assert [each["because"] for each in row["versions"]] == ["reported", "spoken with"]
    assert (row["against_run_in"], row["clocks"], row["dose_at_onset_mg"]) == ("new", [], None)
    assert "term: headache" in run(adverse_event, "show", "P-0001", 1)


def test_a_report_that_waits_is_listed_with_its_time_and_ends_when_it_is_sent(run, at_clock):
    told(run, "--serious", "disability", "--related", "no", *LEARNED)
    at_clock(NOON + timedelta(hours=25))
    (row,) = json.loads(run(adverse_event, "list", "--waiting", "--json"))
    assert (row["clock"], row["hours_left"], row["late"]) == ("serious_to_sponsor", -1, True)
    assert row["reminders_due"] == 2
    run(adverse_event, "sent", "P-0001", 1, "serious_to_sponsor", "--reference", "mail 7")
    assert run(adverse_event, "list", "--waiting") == "0 reports wait\n"
    (clock_,) = json.loads(run(adverse_event, "show", "P-0001", 1, "--json"))["clocks"]
    assert (clock_["late"], clock_["sent_at"]) == (True, "2026-03-03T13:00:00+00:00")


def test_a_symptom_of_the_run_in_is_no_new_event(run):
    run(adverse_event, "baseline", "P-0001", "worse_fatigue", 2, "--because", "call")
    told(run, "--term", "worse_fatigue", "--grade", 2)
    shown = json.loads(run(adverse_event, "show", "P-0001", 1, "--json"))
    assert shown["against_run_in"] == "baseline"


def test_codings_come_from_a_file(run, tmp_path):
    told(run, "--words", "head")
    file = tmp_path / "coded.csv"
    header = "participant,number,version,llt_code,pt_code,pt_name,soc_name,meddra_version\n"
    file.write_text(header + "P-0001,1,1,1,2,Headache,Nervous,29.0\n")
    assert run(adverse_event, "list", "--uncoded").endswith("1 events\n")
    assert run(adverse_event, "code", file) == "1 codings are new, 0 were there already\n"
    assert run(adverse_event, "list", "--uncoded") == "0 events\n"
    file.write_bytes(b"participant\nK\xfcln")
    with pytest.raises(TrialError, match=r"coded.csv, line 2: this is no UTF-8"):
        run(adverse_event, "code", file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--learned", "yesterday"], "--learned 'yesterday' is no instant"),
        (["--learned", "2026-03-02T10:00:00"], "has no zone"),
        (["--serious", "no", "--serious", "death"], "one or the other"),
        (["--serious", "death"], "death starts a clock; say when"),
        (["--naranjo", "after_drug"], "is not QUESTION=yes"),
        (["--since", "March"], "start: date 'March'"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_kept(run, study, words, said):
    with pytest.raises(TrialError, match=said):
        told(run, *words)
    with study.database.reading() as session:
        assert events.states(session) == []


def test_an_alert_is_listed_with_its_time_acknowledged_and_closed(run, study, at_clock):
    told(run, "--term", "allergic_reaction")
    at_clock(NOON + timedelta(hours=1))
    (row,) = json.loads(run(alert, "list", "--overdue", "--json"))
    assert (row["rule"], row["hours_left"], row["overdue"]) == ("AL1", -0.75, True)
    assert "OVERDUE by 0 h 45 min" in run(alert, "list", "--participant", "P-0001")
    run(alert, "acknowledge", row["id"])
    assert run(alert, "list", "--overdue") == "0 alerts\n"
    assert "acknowledged by" in run(alert, "list")
    run(alert, "close", row["id"], "--because", "was a cold", "--action", "called")
    assert run(alert, "list") == "0 alerts\n"
    (closed,) = json.loads(run(alert, "list", "--all", "--json"))
    assert (closed["closed_because"], closed["actions"]) == ("was a cold", ["called"])
    with study.database.reading() as session:
        assert alerts.states(session) == []
    load = json.loads(run(alert, "load", "--json"))
    assert (load["alerts"], load["share_acknowledged_in_time"]) == (1, 0)
    assert load["share_acted_upon"] == 1
    assert "needs tuning: False" in run(alert, "load")


def test_an_alert_of_the_study_stands_in_the_list_without_a_person(run):
    told(run, "--serious", "life_threatening", "--related", "yes", *LEARNED)
    assert "the study  red ST1.related_fatal" in run(alert, "list")
