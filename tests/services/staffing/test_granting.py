"""A role needs two persons, whatever program writes it; and what was asked, decided and ended stays."""

from threading import Thread

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from hometrial import clock
from hometrial.models import Site, StaffGrant
from hometrial.services.staffing import accounts, acting, granting, links, sessions, tokens
from hometrial.services.staffing.accounts import AccountRefusedError, UnknownAccountError
from hometrial.services.staffing.granting import GrantRefusedError

ADA, BEA, CYN = "staff:ada", "staff:bea", "staff:cyn"


def asked(office, name, role, by, site="S-01"):
    def ask(session):
        at = None if site is None else session.scalars(select(Site).where(Site.code == site)).one()
        return granting.request(session, accounts.find(session, name), role, at, (by, "a test"))

    return office.act(ask)


def decided(office, grant, by, approve=True):
    office.act(lambda session: granting.decide(session, session.get_one(StaffGrant, grant.id), by, approve=approve))  # fmt: skip


def ended(office, grant, by):
    office.act(lambda session: granting.end(session, session.get_one(StaffGrant, grant.id), by, "over"))  # fmt: skip


def may(office, name, action):
    return acting_of(office, name).may(action)


def acting_of(office, name):
    return office.act(lambda session: acting.actor_of(session, accounts.find(session, name)))


@pytest.fixture
def two(office):
    """Ada and Bea are admins."""
    decided(office, asked(office, "bea", "admin", "cli:root", None), ADA)
    return office


def test_a_role_that_nobody_approved_allows_nothing(two):
    grant = asked(two, "cyn", "coordinator", ADA)
    assert not may(two, "cyn", "people.see")
    decided(two, grant, BEA)
    assert may(two, "cyn", "people.see")


def test_who_asked_does_not_decide_and_nobody_decides_about_themselves(two):
    grant = asked(two, "cyn", "coordinator", ADA)
    with pytest.raises(GrantRefusedError, match="staff:ada asked for it"):
        decided(two, grant, ADA)
    own = asked(two, "bea", "investigator", ADA)
    with pytest.raises(GrantRefusedError, match="their own role"):
        decided(two, own, BEA)
    assert not may(two, "bea", "people.see")


def test_whoever_holds_the_machine_is_one_person(two):
    grant = asked(two, "cyn", "coordinator", "cli:root")
    with pytest.raises(GrantRefusedError, match="on the site"):
        decided(two, grant, "cli:other")
    decided(two, grant, ADA)
    decided(two, asked(two, "cyn", "monitor", ADA), "cli:root")
    assert acting_of(two, "cyn").roles == ("coordinator", "monitor")


@pytest.mark.parametrize(
    "change",
    [
        "decided_by = 'staff:ada', decided_at = now(), approved = true",
        "decided_by = 'staff:cyn', decided_at = now(), approved = true",
        "decided_by = 'system:first-admin', decided_at = now(), approved = true",
        "role = 'investigator'",
        "requested_by = 'staff:bea'",
        "site_id = NULL",
        "ended_at = now(), ended_by = 'x', end_reason = 'x'",
    ],
)
def test_the_table_itself_refuses_one_person_and_any_rewriting(two, change):
    asked(two, "cyn", "coordinator", ADA)
    with pytest.raises(DatabaseError), two.study.database.transaction("test", "attack") as session:
        session.execute(text(f"UPDATE staff_grant SET {change} WHERE role = 'coordinator'"))  # noqa: S608


def test_the_table_refuses_two_names_of_the_machine_to_delete_and_to_decide_anew(two):
    grant = asked(two, "cyn", "coordinator", "cli:root")
    attacks = (
        "UPDATE staff_grant SET decided_by = 'cli:x', decided_at = now(), approved = true WHERE decided_by IS NULL",
        "DELETE FROM staff_grant",
        "DELETE FROM staff_account",
        "UPDATE staff_account SET name = 'dan' WHERE name = 'cyn'",
        "UPDATE staff_grant SET decided_by = 'staff:x' WHERE role = 'admin'",
    )
    for attack in attacks:
        with pytest.raises(DatabaseError), two.study.database.transaction("x", "x") as session:
            session.execute(text(attack))
    decided(two, grant, BEA, approve=False)
    with pytest.raises(DatabaseError), two.study.database.transaction("x", "x") as session:
        session.execute(text("UPDATE staff_grant SET approved = true WHERE NOT approved"))


def test_a_role_that_writes_is_held_at_sites_that_are_named(two):
    for role in ("coordinator", "data_manager", "investigator"):
        with pytest.raises(GrantRefusedError, match="at a site that is named"):
            asked(two, "cyn", role, ADA, None)
    with pytest.raises(GrantRefusedError, match="serves the whole study"):
        asked(two, "cyn", "admin", ADA)
    with pytest.raises(GrantRefusedError, match="there are coordinator"):
        asked(two, "cyn", "owner", ADA)
    decided(two, asked(two, "cyn", "monitor", ADA, None), BEA)
    found = acting_of(two, "cyn")
    assert found.may("people.see")
    assert not found.may("sdv.mark")  # it writes, and is held at no site by name


