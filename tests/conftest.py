"""What every test may use: a study of its own, and small archives."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Base, Database
from hometrial.services import auditing, chunks, importing, migrating
from hometrial.services.auditing import AuditReport
from hometrial.services.reporting import ImportReport
from hometrial.settings import Settings
from hometrial_ingest.signals import Signal

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@dataclass
class Study:
    """One study of its own, with the acts that tests need most."""

    database: Database

    def take_in(self, provider: str, path: Path, **options: object) -> ImportReport:
        """Import an archive as the command does, in one transaction."""
        with self.database.transaction("test", "import") as session:
            chosen = importing.ImportOptions(**options)
            return importing.import_archive(session, provider, path, chosen)

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def one(self, query: str, **values: object) -> object:
        """Return the single value of a query."""
        return self.rows(query, **values)[0][0]

    def contents(self) -> dict[str, int | str]:
        """Return how many rows every table holds, and the head of the audit chain."""
        counted = [table.fullname for table in Base.metadata.sorted_tables]
        counted += ["audit.entry", "audit.link", "audit.pending"]
        counts = {name: self.one(f"SELECT count(*) FROM {name}") for name in counted}  # noqa: S608
        with self.database.reading() as session:
            return counts | {"head": auditing.head(session).mac}

    def samples(self, stream: str, *, current: bool = True) -> pd.DataFrame:
        """Return the samples of a stream with participant, day and version, in order of time."""
        found = self.rows(
            "SELECT p.code, c.day, c.version, c.body FROM day_chunk c"
            " JOIN participant p ON p.id = c.participant_id"
            " WHERE c.stream = :stream AND c.is_current = :current ORDER BY 1, 2, 3",
            stream=stream,
            current=current,
        )
        frames = [
            chunks.decode(body, Signal(stream))
            .to_pandas()
            .assign(participant=code, day=day, version=version)
            for code, day, version, body in found
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def verify(self, *anchors: auditing.Anchor) -> AuditReport:
        """Verify the audit trail."""
        with self.database.reading() as session:
            return auditing.verify(session, self.database.settings.key("audit"), anchors)


def _in_memory() -> Path | None:
    """Return a file system in memory with room for the servers, if there is one: waits for disks prove nothing here.

    Tests that kill servers lose nothing by it, as what a killed process wrote stays there as on a disk.
    """
    found = Path("/dev/shm")  # noqa: S108 - the machine's own
    has_room = found.is_dir() and shutil.disk_usage(found).free > 4 * 2**30
    return found if has_room and os.access(found, os.W_OK) else None


def _folder_for_a_server() -> Path:
    """Return a new folder outside pytest's: a second run of pytest takes the rights from that one."""
    folder = Path(tempfile.mkdtemp(prefix="hometrial-", dir=_in_memory()))
    # Registered before the server starts, so that it is done after the server has stopped.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "home"


@pytest.fixture(scope="session")
def home() -> Path:
    """The home folder whose embedded server all tests share; each study is a database in it."""
    return _folder_for_a_server()


@pytest.fixture
def own_home() -> Path:
    """A home folder for a test that starts, stops or kills its own server."""
    return _folder_for_a_server()


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[Database]:
    """The embedded server, with its first database migrated."""
    database = Database(Settings(home=home, database_url=None))
    migrating.require_newest(database)
    yield database
    database.close()


@pytest.fixture
def at_clock(tmp_path: Path) -> Iterator[Callable[[datetime], None]]:
    """Set the program's clock, which stands still from then on."""
    board = tmp_path / "program.clock"

    def set_(moment: datetime) -> None:
        clock.turn(board, moment)
        clock.follow(board)

    yield set_
    clock.unfollow()


@pytest.fixture
def study(server: Database, home: Path, request: pytest.FixtureRequest) -> Iterator[Study]:
    """A fresh study: an empty, migrated database of its own on the shared server."""
    with _study(server, home, request) as made:
        yield made


@pytest.fixture(scope="module")
def shared_study(server: Database, home: Path, request: pytest.FixtureRequest) -> Iterator[Study]:
    """One study for all tests of a module: they may only read what the module put there."""
    with _study(server, home, request) as made:
        yield made


@contextmanager
def _study(server: Database, home: Path, request: pytest.FixtureRequest) -> Iterator[Study]:
    name = f"study_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {_template(server, home)}")
    database = _database(server, home, name)
    yield Study(database)
    database.close()
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _database(server: Database, home: Path, name: str) -> Database:
    url = server.engine.url.set(drivername="postgresql", database=name)
    return Database(Settings(home=home, database_url=url.render_as_string(hide_password=False)))


def _template(server: Database, home: Path) -> str:
    """Return an empty, migrated database to copy: to migrate each study anew takes far longer."""
    name = f"template_{os.getpid()}"
    with server.engine.connect() as connection:
        known = connection.execute(
            text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name}
        ).scalar_one()
    if not known:
        _execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
        database = _database(server, home, name)
        migrating.upgrade(database)
        database.close()
    return name


def _execute(server: Database, statement: str) -> None:
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


@pytest.fixture
def command(own_home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `hometrial ...` as a user does, in a process of its own with a home of its own."""

    def run(*arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"HOMETRIAL_HOME": str(home or own_home)}
        environment.pop("HOMETRIAL_DATABASE_URL", None)
        program = Path(sys.executable).with_name("hometrial")
        return subprocess.run(
            [program, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def fitabase(tmp_path: Path) -> Callable[..., Path]:
    """Write a Fitabase folder: fitabase({"heartrate_seconds_merged.csv": "Id,Time,Value\\n..."})."""

    def write(files: dict[str, str], name: str = "fitabase") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / file).write_text(content)
        return folder

    return write


def chromium() -> str | None:
    """Return the path of a Chromium for browser tests, None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_report_header() -> list[str]:
    """Name what this machine lacks, and which tests are left out for it, in one line."""
    missing = [] if chromium() else ["Chromium (the pages in a real browser)"]
    return [f"left out, not on this machine: {', '.join(missing)}"] if missing else []


def pytest_configure() -> None:
    """Under HOMETRIAL_TEST_REQUIRE=all nothing may be left out."""
    if os.environ.get("HOMETRIAL_TEST_REQUIRE") == "all" and not chromium():
        pytest.exit("HOMETRIAL_TEST_REQUIRE=all, and there is no Chromium", returncode=2)
