"""Whole processes measured from outside: wall clock, processor and peak memory, several runs."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

_SUBJECT = Path(__file__).with_name("subject.py")
_TEMPLATE = "empty_study"


@dataclass(frozen=True)
class Run:
    """One import: seconds from its first statement to its commit, in all and of its processor; MB at most."""

    rows: int
    accepted: int
    seconds: float
    processor: float
    whole_processor: float
    peak: float


@dataclass
class Bench:
    """Fresh studies on one embedded server, and imports into them."""

    home: Path
    made: int = 0

    def __post_init__(self) -> None:
        self.server = Database(Settings(home=self.home, database_url=None))
        self._execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        empty = self.database(_TEMPLATE)
        migrating.upgrade(empty)
        empty.close()

    def fresh(self) -> str:
        """Make an empty study and return its name."""
        self.made += 1
        name = f"study_{self.made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name

    def take_in(
        self, provider: str, path: Path, *, into: str | None = None, measured: str = "whole"
    ) -> Run:
        """Import an archive in a process of its own, into a fresh study unless one is named."""
        study = into or self.fresh()
        order = {
            "provider": provider,
            "path": str(path),
            "zone": "America/New_York",
            "measured": measured,
            "home": str(self.home),
            "url": self.url(study),
        }
        run = _measured([sys.executable, str(_SUBJECT), json.dumps(order)])
        if into is None:
            self._execute(f"DROP DATABASE {study} WITH (FORCE)")
        return run

    def size_of(self, study: str) -> tuple[int, int, int]:
        """Return samples, bytes of their current chunks, and bytes of the whole database."""
        with self.database(study).engine.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT sum(samples), sum(octet_length(body)),"
                    " pg_database_size(current_database()) FROM day_chunk WHERE is_current"
                )
            ).one()
        samples, chunks, whole = (int(value) for value in row)
        return samples, chunks, whole

    def database(self, name: str) -> Database:
        """Return a study by name."""
        return Database(Settings(home=self.home, database_url=self.url(name)))

    def url(self, name: str) -> str:
        """Return the address of a study's database."""
        url = self.server.engine.url.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        engine = self.server.engine
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))


def _measured(command: list[str]) -> Run:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command[1]} ended with {process.returncode}")
    told = json.loads(said)
    return Run(
        told["rows"],
        told["accepted"],
        told["seconds"],
        told["processor"],
        usage.ru_utime + usage.ru_stime,
        told["peak"],
    )


def spread(values: Iterable[float], form: str = ",.0f") -> str:
    """Return the median with the least and the greatest value in brackets."""
    known = sorted(values)
    middle = statistics.median(known)
    return f"{middle:{form}} ({known[0]:{form}}-{known[-1]:{form}})"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
