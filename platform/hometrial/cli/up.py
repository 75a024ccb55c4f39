"""`hometrial up`: a study on one machine: both sites and a worker, watched over and started again when they fall."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

import click

from hometrial.db import Database
from hometrial.errors import SettingsError
from hometrial.services import migrating

_LOOK = 0.5  # seconds between looks
_LASTED = 60.0
"""Who ran for so many seconds fell by chance, and is started again at once."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_GRACE = 30  # seconds until who does not stop is killed
Clock = Callable[[], float]


@dataclass
class Part:
    """One process: its name, how it is started, and how it went so far."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    wait: float = 0.0
    next_at: float = 0.0

    def start(self, now: float) -> None:
        """Start it."""
        self.process, self.began = subprocess.Popen(self.command), now  # noqa: S603

    def look(self, now: float, say: Callable[[str], None]) -> None:
        """Start it again if it fell: at once, or after a wait that doubles each time that it falls early."""
        if self.process is not None and self.process.poll() is not None:
            code, ran, self.process = self.process.returncode, now - self.began, None
            self.wait = 0.0 if ran >= _LASTED else min(_LONGEST_WAIT, self.wait * 2 or _FIRST_WAIT)
            self.next_at = now + self.wait
            say(
                f"{self.name} ended with {code} after {ran:.0f} s; it starts again in {self.wait:.0f} s"
            )
        if self.process is None and now >= self.next_at:
            self.start(now)


@dataclass
class Supervisor:
    """Parts that run until somebody asks to stop."""

    parts: Sequence[Part]
    say: Callable[[str], None] = click.echo
    clock: Clock = time.monotonic
    stopping: bool = field(default=False)

    def run(self) -> None:
        """Keep every part running until `stop`, then end them all."""
        try:
            for part in self.parts:
                part.start(self.clock())
            while not self.stopping:
                time.sleep(_LOOK)
                for part in self.parts:
                    part.look(self.clock(), self.say)
        finally:
            self._end()

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask for the end, as a signal does."""
        self.stopping = True

    def _end(self) -> None:
        running = [part.process for part in self.parts if part.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + _GRACE
        for process in running:
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True, help="Behind a TLS proxy leave it.")
@click.option("--port", default=8400, show_default=True, help="Of the staff site.")
@click.option("--participant-port", default=8401, show_default=True)
@click.option("--concurrency", default=4, show_default=True, help="Jobs of the worker at once.")
@click.pass_obj
def up(database: Database, host: str, port: int, participant_port: int, concurrency: int) -> None:
    """Run a whole study on this machine: both sites and a worker, started again when one falls.

    People come in by a TLS proxy that stands before it (docs/running.md); Ctrl-C or SIGTERM stops everything.

    \b
    Example:
      hometrial up
    """
    migrating.require_newest(database)
    _require_real(database)
    program = [sys.executable, "-m", "hometrial"]
    where = ["--host", host, "--port"]
    supervisor = Supervisor(
        (
            Part("staff site", [*program, "staff", *where, str(port)]),
            Part(
                "participant site",
                [*program, "participant", "serve", *where, str(participant_port)],
            ),
            Part("worker", [*program, "worker", "--concurrency", str(concurrency)]),
        )
    )
    signal.signal(signal.SIGTERM, supervisor.stop)
    signal.signal(signal.SIGINT, supervisor.stop)
    supervisor.run()


def _require_real(database: Database) -> None:
    """Raise SettingsError of a rehearsal, and of addresses that only this machine could open."""
    settings = database.settings
    if settings.simulators is not None:
        raise SettingsError(
            "HOMETRIAL_SIMULATORS is set: `hometrial demo` runs rehearsals, `up` a study"
        )
    for name, value in (("STAFF_URL", settings.staff_url), ("PUBLIC_URL", settings.public_url)):
        if value.startswith("https://") and not settings.trusted_proxies:
            raise SettingsError(
                f"HOMETRIAL_{name} is https, so a proxy stands before the sites: say how many do,"
                " HOMETRIAL_TRUSTED_PROXIES=1; without it everybody has the proxy's address, and limits count all as one"
            )
