"""The tables themselves hold the staff to the people of their sites, whatever a page asks for (trust.md TM2, T-AZ-02)."""

import pytest
from asked import in_trial
from filled import fill
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from hometrial import clock
from hometrial.db import STAFF_ROLE, Base, as_identity
from hometrial.models import Identity, Participant
from hometrial.services import enrolling, reaching
from hometrial.services.holding import tables

CLOSED = ("identity.identity", "vault.allocation_draw", "vault.allocation_seal")
"""What the role of the staff may not read at all: names, and what would foretell an allocation."""
FILES_OF_MANY = frozenset({"batch", "verdict", "finding", "payload"})
"""A file may be of people of several sites: its counts are the study's, its bytes and rows are not."""


@pytest.fixture(scope="module")
def two(shared_study):
    """One person at each of two sites, with a row in every table that hangs on a person; site and code of both."""
    with shared_study.database.transaction("ann", "two sites") as session:
        people = [in_trial(session), in_trial(session)]
        here = enrolling.default_site(session)
        there = reaching.add_site(session, "S-02", name="Far away")
        people[1].site_id = there.id
        made = {person.code: person.id for person in people}
        sites = here.id, there.id
    fill(shared_study.database, made)
    return shared_study.database, list(zip(sites, made.items(), strict=True))


def hanging():
    return sorted({*tables.hanging(), "participant"} - FILES_OF_MANY - {*CLOSED})


@pytest.mark.parametrize("name", hanging())
def test_of_each_table_the_staff_of_a_site_see_its_own_rows_and_no_others(two, name):
    database, ((here, mine), (_, theirs)) = two
    with database.reading(STAFF_ROLE, [here]) as session:
        if not _readable(session, name):
            return
        seen = [str(tuple(row)) for row in session.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608
    assert seen, name
    assert not [row for row in seen if f"{theirs[0]}~" in row or str(theirs[1]) in row]
    if any("~" in row for row in seen):
        assert any(f"{mine[0]}~" in row for row in seen)


def _readable(session, name):
    """Whether the role may read the table at all: tokens and seals it may not."""
    return session.execute(
        text("SELECT has_table_privilege(current_user, :name, 'SELECT')"), {"name": name}
    ).scalar_one()


@pytest.mark.parametrize("name", hanging())
def test_of_each_table_the_staff_of_a_site_change_no_row_of_another(two, name):
    database, ((_, _), (there, _)) = two
    column = next(iter(Base.metadata.tables[name].c.keys()))
    with database.engine.connect() as connection:
        whole = connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(
            text(
                "SELECT set_config('hometrial.sites', :sites, true), set_config('role', :role, true)"
            ),
            {"sites": f"{{{there}}}", "role": STAFF_ROLE},
        )
        if not _changeable(connection, name):
            return
        changed = connection.execute(text(f"UPDATE {name} SET {column} = {column}")).rowcount  # noqa: S608
        connection.rollback()
    assert changed == whole / 2  # both people have as many


def _changeable(connection, name):
    return connection.execute(
        text("SELECT has_table_privilege(current_user, :name, 'SELECT, UPDATE')"
             " AND has_table_privilege(current_user, :name, 'UPDATE')"), {"name": name}
    ).scalar_one()  # fmt: skip


def test_nobody_is_enrolled_for_a_site_by_the_staff_of_another(two):
    database, ((here, _), (there, _)) = two
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction("staff:ann", "enrol", STAFF_ROLE, [here]) as session,
    ):
        session.add(Participant(site_id=there, code="P-9000", created_at=clock.now()))


@pytest.mark.parametrize("name", CLOSED)
def test_some_tables_are_closed_to_the_staff(two, name):
    database, ((here, _), _) = two
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database.reading(STAFF_ROLE, [here]) as session,
    ):
        session.execute(text(f"SELECT * FROM {name}"))  # noqa: S608


def test_without_sites_nobody_is_seen(two):
    database, _ = two
    for sites in (None, []):
        with database.reading(STAFF_ROLE, sites) as session:
            assert session.scalars(select(Participant)).all() == []


def test_who_takes_on_the_role_of_identities_sees_those_of_the_site_alone(two):
    database, ((here, mine), (_, _)) = two
    with database.reading(STAFF_ROLE, [here]) as session, as_identity(session):
        assert [row.participant_id for row in session.scalars(select(Identity))] == [mine[1]]
    with database.reading() as session, as_identity(session):
        assert len(session.scalars(select(Identity)).all()) == 2


def test_every_table_that_hangs_on_a_person_has_a_rule_for_the_staff(two):
    database, _ = two
    with database.engine.connect() as connection:
        held = set(
            connection.execute(
                text(
                    "SELECT replace(polrelid::regclass::text, 'public.', '') FROM pg_policy WHERE polname = 'site'"
                )
            ).scalars()
        )
    assert {*hanging(), "audit.entry"} - held == set()
