"""A row in every table that hangs on a person, for each of some people; every text in it bears whose it is."""

import uuid
from datetime import UTC, datetime, time

from sqlalchemy import (
    Boolean,
    Date,
    Float,
    Identity,
    Integer,
    LargeBinary,
    Numeric,
    Time,
    Uuid,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hometrial.db import Base, Database, Instant
from hometrial.questionnaires import loading
from hometrial.services import receiving
from hometrial.services.asking import definitions
from hometrial.services.holding import tables

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAFF = "dr-ada-lovelace"


def identity(table, code):
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{table}/{code}")


def value(column, code, people):
    """Return a value of a person's own for a column; every text bears whose it is."""
    special = {
        "definition_sha256": loading.definition_hash(loading.named("phq9")),
        "part": "investigator", "zone": "Europe/Berlin", "samples": 0, "is_current": True, "known": [],
    }  # fmt: skip
    if column.name in special:
        return special[column.name]
    return reference(column, code, people) or typed(column, code, people)


def reference(column, code, people):
    """Return what leads to the person, or to another row of theirs."""
    table = column.table.fullname
    targets = {key.column.table.fullname: key.column for key in column.foreign_keys}
    if "participant" in targets:
        return people[code]
    for target, key in targets.items():
        if target in tables.hanging() and target != table and key.name == "id":
            return identity(target, code)
    if column.primary_key and column.name == "id":
        return identity(table, code)
    return STAFF if tables.names_somebody(column) else None


def typed(column, code, people):
    """Return a value of the column's type."""
    said = f"{code}~{column.table.fullname}~{column.name}"
    number = sorted(people).index(code) + 1
    made = (
        (LargeBinary, f"bytes-of-{code}".encode()),
        (JSONB, {"said": said}),
        (ARRAY, [said]),
        (Uuid, identity(said, code)),
        (Boolean, True),
        ((Integer, Numeric, Float), number),
        (Instant, NOW),
        (Date, NOW.date()),
        (Time, time(9)),
    )
    return next((each for kind, each in made if isinstance(column.type, kind)), said)


def fill(database: Database, people: dict[str, uuid.UUID]) -> None:
    """Give each of the people (code: id) a row in every table, made past every rule but the columns' types."""
    with database.transaction("ann", "forms and pages") as session:
        definitions.keep(session, loading.named("phq9"))
        pages = receiving.keep_bodies(
            session, "google-health", [f'{{"of": "{code}"}}'.encode() for code in people]
        )
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        checks = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'"
                " AND connamespace IN ('public'::regnamespace, 'sync'::regnamespace, 'vault'::regnamespace)"
            )
        ).all()
        for table, name in checks:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for (code, _), page in zip(people.items(), pages, strict=True):
            for name in tables.hanging():
                table = Base.metadata.tables[name]
                row = {
                    column.name: value(column, code, people)
                    for column in table.c
                    if not isinstance(column.server_default, Identity) and column.identity is None
                }
                if name == "sync.pull_page":
                    row["payload_id"] = page
                connection.execute(insert(table), [row])
