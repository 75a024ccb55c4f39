"""The processes of a study that is read, forked from one that has loaded what all need; killed as one is.

    workers_process.py VARIANT CONCURRENCY

A line on standard input, `worker` or `site`, starts one and is answered with its process id. They run
what `hometrial worker` and `hometrial participant serve` run; a variant breaks it on purpose.
"""

import os
import signal
import sys
from datetime import timedelta
from typing import NoReturn
from urllib.parse import urlsplit

import workers_broken

import hometrial_validation.engine  # noqa: F401 - Great Expectations takes seconds to load
from hometrial import clock, participant, settings, worker
from hometrial.db import Database
from hometrial.tasks import engine, keeping, linking

HEARTBEAT = 0.5
SILENT = timedelta(seconds=4)
"""A dead worker's jobs come back soon, so that many can be killed in little time."""


def main() -> None:
    """Start processes until standard input ends; all of them end with this one."""
    variant, concurrency = sys.argv[1:]
    worker.HEARTBEAT, keeping.STALLED = HEARTBEAT, SILENT
    workers_broken.BROKEN[variant]()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    started = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _be(line.strip(), int(concurrency))
        started.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in started:
        _kill(pid)


def _be(kind: str, concurrency: int) -> NoReturn:
    code = 1
    try:
        found = settings.load()
        assert found.clock_file is not None
        clock.follow(found.clock_file)
        database = Database(found)
        workers_broken.DATABASE.append(database)
        if kind == "worker":
            worker.run(database, concurrency=concurrency)
        else:
            _serve(database)
        code = 0
    finally:
        os._exit(code)


def _serve(database: Database) -> None:
    app = participant.create_app(
        database, on_linked=linking.first_reads, on_unlinked=linking.revoke_soon,
        tasks=engine.SiteTasks(),
    )  # fmt: skip
    participant.serve(app, "127.0.0.1", urlsplit(database.settings.public_url).port or 8401)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
