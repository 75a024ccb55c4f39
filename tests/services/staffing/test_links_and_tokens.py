"""Links and tokens are shown once, open for a while, and end when they are used, replaced or taken back."""

from datetime import timedelta

import pytest

from hometrial.services.staffing import granting, links, tokens
from hometrial.services.staffing.links import LinkRefusedError
from hometrial.services.staffing.tokens import TokenRefusedError
from hometrial.settings import Settings


def test_a_link_is_used_once(office):
    token = office.act(links.make, office.account("ada"), "cli:root")
    assert office.act(links.owner, token).name == "ada"
    assert office.act(links.use, token, "set up")
    assert not office.act(links.use, token, "set up")
    assert office.act(links.owner, token) is None
    assert token not in str(office.study.rows("SELECT * FROM access.setup_link"))


def test_a_link_ends_with_its_time_and_with_the_next_one(office, now):
    ada = office.account("ada")
    first = office.act(links.make, ada, "cli:root", links.SHORTEST)
    second = office.act(links.make, ada, "cli:root", links.SHORTEST)
    assert office.act(links.owner, first) is None
    now(minutes=9)
    assert office.act(links.owner, second)
    now(minutes=1)
    assert office.act(links.owner, second) is None
    assert not office.act(links.use, second, "set up")


@pytest.mark.parametrize("lasting", [timedelta(minutes=9), timedelta(days=8), timedelta()])
def test_a_link_lasts_ten_minutes_to_seven_days(office, lasting):
    with pytest.raises(LinkRefusedError, match="lasts from"):
        office.act(links.make, office.account("ada"), "cli:root", lasting)


def test_a_link_leads_to_the_address_that_is_set(tmp_path):
    settings = Settings(home=tmp_path, staff_url="https://staff.example.org/")
    assert links.address(settings, "abc") == "https://staff.example.org/setup/abc"


@pytest.fixture
def reader(office):
    """Ada may have tokens."""

    def grant(session):
        made = granting.request(session, office.account("ada"), "statistician", None, ("cli:root", "x"))  # fmt: skip
        granting.decide(session, made, "staff:bea", approve=True)

    office.act(grant)
    return office.account("ada")


def test_a_token_acts_for_its_owner_until_its_day(office, reader, now):
    token = office.act(tokens.issue, reader.id, "figures", timedelta(days=30))
    assert token.startswith(tokens.START)
    assert office.act(tokens.actor, token).name == "ada"
    assert office.act(tokens.actor, token + "x") is None
    now(days=30)
    assert office.act(tokens.actor, token) is None
    assert token not in str(office.study.rows("SELECT * FROM access.staff_token"))


def test_a_token_is_revoked_by_its_owner_alone(office, reader):
    token = office.act(tokens.issue, reader.id, "figures", timedelta(days=30))
    [row] = office.act(tokens.mine, reader.id)
    assert not office.act(tokens.revoke, office.account("bea").id, row.id)
    assert office.act(tokens.actor, token)
    assert office.act(tokens.revoke, reader.id, row.id)
    assert office.act(tokens.actor, token) is None
    assert office.act(tokens.mine, reader.id) == []
    office.act(tokens.issue, reader.id, "figures", timedelta(days=1))  # its name is free again


def test_a_token_without_a_role_for_it_opens_nothing(office):
    bea = office.account("bea")
    token = office.act(tokens.issue, bea.id, "figures", timedelta(days=30))
    assert office.act(tokens.actor, token) is None


def test_a_token_has_a_name_of_its_own_and_an_end(office, reader):
    office.act(tokens.issue, reader.id, "figures", timedelta(days=30))
    for name, days, told in (("figures", 30, "already"), (" ", 30, "what the token is for"), ("x", 0, "1 to 366"), ("x", 367, "1 to 366")):  # fmt: skip
        with pytest.raises(TokenRefusedError, match=told):
            office.act(tokens.issue, reader.id, name, timedelta(days=days))
