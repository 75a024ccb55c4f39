"""PostgreSQL's own programs: those that come along, or newer ones of the machine for a newer server."""

import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from hometrial import embedded
from hometrial.db import Database
from hometrial.services.backing_up.sealing import BackupRefusedError


def found(database: Database, name: str) -> Path:
    """Return a program that is at least as new as the server. Raises BackupRefusedError."""
    with database.engine.connect() as connection:
        number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    wanted = number // 10_000
    on_path = shutil.which(name)
    candidates = [*embedded.programs(name), *([Path(on_path)] if on_path else [])]
    fitting = {each: _major(each) for each in candidates}
    for each in sorted(fitting, key=lambda each: fitting[each]):  # the nearest to the server
        if fitting[each] >= wanted:
            return each
    raise BackupRefusedError(
        f"{name}: the server is PostgreSQL {wanted}, and no {name} of that version or newer is here;"
        f" install its client programs (package postgresql-client-{wanted})"
    )


def _major(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    number = re.search(r"(\d+)(\.\d+|devel|beta|rc)", told.stdout)
    return 0 if number is None else int(number[1])


def address(database: Database) -> tuple[str, dict[str, str]]:
    """Return the connection as those programs take it, and the password beside it: no list of processes shows it."""
    url = make_url(database.settings.database_url or embedded.url(database.settings.home))
    secret = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    shown = url.set(drivername="postgresql", password=None)
    return shown.render_as_string(hide_password=False), secret
