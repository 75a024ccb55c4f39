"""The README's path as a new user walks it, with the real program in processes of its own."""

import json
import zipfile

import pandas as pd
import pytest

from hometrial import embedded

pytestmark = pytest.mark.long

BEAT_FILE = "Takeout/Fitbit/Global Export Data/heart_rate-2016-06-24.json"
STEP_FILE = "Takeout/Fitbit/Global Export Data/steps-2016-06-24.json"
FATES = ("rows_accepted", "rows_duplicate", "rows_quarantined", "rows_unreadable")


def takeout_of_a_day() -> dict[str, str]:
    beats = [
        {"dateTime": f"06/24/16 16:{n:02}:10", "value": {"bpm": 60 + n, "confidence": 2}}
        for n in range(30)
    ]
    beats[3]["value"]["bpm"] = 400
    beats[4]["value"]["bpm"] = 500
    beats[5]["value"]["bpm"] = None
    steps = [{"dateTime": f"06/24/16 16:{n:02}:00", "value": str(n)} for n in range(30)]
    return {BEAT_FILE: json.dumps(beats), STEP_FILE: json.dumps(steps)}


@pytest.fixture
def takeout(tmp_path):
    path = tmp_path / "takeout-2026.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in takeout_of_a_day().items():
            archive.writestr(name, content)
        archive.writestr("Takeout/archive_browser.html", "<html></html>")
    return path


@pytest.fixture
def served(own_home):
    """Keep the embedded server of the commands' home up between them, which saves its restarts."""
    return embedded.url(own_home)


@pytest.fixture
def run(command):
    """Run a command that must end with this exit code, and return what it printed."""

    def checked(*arguments, code=0):
        ended = command(*arguments)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout if code == 0 else ended.stdout + ended.stderr

    return checked


def test_from_a_new_participant_to_a_data_set_out(served, run, takeout, tmp_path):
    assert (
        run("participant", "list")
        == "no participants yet; `hometrial participant add` enrols one\n"
    )
    assert run("participant", "add", "--zone", "Europe/Berlin") == "P-0001\n"

    report = json.loads(run("import", "takeout", takeout, "--participant", "P-0001", "--json"))
    the_report_adds_up(report)

    again = run("import", "takeout", takeout, "--participant", "P-0001")
    assert "0 day chunks written" in again
    assert "imported before; nothing was written" in again

    the_doctor_tells_what_is_there(run)
    the_quarantine_is_decided(run)
    the_data_set_holds_what_was_decided(run, tmp_path / "draft")
    the_audit_trail_is_whole(run, tmp_path / "kept-elsewhere.jsonl")
    assert run("db", "status").startswith("database ")


def the_report_adds_up(report):
    assert {"files", "participants", "chunks_written", "chunks_unchanged"} <= report.keys()
    assert (report["participants"], report["chunks_written"]) == (["P-0001"], 2)
    for file in report["files"]:
        assert {"path", "kind", "rows_read", *FATES, "quarantined_by_rule"} <= file.keys()
        assert file["rows_read"] == sum(file[fate] for fate in FATES) == 30
        assert file["rows_quarantined"] == sum(file["quarantined_by_rule"].values())
    beats = next(file for file in report["files"] if file["path"] == BEAT_FILE)
    assert [beats[fate] for fate in FATES] == [27, 0, 2, 1]


def the_doctor_tells_what_is_there(run):
    told = run("doctor", "P-0001")
    assert "Europe/Berlin" in told
    assert "2016-06-24" in told
    found = json.loads(run("doctor", "P-0001", "--json"))
    assert found["participant"] == "P-0001"
    held = {each["stream"]: each["samples"] for each in found["streams"]}
    assert held == {"heart_rate": 27, "steps": 30}
    assert "there is no participant 'P-0009'" in run("doctor", "P-0009", code=2)


def the_quarantine_is_decided(run):
    rows = json.loads(run("quarantine", "list", "--json"))
    assert {(row["participant"], row["rule"], row["value"]) for row in rows} == {
        ("P-0001", "value_is_physical", 400),
        ("P-0001", "value_is_physical", 500),
    }
    by_value = {row["value"]: row["id"] for row in rows}
    reason = ("--reason", "chest strap during exercise test")
    assert run("quarantine", "release", by_value[400], *reason) == "1 rows released\n"
    assert run("quarantine", "confirm", by_value[500], "--reason", "fault").startswith("1 rows")
    assert run("quarantine", "list") == "0 rows are open\n"


def the_data_set_holds_what_was_decided(run, out):
    summary = json.loads(run("export", "--draft", "--out", out, "--json"))
    assert (summary["participants"], summary["samples"]) == (["P-0001"], 58)
    beats = pd.read_parquet(out / "samples/heart_rate")["value"].tolist()
    assert 400 in beats
    assert 500 not in beats
    manifest = json.loads((out / "MANIFEST.json").read_text())
    assert {"path", "rows", "sha256"} <= manifest["files"][0].keys()
    first = (out / "MANIFEST.sha256").read_text()
    run("export", "--draft", "--out", out, "--format", "parquet,csv")
    assert (out / "MANIFEST.sha256").read_text() == first
    assert "add --draft" in run("export", "--out", out, code=2)


def the_audit_trail_is_whole(run, anchors):
    assert "anchored in" in run("audit", "anchor", "--out", anchors)
    assert "1 anchors: the audit trail is whole" in run("audit", "verify", "--anchors", anchors)
    report = json.loads(run("audit", "verify", "--json"))
    assert report["problems"] == []
    anchors.write_text(anchors.read_text().replace('"seq": ', '"seq": 9'))
    assert "THE AUDIT TRAIL IS BROKEN" in run("audit", "verify", "--anchors", anchors, code=4)


def test_an_unsafe_setting_ends_with_exit_code_three_and_its_name(run, monkeypatch):
    monkeypatch.setenv("HOMETRIAL_ACTOR", " ")

    told = run("participant", "list", code=3)

    assert "HOMETRIAL_ACTOR" in told
    assert told.count("\n") == 1


def test_the_demo_sets_its_study_up(run, own_home):
    told = run("demo", "--set-up-only")

    assert f"the demo's study stands in {own_home}" in told
    people = json.loads(run("participant", "list", "--json"))
    codes = [person["participant"] for person in people]
    assert codes == [f"P-{n:04}" for n in range(1, len(people) + 1)]
    assert len(people) == 75
    assert all(person["zone"] for person in people)
