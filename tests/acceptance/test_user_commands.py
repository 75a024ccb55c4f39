"""Accounts of the staff, typed by whoever holds the machine, who is one person and no more."""

import json
import re

import pytest

from hometrial.cli import staff
from hometrial.db import Database
from hometrial.models import StaffGrant
from hometrial.services import reaching
from hometrial.services.staffing import accounts, granting, links, tokens
from hometrial.settings import Settings


@pytest.fixture
def run(typed, study, monkeypatch):
    """Type a command; it must end with this exit code. Return what it printed."""
    with study.database.transaction("test") as session:
        reaching.add_site(session, "S-01", name="Leuven")

    def checked(*arguments, code=0, actor="ops"):
        monkeypatch.setenv("HOMETRIAL_ACTOR", actor)
        ended, out, err = typed(study, "user", *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


@pytest.fixture
def ada(run):
    return run("add", "ada", "--full-name", "Ada Lovelace", "--role", "admin")


def test_the_first_admin_is_made_here_and_the_next_waits_for_the_first(run, ada, study):
    assert "the first admin of this study" in ada
    assert "`hometrial user link ada`" in ada
    said = run("add", "bea", "--full-name", "Bea Smith", "--role", "admin")
    assert "admin of the whole study waits for an admin" in said
    assert json.loads(run("list", "--json")) == [
        {"name": "ada", "full_name": "Ada Lovelace", "disabled": None, "roles": ["admin of the whole study"], "waiting": []},
        {"name": "bea", "full_name": "Bea Smith", "disabled": None, "roles": [], "waiting": ["admin of the whole study"]},
    ]  # fmt: skip
    assert "bea          Bea Smith: no role; waiting: admin of the whole study" in run("list")


def test_who_asked_here_does_not_approve_here_under_any_name(run, ada):
    run("add", "bea", "--full-name", "Bea", "--role", "coordinator", "--site", "S-01")
    for actor in ("ops", "other", "staff:ada", "cli:third"):
        told = run("approve", "bea", "coordinator", "--site", "S-01", code=2, actor=actor)
        assert "an admin does so on the site" in told
    assert "coordinator" not in json.loads(run("list", "--json"))[1]["roles"]


def test_what_an_admin_asked_for_is_approved_or_declined_here_and_ended(run, ada, study):
    run("add", "bea", "--full-name", "Bea")
    with study.database.transaction("staff:ada") as session:
        bea = accounts.find(session, "bea")
        granting.request(session, bea, "monitor", None, ("staff:ada", "to monitor"))
        granting.request(session, bea, "statistician", None, ("staff:ada", "to count"))
    assert run("approve", "bea", "monitor") == "bea: monitor at all sites approved\n"
    assert "declined" in run("approve", "bea", "statistician", "--decline")
    assert "ended" in run("end", "bea", "monitor", "--reason", "other work")
    rows = study.rows(
        "SELECT decided_by, ended_by, end_reason FROM staff_grant WHERE role = 'monitor'"
    )
    assert rows == [("cli:ops", "cli:ops", "other work")]
    assert "neither held nor asked for" in run("end", "bea", "monitor", "--reason", "x", code=2)


def test_a_link_leads_to_the_address_that_is_set_and_only_its_hash_is_kept(run, ada, study):
    link = run("link", "ada", "--minutes", "10")
    found = re.fullmatch(r"http://localhost:8400/setup/([\w-]{43})\n", link)
    assert found
    assert found[1] not in str(study.rows("SELECT * FROM access.setup_link"))
    assert found[1] not in str(study.rows("SELECT new FROM audit.entry"))
    assert "lasts from" in run("link", "ada", "--minutes", "9", code=2)


def test_an_account_is_disabled_with_a_reason_but_not_the_only_admin(run, ada, study):
    run("add", "bea", "--full-name", "Bea")
    assert run("disable", "bea", "--reason", "left") == "bea: disabled\n"
    assert "bea          Bea: disabled: left" in run("list")
    assert "disabled for good" in run("link", "bea", code=2)
    assert "the only admin" in run("disable", "ada", "--reason", "left", code=2)
    assert "--reason" in run("disable", "ada", code=2)


def test_tokens_are_listed_and_revoked(run, ada, study):
    assert run("tokens", "ada") == "ada has no tokens\n"
    with study.database.transaction("staff:ada") as session:
        tokens.issue(session, accounts.find(session, "ada").id, "figures", tokens.LONGEST)
    assert "figures: made" in run("tokens", "ada")
    assert "no token 'x' of ada" in run("tokens", "ada", "--revoke", "x", code=2)
    assert run("tokens", "ada", "--revoke", "figures") == "figures: revoked\nada has no tokens\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "Ada", "--full-name", "A"), "no name to log in with"),
        (("add", "eve", "--full-name", "E", "--role", "owner"), "there are coordinator"),
        (("add", "eve", "--full-name", "E", "--role", "investigator"), "at a site that is named"),
        (("add", "eve", "--full-name", "E", "--role", "dsmb", "--site", "S-01"), "give no site"),
        (("add", "eve", "--full-name", "E", "--role", "monitor", "--site", "S-9"), "no site 'S-9'"),
        (("grant", "eve", "monitor", "--reason", "x"), "no account 'eve'"),
        (("grant", "ada", "monitor", "--reason", " "), "say why ada needs the role"),
        (("grant", "ada", "monitor"), "--reason"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(run, ada, study, arguments, says):
    assert says in run(*arguments, code=2)
    assert study.one("SELECT count(*) FROM staff_account") == 1
    with study.database.reading() as session:
        assert session.query(StaffGrant).count() == 1


def test_a_study_tells_its_address_and_only_a_rehearsal_a_link_that_logs_in(study, capsys):
    database = study.database
    assert staff._address(database, "http://here") == "http://here/"
    assert "hometrial user add ada" in capsys.readouterr().out
    settings = database.settings.model_dump(exclude={"simulators"})
    rehearsed = Database(Settings(**settings, simulators="http://localhost:9"))
    link = staff._address(rehearsed, "http://here")
    rehearsed.close()
    with database.reading() as session:
        owner = links.owner(session, link.removeprefix("http://here/setup/"))
    assert owner is not None
    assert owner.name == accounts.OWN
    capsys.readouterr()
    assert staff._address(database, "http://here") == "http://here/"
    assert "this study was a rehearsal" in capsys.readouterr().out
