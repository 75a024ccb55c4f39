"""The system page and its command: what must be mended comes first, and no secret is shown."""

import json

import pytest
from click.testing import CliRunner

from hometrial.cli import _commands
from hometrial.services.backing_up import log
from hometrial.services.backing_up.log import Made
from hometrial.services.viewing import health, system
from hometrial.settings import Settings

SECRET = "a-secret-that-nobody-may-see-0123456789"  # noqa: S105


def test_the_page_says_what_is_to_be_mended_and_how(staff, monkeypatch):
    monkeypatch.setattr(health, "disk_of", lambda _: health.Disk(10**12, 10**8))

    page = staff.get("/system")

    assert page.status_code == 200
    told = page.get_data(as_text=True)
    assert "The disk is nearly full" in told
    assert "Make room" in told
    assert told.index("nearly full") < told.index("Head of the chain")
    assert "Head of the chain" in told
    assert "PostgreSQL" in told


@pytest.mark.parametrize("role", ["coordinator", "data_manager", "investigator", "admin"])
def test_those_who_run_a_study_see_it(as_role, role):
    assert as_role(role).get("/system").status_code == 200


@pytest.mark.parametrize("role", ["statistician", "monitor", "dsmb"])
def test_others_do_not(as_role, role):
    assert as_role(role).get("/system").status_code == 403


def test_a_backup_and_a_verification_are_told(staff, database):
    log.note(database.settings, Made("2026-11-27T03:00:00+00:00", "night.backup", 123_456, 4.5, 17))
    (database.settings.home / "verified.json").write_text(
        json.dumps({"at": "2026-11-28T04:00:00+00:00", "seq": 12, "problems": 2})
    )

    told = staff.get("/system").get_data(as_text=True)

    assert "night.backup" in told
    assert "2 problems" in told


def test_no_secret_is_shown(tmp_path):
    settings = Settings(
        home=tmp_path,
        database_url=f"postgresql://study:{SECRET}@127.0.0.1/x",
        google_client_id="client",
        google_client_secret=SECRET,
        webhook_secret=SECRET,
    )

    told = {each.name: each.shown for each in system._set(settings)}

    assert SECRET not in str(told)
    assert told["HOMETRIAL_WEBHOOK_SECRET"] == "set"  # noqa: S105
    assert told["HOMETRIAL_GOOGLE_CLIENT_ID"] == "client"
    assert "***" in told["HOMETRIAL_DATABASE_URL"]


def test_the_command_tells_the_same_as_json_and_ends_with_one_without_a_worker(study, monkeypatch):
    monkeypatch.setenv("HOMETRIAL_HOME", str(study.database.settings.home))
    monkeypatch.setenv("HOMETRIAL_DATABASE_URL", str(study.database.settings.database_url))

    told = CliRunner().invoke(_commands, ["system", "status", "--json", "--needs-worker"])

    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert found["workers"] == 0
    assert {"database", "disk", "queue", "audit", "backup", "providers"} <= set(found)


def test_a_verification_by_command_is_remembered(database, monkeypatch):
    monkeypatch.setenv("HOMETRIAL_HOME", str(database.settings.home))

    CliRunner().invoke(_commands, ["audit", "verify"])

    assert system.verified(database.settings).seq > 0
