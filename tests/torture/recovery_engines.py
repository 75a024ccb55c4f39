"""What reads and takes in: this very process, or workers as they run in a study."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from rehearsal import Rehearsal

from hometrial import clock
from hometrial.services.syncing import absorbing, planning
from hometrial.tasks import keeping, reading
from hometrial.tasks.engine import PULLED_READERS

_MOST_ROUNDS = 60
_POLL = 0.1
_STUCK = 900.0


class StuckError(AssertionError):
    """Jobs are in the queue and nobody goes on with them."""


def environment_of(rehearsal: Rehearsal) -> dict[str, str]:
    """Return the environment of a process of the study."""
    settings = rehearsal.database.settings
    environment = os.environ | {
        "HOMETRIAL_HOME": str(settings.home),
        "HOMETRIAL_SIMULATORS": str(settings.simulators),
        "HOMETRIAL_CLOCK_FILE": str(settings.clock_file),
        "HOMETRIAL_PUBLIC_URL": settings.public_url,
    }
    if settings.database_url:
        environment["HOMETRIAL_DATABASE_URL"] = settings.database_url
    return environment


class Engine(Protocol):
    """Does everything that is due now. `takes_jobs`: by the study's own queue."""

    takes_jobs: bool

    def work(self) -> None:
        """Make rounds until none is due, and take in all that they brought."""


@dataclass
class Here:
    """Rounds in threads of this process, all people taken in at once: the quick form for few people."""

    rehearsal: Rehearsal
    threads: int = 4
    takes_jobs: bool = False

    def work(self) -> None:
        """Make rounds until none is due, and take in all that they brought."""
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in range(_MOST_ROUNDS):
                with self.rehearsal.database.reading() as session:
                    due = planning.due(session, clock.now())
                if not due:
                    return
                list(pool.map(partial(reading.make_round, self.rehearsal.house), due))
                self._take_in()
        raise AssertionError("rounds are due without end")

    def _take_in(self) -> None:
        left = True
        while left:
            with self.rehearsal.database.transaction("worker:absorb", "take in") as session:
                pulls = absorbing.waiting(session, 0, 1)
                left = bool(pulls) and absorbing.absorb(session, pulls, PULLED_READERS).left


@dataclass
class Workers:
    """Processes of `hometrial worker`, as many as are asked for."""

    rehearsal: Rehearsal
    count: int = 2
    concurrency: int = 4
    stuck: float = _STUCK
    takes_jobs: bool = True
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the workers."""
        order = [
            sys.executable,
            "-m",
            "hometrial",
            "worker",
            "--concurrency",
            str(self.concurrency),
        ]
        environment = environment_of(self.rehearsal)
        self.processes = [subprocess.Popen(order, env=environment) for _ in range(self.count)]

    def stop(self) -> None:
        """Stop the workers and wait for them."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=60)

    def work(self) -> None:
        """Have rounds made until none is due, and wait until all that they brought is taken in."""
        for _ in range(_MOST_ROUNDS):
            planned = keeping.plan_now(self.rehearsal.house)
            if not planned and not self.busy():
                return
            self._wait()
        raise AssertionError("rounds are due without end")

    def busy(self) -> int:
        """Return how many jobs wait or are under way, the clock's own left out."""
        return int(
            str(
                self.rehearsal.one(
                    "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'doing')"
                    " AND task_name IN ('read', 'absorb', 'revoke')"
                )
            )
        )

    def _wait(self) -> None:
        before, ends = -1, 0.0
        while (left := self.busy()) > 0:
            if left != before:
                before, ends = left, time.monotonic() + self.stuck
            if time.monotonic() > ends:
                raise StuckError(f"{left} jobs are stuck")
            time.sleep(_POLL)
