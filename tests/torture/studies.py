"""Fresh studies on one embedded server: a database each, copied from a migrated one."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import children
import psutil
from sqlalchemy import URL, create_engine, make_url, text

from hometrial import embedded
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

_TEMPLATE = "empty_study"
_START = "from hometrial import embedded; from pathlib import Path; embedded.url(Path({home!r}))"


@dataclass
class Server:
    """The server of one home folder."""

    home: Path
    url: URL

    @classmethod
    def start(cls, home: Path) -> "Server":
        """Start the server, with an empty, migrated study to copy from."""
        server = cls(home, make_url(embedded.url(home)))
        server._execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        children.answer(lambda: migrating.upgrade(server.database(_TEMPLATE)))
        return server

    def database(self, name: str) -> Database:
        """Return a study by name, not connected yet."""
        url = self.url.set(database=name).render_as_string(hide_password=False)
        return Database(Settings(home=self.home, database_url=url))

    def fresh(self, name: str) -> Database:
        """Make an empty study."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.database(name)

    def drop(self, name: str) -> None:
        """Remove a study."""
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def kill(self) -> None:
        """Kill the server with all its processes, as `kill -9` does."""
        process = psutil.Process(self.process_id)
        family = [process, *process.children(recursive=True)]
        for each in family:
            each.kill()
        psutil.wait_procs(family)

    def restart(self) -> None:
        """Start the server again after it was killed; this process goes on to hold it."""
        program = _START.format(home=str(self.home))
        subprocess.run([sys.executable, "-c", program], check=True)

    @property
    def process_id(self) -> int:
        """The process id of the server."""
        return int((self.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def _execute(self, statement: str) -> None:
        children.answer(lambda: self._alone(statement))

    def _alone(self, statement: str) -> None:
        engine = create_engine(self.url.set(drivername="postgresql+psycopg"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
