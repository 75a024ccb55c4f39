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


def ours(thing: Any, name: str | None, kind: str, _reflected: bool, _compare: Any) -> bool:  # noqa: FBT001
    """Leave the audit schema to the migrations: it has no models."""
    return not (kind == "table" and thing.schema == "audit") and name != "alembic_version"


def run(connection: Connection) -> None:
    """Migrate in one transaction that the caller commits."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        include_object=ours,
        include_schemas=True,
        compare_type=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