def test_a_role_is_asked_for_once(two):
    grant = asked(two, "cyn", "coordinator", ADA)
    with pytest.raises(GrantRefusedError, match="asked for by staff:ada already"):
        asked(two, "cyn", "coordinator", BEA)
    decided(two, grant, BEA)
    with pytest.raises(GrantRefusedError, match="holds it already"):
        asked(two, "cyn", "coordinator", BEA)
    with pytest.raises(GrantRefusedError, match="decided by staff:bea already"):
        decided(two, grant, "cli:root", approve=False)
    ended(two, grant, ADA)
    assert not may(two, "cyn", "people.see")
    decided(two, asked(two, "cyn", "coordinator", BEA), ADA)
    assert may(two, "cyn", "people.see")


def test_the_first_admin_is_made_once_by_whoever_holds_the_machine(office):
    with pytest.raises(GrantRefusedError, match="there is an admin already"):
        office.act(granting.make_first_admin, office.account("bea"), "cli:root")


def test_two_who_would_be_first_at_once_are_not_both(study, now):
    with study.database.transaction("test") as session:
        for name in ("ada", "bea"):
            accounts.add(session, name, name)
    told = []

    def make(name):
        try:
            with study.database.transaction("test") as session:
                granting.make_first_admin(session, accounts.find(session, name), "cli:root")
            told.append("made")
        except GrantRefusedError:
            told.append("refused")

    threads = [Thread(target=make, args=(name,)) for name in ("ada", "bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(told) == ["made", "refused"]


def test_the_last_admin_stays(office):
    [grant] = office.act(lambda session: session.scalars(select(StaffGrant)).all())
    with pytest.raises(GrantRefusedError, match="the only admin"):
        ended(office, grant, "cli:root")
    with pytest.raises(GrantRefusedError, match="the only admin"):
        disabled(office, "ada")


def disabled(office, name):
    office.act(lambda session: accounts.disable(session, accounts.find(session, name), "left"))


def test_sessions_end_at_once_when_roles_change(two):
    cyn = two.account("cyn")

    def opened():
        return two.act(sessions.begin, cyn.id, "test", "here")

    token = opened()
    grant = asked(two, "cyn", "coordinator", ADA)
    assert two.act(sessions.live, token)
    decided(two, grant, BEA)
    assert two.act(sessions.live, token) is None
    token = opened()
    ended(two, grant, ADA)
    assert two.act(sessions.live, token) is None


def test_a_disabled_account_opens_nothing_and_stays_disabled(two):
    decided(two, asked(two, "cyn", "statistician", ADA, None), BEA)
    cyn = two.account("cyn")
    session_token = two.act(sessions.begin, cyn.id, "test", "here")
    link = two.act(links.make, cyn, "cli:root")
    token = two.act(tokens.issue, cyn.id, "figures", tokens.LONGEST)
    assert two.act(tokens.actor, token).name == "cyn"
    disabled(two, "cyn")
    assert two.act(sessions.live, session_token) is None
    assert two.act(links.owner, link) is None
    assert two.act(tokens.actor, token) is None
    assert acting_of(two, "cyn").held == ()
    with pytest.raises(AccountRefusedError, match="disabled already: left"):
        disabled(two, "cyn")
    with pytest.raises(GrantRefusedError, match="disabled for good"):
        asked(two, "cyn", "monitor", ADA)
    with pytest.raises(DatabaseError), two.study.database.transaction("x", "x") as session:
        session.execute(
            text("UPDATE staff_account SET disabled_at = NULL, disabled_because = NULL")
        )


@pytest.mark.parametrize("name", ["A", "Ada", "a b", "1st", "x" * 33, "ada;", "", "ada\n"])
def test_a_name_to_log_in_with_is_plain(office, name):
    with pytest.raises(AccountRefusedError, match="no name to log in with"):
        office.act(accounts.add, name, "Somebody")


def test_a_name_is_one_persons_for_good(office):
    with pytest.raises(AccountRefusedError, match="somebody's already"):
        office.act(accounts.add, "ada", "Another Ada")
    with pytest.raises(AccountRefusedError, match="full name"):
        office.act(accounts.add, "dan", "  ")
    with pytest.raises(UnknownAccountError, match="no account 'dan'"):
        office.account("dan")


def test_every_act_is_in_the_trail_with_who_and_why(two):
    with two.study.database.transaction("staff:ada", "a role for Cyn") as session:
        site = session.scalars(select(Site)).one()
        granting.request(session, accounts.find(session, "cyn"), "coordinator", site, (ADA, "new here"))  # fmt: skip
    found = two.study.rows(
        "SELECT actor, reason, new ->> 'reason' FROM audit.entry"
        " WHERE table_name = 'public.staff_grant' ORDER BY id DESC LIMIT 1"
    )
    assert found == [("staff:ada", "a role for Cyn", "new here")]
    assert clock.now()
