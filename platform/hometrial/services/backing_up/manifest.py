"""What a backup holds, told with it: versions, rows of every table, the head of the audit trail, roles."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from hometrial.services.backing_up.sealing import BackupRefusedError

SCHEMA = "hometrial.backup/1"
_TABLES = text(
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
    " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1"
)
_ROLES = text(
    "SELECT r.rolname, array(SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member"
    " WHERE a.roleid = r.oid AND m.rolname LIKE 'hometrial\\_%' ORDER BY 1)"
    " FROM pg_roles r WHERE r.rolname LIKE 'hometrial\\_%' AND NOT r.rolcanlogin ORDER BY 1"
)


@dataclass(frozen=True)
class Manifest:
    """What stands at the head of a backup. `roles`: each with those who are members of it."""

    made_at: str
    program: str
    revision: str
    server: str
    rows: dict[str, int]
    audit_seq: int
    audit_mac: str
    roles: dict[str, list[str]]
    anchors: str = ""
    keys: str | None = None
    """The keys of the home folder, sealed with a passphrase, in hexadecimal digits; None without `--with-keys`."""
    schema: str = field(default=SCHEMA)

    def body(self) -> bytes:
        """Return the manifest as it is written."""
        return json.dumps(asdict(self), sort_keys=True).encode()


def read(body: bytes) -> Manifest:
    """Return a manifest as it was written. Raises BackupRefusedError of one of another program."""
    told: dict[str, Any] = json.loads(body)
    if told.get("schema") != SCHEMA:
        raise BackupRefusedError(
            f"the backup is of the form {told.get('schema')}, this program reads {SCHEMA}; use its own version"
        )
    return Manifest(**told)


def rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = connection.execute(_TABLES).scalars().all()
    return {
        name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608 - quoted there
        for name in tables
    }


def roles(connection: Connection) -> dict[str, list[str]]:
    """Return the program's roles, each with those of them that are its members."""
    return {name: list(members) for name, members in connection.execute(_ROLES)}
