"""A trial from its file to an arm and a visit, typed by the people who run it."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import enrolled
import pytest
from enrolled import ANSWERS

from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.trial import following, screening

pytestmark = pytest.mark.long

ZONE = "Europe/Berlin"
BODY = loading.shipped_text("ldn-mecfs")
WORDS = {True: "yes", False: "no"}
TYPED = [f"{name}={WORDS.get(value, value) if isinstance(value, bool) else value}" for name, value in ANSWERS.items()]  # fmt: skip


@pytest.fixture
def run(typed, study, monkeypatch):
    """Type a command as somebody; it must end with this exit code. Return what it printed."""

    def checked(*arguments, code=0, actor="ann"):
        monkeypatch.setenv("HOMETRIAL_ACTOR", actor)
        ended, out, err = typed(study, *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


@pytest.fixture
def in_force(run):
    run("trial", "load", "ldn-mecfs")
    run("trial", "approve", "ldn-mecfs", "1.0.0", "--because", "reviewed", actor="bob")
    run("trial", "publish", "ldn-mecfs", "1.0.0")


@pytest.fixture
def signed(study, in_force, run):
    """A person with a screening open who has signed, and whose run-in is over."""
    code = run("screening", "open", "ldn-mecfs", "--zone", ZONE).strip()
    with study.database.transaction("test", "consent") as session:
        person = enrolling.find_participant(session, code)
        enrolled.consent(session, person)
        following.anchor(session, person, "consent", today(), because="signed")
        following.anchor(session, person, "run_in_end", today(), because="over")
    return code


def today():
    """The day it is where the person lives, which for an hour or two a night is not the day it is in UTC."""
    return datetime.now(ZoneInfo(ZONE)).date()


def test_a_protocol_comes_into_force_step_by_step(run, tmp_path):
    assert "no protocol yet" in run("trial", "list")
    file = tmp_path / "trial.yaml"
    file.write_text(BODY)
    assert "1.0.0 has no fault" in run("trial", "check", file)
    assert "1.0.0 is a draft, sha256 " in run("trial", "load", file)
    assert "comes first" in run("trial", "publish", "ldn-mecfs", "1.0.0", code=2)
    because = ("--because", "ethics 2026-11")
    assert "somebody else" in run("trial", "approve", "ldn-mecfs", "1.0.0", *because, code=2)
    run("trial", "approve", "ldn-mecfs", "1.0.0", *because, actor="bob")
    assert "1.0.0 is in force" in run("trial", "publish", "ldn-mecfs", "1.0.0")
    later = BODY.replace("version: 1.0.0", "version: 1.1.0", 1)
    file.write_text(later.replace("window: [-3, 4]", "window: [-3, 5]", 1))
    run("trial", "load", file)
    assert "visits[W4].window" in run("trial", "diff", "ldn-mecfs", "1.1.0")
    (change,) = json.loads(run("trial", "diff", "ldn-mecfs", "1.1.0", "--json"))
    assert (change["path"], change["impact"]) == ("visits[W4].window", "reconsent")
    states = [row["state"] for row in json.loads(run("trial", "list", "--json"))]
    assert states == ["published", "draft"]
    assert run("trial", "show", "ldn-mecfs", "1.0.0", "--file") == BODY
    shown = run("trial", "show", "ldn-mecfs", "1.0.0")
    assert "by bob: ethics 2026-11" in shown
    assert "before anybody can consent: registration" in shown
    plain = json.loads(run("trial", "show", "ldn-mecfs", "1.0.0", "--json"))
    assert plain["missing_before_consent"]


def test_a_broken_file_is_refused_with_every_fault(run, tmp_path):
    file = tmp_path / "trial.yaml"
    file.write_text(BODY.replace("version: 1.0.0", "version: one", 1).replace("phase:", "fase:", 1))
    for command in ("check", "load"):
        told = run("trial", command, file, code=2)
        assert "version" in told
        assert "fase" in told
    file.write_bytes(b"\xff\xfe")
    assert "is no UTF-8" in run("trial", "check", file, code=2)
    assert "No such file" in run("trial", "check", tmp_path / "none.yaml", code=2)


def test_from_a_screening_to_an_arm_and_a_visit(run, study, signed):
    told = run("screening", "answer", signed, *TYPED[:5])
    assert "cannot decide" in told
    assert "unknown: " in told
    assert "cannot be decided yet, unknown" in run("screening", "decide", signed, code=2)
    run("screening", "answer", signed, *TYPED, "--source", "participant")
    shown = json.loads(run("screening", "show", signed, "--json"))
    assert (shown["standing"], shown["unknown"]) == ("eligible", [])
    assert "eligible, locked" in run("screening", "decide", signed)
    assert "age = 41 (staff, ann)" in run("screening", "show", signed)
    assert "hometrial allocation open" in run("allocation", "allocate", signed, code=2)
    commitment = run("allocation", "open", "ldn-mecfs").split()[-1]
    made = json.loads(run("allocation", "allocate", signed, "--json"))
    assert made["arm"] in ("IMM", "DEL")
    assert "nobody is allocated twice" in run("allocation", "allocate", signed, code=2)
    assert "marked" in run("allocation", "in-error", signed, "--because", "too early")
    the_visits_are_told(run, signed)
    assert "still sealed" in run("allocation", "verify", "ldn-mecfs", code=2)
    because = ("--because", "last person out")
    assert commitment in run("allocation", "reveal", "ldn-mecfs", *because)
    assert "is revealed" in run("allocation", "reveal", "ldn-mecfs", *because, code=2)
    assert "every allocation is as drawn" in run("allocation", "verify", "ldn-mecfs")
    flow = json.loads(run("screening", "log", "ldn-mecfs", "--json"))["flow"]
    assert (flow["allocated"], flow["allocated_by_arm"]) == (1, {made["arm"]: 1})
    run("site", "add", "S-02", "--name", "Centre B")
    here, there = (
        json.loads(run("screening", "log", "ldn-mecfs", "--site", site, "--json"))["flow"]
        for site in ("S-01", "S-02")
    )
    assert (here, there["allocated"], there["allocated_by_arm"]) == (flow, 0, {})
    assert study.verify().problems == ()


def the_visits_are_told(run, code):
    due = json.loads(run("visit", "due", "--json"))["visits"]
    assert {line["visit"] for line in due} == {"V0", "V1"}
    run("visit", "held", code, "V0", today(), "--mode", "video")
    assert "missed: too ill" in run("visit", "missed", code, "V1", "--reason", "too ill")
    assert run("visit", "due") == "nothing is due\n"
    lines = run("visit", "due", code, "--all")
    assert "V0     held" in lines
    assert "V1     missed" in lines
    assert "yet to come" in run("visit", "held", code, "U", "2999-01-01", "--mode", "phone", code=2)
    assert "is no day" in run("visit", "held", code, "U", "soon", "--mode", "phone", code=2)


def test_screenings_are_logged_with_their_reasons(run, in_force):
    assert "--zone" in run("screening", "open", "ldn-mecfs", code=2)
    assert "no version of ldn-x is in force" in run(
        "screening", "open", "ldn-x", "--zone", ZONE, code=2
    )
    zone = ("--zone", ZONE)
    assert run("screening", "open", "ldn-mecfs", *zone) == "P-0001\n"
    assert "not met: I1" in run("screening", "answer", "P-0001", "age=80")
    assert "say why that is corrected" in run("screening", "answer", "P-0001", "age=81", code=2)
    run("screening", "answer", "P-0001", "age=81", "--because", "birthday")
    assert "corrected: birthday" in run("screening", "show", "P-0001")
    assert "I1: Age 18-70" in run("screening", "decide", "P-0001")
    assert run("screening", "open", "ldn-mecfs", "--participant", "P-0001") == "P-0001\n"
    run("screening", "decide", "P-0001", "--declined", "too far")
    run("screening", "open", "ldn-mecfs", *zone)
    log = run("screening", "log", "ldn-mecfs")
    assert "P-0001 #1" in log
    assert "assessed: 2" in log
    assert "declined: 1" in log


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["age=old"], "age: 'old' is no number"),
        (["age=150"], "age: 150 is not in 0 to 120"),
        (["pregnant=maybe"], "'maybe' is neither true nor false"),
        (["me_severity=awful"], "is none of mild"),
        (["age"], "is not NAME=VALUE"),
        (["age=1", "age=2"], "is there twice"),
        (["consent_signed=yes"], "is not typed"),
        (["shoe=1"], "no such variable"),
        (["age=nan"], "is not in 0 to 120"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_in_one_sentence(typed, one_open, words, said):
    ended, _, told = typed(one_open, "screening", "answer", "P-0001", *words)
    assert (ended, told.count("\n")) == (2, 1)
    assert said in told


@pytest.fixture(scope="module")
def one_open(shared_study):
    """A study in which the screening of P-0001 is open, only ever read."""
    with shared_study.database.transaction("test", "screening") as session:
        screening.open_screening(session, enrolled.published(session), by="ann")
    return shared_study
