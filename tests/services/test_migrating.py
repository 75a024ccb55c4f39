"""The tables can be made, taken away and made again, by one process at a time, and are the models'."""

import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from hometrial.db import Base
from hometrial.errors import MigrationNeededError
from hometrial.services import enrolling, migrating

pytestmark = pytest.mark.long

HEART_RATE = {"heartrate_seconds_merged.csv": "Id,Time,Value\n1,4/12/2016 7:21:00 AM,60\n"}
OURS = ("public", "identity", "audit", "sync", "vault", "jobs", "scope", "access")
RACE = """
import sys
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings
database = Database(Settings(database_url=sys.argv[1]))
database.engine
print("ready", flush=True)
sys.stdin.readline()
migrating.upgrade(database)
print(migrating.present(database), flush=True)
"""


def objects(connection: Connection):
    """Return everything of ours in the database: tables, functions, triggers and rights."""
    found = connection.execute(
        text(
            "SELECT 'table', n.nspname || '.' || c.relname, coalesce(c.relacl::text, '') FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(:ours)"
            " UNION ALL SELECT 'function', p.oid::regprocedure::text, coalesce(p.proacl::text, '')"
            " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(:ours)"
            " UNION ALL SELECT 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, t.tgenabled::text"
            " FROM pg_trigger t WHERE NOT t.tgisinternal"
            " UNION ALL SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname = ANY(:ours)"
        ),
        {"ours": list(OURS)},
    )
    return sorted(tuple(row) for row in found)


def test_up_down_up_on_imported_data_ends_where_it_began(study, fitabase):
    take_in = {"create_participants": True, "zone": "Europe/Berlin"}
    study.take_in("fitabase", fitabase(HEART_RATE), **take_in)
    with study.database.engine.connect() as connection:
        before = objects(connection)

    migrating.downgrade(study.database, "base")
    with study.database.engine.connect() as connection:
        left = {name for kind, name, _ in objects(connection) if kind in ("table", "schema")}
    assert left == {"public", "public.alembic_version", "public.alembic_version_pkc"}

    migrating.upgrade(study.database)
    with study.database.engine.connect() as connection:
        assert objects(connection) == before
    study.take_in("fitabase", fitabase(HEART_RATE), **take_in)
    assert study.samples("heart_rate")["value"].tolist() == [60]
    assert study.verify().problems == ()


def test_the_tables_are_those_of_the_models(study):
    def ours(name, kind, _parents):
        if kind == "schema":
            return name not in ("audit", "jobs", "scope")
        return name != "alembic_version" and not (name or "").startswith("procrastinate")

    options = {"include_schemas": True, "include_name": ours, "compare_type": True}
    with study.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_every_check_of_a_model_stands_in_the_database(study):
    inspector = inspect(study.database.engine)
    for table in Base.metadata.sorted_tables:
        there = {each["name"] for each in inspector.get_check_constraints(table.name, table.schema)}
        stated = {each.name for each in table.constraints if isinstance(each, CheckConstraint)}
        assert stated == there, table.fullname


def test_to_migrate_again_changes_nothing(study):
    before = study.contents()

    migrating.upgrade(study.database)

    assert study.contents() == before
    assert migrating.present(study.database) == migrating.newest()


def test_two_processes_that_migrate_at_once_both_end_at_the_newest(study):
    migrating.downgrade(study.database, "base")
    url = study.database.settings.database_url
    environment = os.environ | {"HOMETRIAL_HOME": str(study.database.settings.home)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, url],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    answers = [process.communicate(timeout=60)[0] for process in processes]

    assert answers == [f"{migrating.newest()}\n"] * 2
    with study.database.transaction("test") as session:
        enrolling.add_participant(session)


def test_a_database_of_another_revision_is_refused_with_the_way_out(study):
    migrating.require_newest(study.database)
    migrating.downgrade(study.database, "base")

    with pytest.raises(MigrationNeededError, match="hometrial db upgrade"):
        migrating.require_newest(study.database)


def test_a_migration_that_fails_leaves_the_tables_as_they_were(study):
    migrating.downgrade(study.database, "base")
    with study.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE gap (id int)"))
        before = objects(connection)

    with pytest.raises(Exception, match='"gap" already exists'):
        migrating.upgrade(study.database)

    with study.database.engine.connect() as connection:
        assert objects(connection) == before
