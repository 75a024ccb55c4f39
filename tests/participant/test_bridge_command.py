"""`hometrial bridge`, as staff type it."""

import re

import pytest
from click.testing import CliRunner

from hometrial.cli.bridge import bridge
from hometrial.errors import TrialError, ZoneNeededError
from hometrial.services import bridging, enrolling


@pytest.fixture(scope="module")
def person(shared_study):
    with shared_study.database.transaction("test", "enrol") as session:
        made = enrolling.add_participant(session)
        enrolling.set_zone(session, made, "Europe/Berlin", source="test")
        return made


@pytest.fixture
def run(shared_study):
    def invoke(*arguments):
        return CliRunner().invoke(bridge, arguments, obj=shared_study.database)

    return invoke


def test_a_bridge_is_added_listed_and_revoked_and_its_token_is_shown_once(
    run, shared_study, person
):
    added = run("add", person.code, "--kind", "apple-health")
    (token,) = re.findall(r"htb_\S+", added.output)
    (id_,) = re.findall(rf"bridge (\S+) of {person.code}, apple-health", added.output)
    assert "http://127.0.0.1:8401/push/v1" in added.output
    with shared_study.database.reading() as session:
        assert str(bridging.of_token(session, token).id) == id_

    listed = run("list").output
    assert f"{id_}  {person.code}  apple-health  pushes: 0, none yet\n" in listed
    assert token not in listed

    assert "may push no more" in run("revoke", id_).output
    assert "revoked" in run("list").output
    assert shared_study.rows("SELECT actor, reason FROM audit.entry WHERE table_name = 'public.bridge'") == [
        (shared_study.database.settings.who(), "add a phone bridge"),
        (shared_study.database.settings.who(), "revoke a phone bridge"),
    ]  # fmt: skip


def test_mistakes_are_told_with_the_way_out(run, shared_study):
    with shared_study.database.transaction("test", "enrol") as session:
        homeless = enrolling.add_participant(session)

    assert isinstance(run("add", "P-9999", "--kind", "apple-health").exception, TrialError)
    assert isinstance(
        run("add", homeless.code, "--kind", "apple-health").exception, ZoneNeededError
    )
    assert "'garmin' is not one of" in run("add", homeless.code, "--kind", "garmin").output
    unknown = run("revoke", "5f0c2f9e-7d43-4c1e-9d3a-0a3c5a1c2b77").exception
    assert "bridge list" in str(unknown)
