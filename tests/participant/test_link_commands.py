"""`hometrial link`: what the staff do about links on the command line."""

import json
import re
import shutil
from datetime import timedelta
from functools import partial

import pytest
from click.testing import CliRunner

from hometrial.cli.link import link
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services.syncing import unlinking, vault


def invoke(database, *arguments):
    """Run a command of the group; return what it prints."""
    answer = CliRunner().invoke(link, arguments, obj=database)
    if answer.exception:
        raise answer.exception
    return answer.output


@pytest.fixture
def run(place):
    """Run a command beside the site's study."""
    return partial(invoke, place.database)


@pytest.fixture
def linked(place):
    """A person with a linked account; returns the code."""
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("TRUNCATE wearable_account CASCADE")
    person = place.visitor()
    person.link(1)
    with place.database.engine.connect() as connection:
        return connection.exec_driver_sql(
            "SELECT code FROM participant p JOIN connection c ON c.participant_id = p.id"
        ).scalar_one()


def test_an_invitation_is_printed_once_and_opens_the_page(place, run, linked):
    printed = run("invite", linked, "--reason", "new watch").strip()
    assert printed.startswith("http://localhost/join/")
    client = place.app.test_client()
    path = printed.removeprefix("http://localhost")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)[1]
    assert client.post(path, data={"csrf_token": token}).status_code == 303
    assert "Google Health" in client.get("/watch").text


def test_a_person_who_is_not_enrolled_is_not_invited(run):
    with pytest.raises(TrialError, match="no participant 'P-9999'"):
        run("invite", "P-9999")


def test_the_list_shows_state_and_streams_and_no_token(run, linked):
    (row,) = json.loads(run("list", "--json"))
    assert (row["participant"], row["provider"], row["status"]) == (
        linked, "google-health", "active",
    )  # fmt: skip
    assert "steps" in row["streams"]
    assert f"{linked}  google-health  active" in run("list")


def test_a_link_is_removed_and_revoked_at_once(place, run, linked):
    printed = run("remove", linked, "google-health", "--reason", "asked by phone")
    assert "nothing is read from google-health any more" in printed
    assert "has confirmed" in printed
    (row,) = json.loads(run("list", "--json"))
    assert (row["status"], row["reason"]) == ("unlinked", "asked by phone")
    with pytest.raises(TrialError, match="no account at google-health"):
        run("remove", linked, "google-health", "--reason", "again")


def test_an_outage_leaves_the_asking_to_the_worker_and_the_confirming_to_the_staff(
    place, run, linked
):
    place.sims.faults.google.unavailable(path="/revoke", times=20)
    printed = run("remove", linked, "google-health", "--reason", "asked by phone")
    place.sims.faults.google.clear()
    assert "has not confirmed yet" in printed
    assert json.loads(run("list", "--json"))[0]["status"] == "unlinking"
    with place.database.transaction("test") as session:
        (waits,) = unlinking.waiting(session)
        unlinking.unlink(session, waits[0], "withdrawn", at_latest=timedelta(0))
        unlinking.destroy_overdue(session)
    run("confirm", linked, "google-health", "--reason", "seen on the person's screen")
    assert json.loads(run("list", "--json"))[0]["status"] == "unlinked"


def test_keys_are_rotated_and_the_old_ones_forgotten(place, linked, tmp_path):
    home = place.database.settings.home
    shutil.copytree(home / "keys", tmp_path / "keys")  # other tests go on with theirs
    own = Database(place.database.settings.model_copy(update={"home": tmp_path}))
    before = vault.keys(own.settings)
    assert "1 accounts" in invoke(own, "rotate-key")
    assert vault.keys(own.settings)[1:] == before
    assert "older keys are deleted" in invoke(own, "rotate-key", "--forget-old")
    assert len(vault.keys(own.settings)) == 1
    assert "has confirmed" in invoke(own, "remove", linked, "google-health", "--reason", "opens")
    own.close()
