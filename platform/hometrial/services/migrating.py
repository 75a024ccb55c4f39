"""Bringing a database's tables to this program's version, and refusing any other."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hometrial.db import Database
from hometrial.errors import MigrationNeededError

_LOCK = 7_420_001


def _folder() -> Path:
    """Return the migrations: inside the installed package, or beside the source roots."""
    packaged = Path(__file__).parents[1] / "_migrations"
    return packaged if packaged.exists() else Path(__file__).parents[3] / "migrations"


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Return the revision that this program is written for."""
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    head = ScriptDirectory.from_config(config).get_current_head()
    if head is None:
        raise MigrationNeededError(f"no migrations in {_folder()}; the installation is incomplete")
    return head


def present(database: Database) -> str | None:
    """Return the revision of the database's tables, None if it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the tables to a revision in one transaction; one process at a time."""
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(
            text(
                "SELECT set_config('hometrial.actor', 'migration', true),"
                " set_config('hometrial.reason', :reason, true),"
                " set_config('hometrial.audit_key', :key, true)"
            ),
            {"reason": f"to {revision}", "key": database.settings.key("audit").hex()},
        )
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the tables back to an older revision; what the older tables cannot hold is lost."""
    with database.engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def require_newest(database: Database) -> None:
    """Raise MigrationNeededError unless the tables are exactly those of this program.

    An empty embedded database is set up on the spot: nothing can be lost there.
    """
    revision = present(database)
    if revision is None and database.settings.database_url is None:
        upgrade(database)
        return
    if revision != newest():
        raise MigrationNeededError(
            f"the database is at revision {revision or 'none'}, this program needs {newest()}; "
            "make a backup, then run: hometrial db upgrade"
        )
