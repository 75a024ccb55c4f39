"""Alembic's door: the program hands over its own connection; offline mode is not offered."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from hometrial.db import Base, Instant
from hometrial.models import __all__ as _every_table

assert _every_table  # noqa: S101


def render_item(kind: str, thing: Any, _autogen: Any) -> str | bool:
    """Write our own types as plain SQLAlchemy, so that a migration never needs the program."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the schemas of the audit trail and of the job engine to the migrations: no models there."""
    if kind == "schema":
        return name not in ("audit", "jobs", "scope")
    # The job engine's tables are found without their schema, too: they lie on the search path.
    return name != "alembic_version" and not (name or "").startswith("procrastinate")


def run(connection: Connection) -> None:
    """Migrate in one transaction that the caller commits."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        include_name=ours,
        include_schemas=True,
        compare_type=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
