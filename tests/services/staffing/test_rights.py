"""Who could do what on a day is what the roles allowed at some moment of it, whatever history led there."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from hometrial.models import ROLES, WITHOUT_SITE, Site, StaffAccount, StaffGrant
from hometrial.services import reaching
from hometrial.services.staffing import accounts, acting, granting
from hometrial.services.staffing.accounts import AccountRefusedError
from hometrial.services.staffing.granting import GrantRefusedError
from hometrial.services.viewing import rights

REFUSED = (GrantRefusedError, AccountRefusedError)
BY = ("staff:ada", "staff:bea", "cli:root")


def ask(chance, session):
    account = chance.choice(session.scalars(select(StaffAccount)).all())
    role = chance.choice(ROLES)
    sites = session.scalars(select(Site)).all()
    site = None if role in WITHOUT_SITE else chance.choice([None, *sites])
    granting.request(session, account, role, site, (chance.choice(BY), "a test"))


def decide(chance, session):
    open_ones = session.scalars(select(StaffGrant).where(StaffGrant.decided_at.is_(None))).all()
    if open_ones:
        grant = chance.choice(open_ones)
        granting.decide(session, grant, chance.choice(BY), approve=chance.random() < 0.8)


def end(chance, session):
    held = session.scalars(select(StaffGrant).where(StaffGrant.approved)).all()
    granting.end(session, chance.choice(held), chance.choice(BY), "over")


def disable(chance, session):
    if chance.random() < 0.3:
        account = chance.choice(session.scalars(select(StaffAccount)).all())
        accounts.disable(session, account, "left")


def held_now(session):
    """Return what everybody holds now, as the guard of the pages asks for it."""
    people = session.scalars(select(StaffAccount)).all()
    return {
        (actor.name, each.role, each.site_id)
        for actor in acting.actors(session, people)
        for each in actor.held
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_day_equals_the_replay_of_a_random_history(office, now, seed):
    chance = random.Random(seed)  # noqa: S311
    office.act(reaching.add_site, "S-02", name="Graz")
    for name in ("dan", "eve", "fay"):
        office.act(accounts.add, name, name)
    moments, days = [], {now().date()}
    for step in range(60):
        with suppress(*REFUSED):
            office.act(lambda session: chance.choice((ask, ask, decide, decide, end, disable))(chance, session))  # fmt: skip
        since = now()
        until = now(hours=chance.choice((0, 1, 5, 12, 30)), seconds=step + 1)
        moments.append((since, until, office.act(held_now)))
        days.add(until.date())
    every = {min(days) + timedelta(days=n) for n in range(-1, (max(days) - min(days)).days + 2)}
    assert len(every) > 10
    for day in every:
        replayed = set()
        for since, until, held in moments:
            if since.date() <= day <= (until - timedelta(microseconds=1)).date():
                replayed |= held
        if day > moments[-1][1].date():
            replayed = moments[-1][2]
        told = office.act(rights.on, day)
        found = {
            (each.account.name, each.role.grant.role, each.role.grant.site_id) for each in told
        }
        assert found == replayed, day


def test_a_role_that_ended_on_the_day_says_when(office, now):
    office.act(lambda session: granting.decide(session, granting.request(session, accounts.find(session, "cyn"), "monitor", None, ("cli:root", "x")), "staff:ada", approve=True))  # fmt: skip
    ends = now(hours=3)
    office.act(lambda session: granting.end(session, granting.find(session, accounts.find(session, "cyn"), "monitor", None), "staff:ada", "over"))  # fmt: skip
    [_, could] = office.act(rights.on, ends.date())
    assert (could.account.name, could.role.told, could.until) == (
        "cyn",
        "monitor at all sites",
        ends,
    )
    assert [each.account.name for each in office.act(rights.on, (ends + timedelta(days=1)).date())] == ["ada"]  # fmt: skip


def test_accounts_are_read_in_as_many_queries_however_many_there_are(office):
    def queries():
        counted = []
        with office.study.database.reading() as session:
            listen = lambda *given: counted.append(given[2])  # noqa: E731
            event.listen(session.get_bind(), "before_cursor_execute", listen)
            found = rights.accounts(session)
            event.remove(session.get_bind(), "before_cursor_execute", listen)
        return len(found), len(counted)

    few = queries()
    for number in range(20):
        office.act(accounts.add, f"person{number}", "Somebody")
    many = queries()
    assert many[0] == few[0] + 20
    assert many[1] == few[1]


def test_ways_and_the_last_log_in_are_told(office):
    office.with_password("cyn")
    [known] = office.act(rights.accounts, "cyn")
    assert (known.by_password, known.by_passkey, known.entered_at) == (True, False, None)


def test_a_role_ends_with_its_account(office, now):
    office.act(lambda session: granting.decide(session, granting.request(session, accounts.find(session, "cyn"), "monitor", None, ("cli:root", "x")), "staff:ada", approve=True))  # fmt: skip
    ends = now(hours=3)
    office.act(lambda session: accounts.disable(session, accounts.find(session, "cyn"), "left"))
    days = [(ends + timedelta(days=number)).date() for number in (0, 1)]
    told = [[(each.account.name, each.until) for each in office.act(rights.on, day)] for day in days]  # fmt: skip
    assert told == [[("ada", None), ("cyn", ends)], [("ada", None)]]
