"""The command of the recovery torture: options, the sound run, runs that are broken on purpose, a table."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from recovery import Recovery
from recovery_engines import Engine, Here, Workers
from recovery_result import Result, Size
from rehearsal import Rehearsal, rehearse
from workers_broken import BROKEN, OF_RECOVERY

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

FIRST_DAY = date(2026, 2, 20)
"""So that both zones change their clocks within a month or so."""
SMALL = ["--here", "--people", "11", "--days", "15", "--step", "72", "--storm", "0"]
"""A run that is large enough to find out what is broken on purpose."""
Say = Callable[[str], None]


def main(words: Sequence[str], say: Say) -> int:
    """Run and print; return the exit code."""
    options = _options(words)
    BROKEN[options.broken]()
    result = play(options, say)
    found_out = {} if options.broken != "sound" or options.no_broken else _found_out(options, say)
    told = result.as_json() | {"broken_found_out": found_out, "command": " ".join(words)}
    sys.stdout.write((json.dumps(told) if options.json else table(told)) + "\n")
    return 0 if result.sound and all(found_out.values()) else 1


def play(options: argparse.Namespace, say: Say) -> Result:
    """Make one run in a study of its own."""
    size = Size(
        people=options.people, days=options.days, step=timedelta(hours=options.step),
        storm=options.storm, seed=options.seed, heart_rate_every=options.heart_rate_every,
        page_cap=options.page_cap,
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix="recovery") as folder,
        rehearsal_in(folder, size) as made,
        _engine(made, options) as engine,
    ):
        run = Recovery(made, engine, size, say)
        if options.only:
            run.fates = {int(number): run.fates[int(number)] for number in options.only.split(",")}
        return run.run()


@contextmanager
def rehearsal_in(folder: str, size: Size, **settings: str) -> Iterator[Rehearsal]:
    """Make a study with an embedded server, and simulators beside it."""
    home = Path(folder) / "home"
    home.mkdir()
    database = Database(Settings(home=home, database_url=None, **settings))
    migrating.upgrade(database)
    scene = {
        "seed": size.seed, "people": size.people, "first_day": FIRST_DAY, "days": size.days,
        "heart_rate_every": size.heart_rate_every,
    }  # fmt: skip
    try:
        with rehearse(database, Path(folder), **scene) as made:
            yield made
    finally:
        database.close()


@contextmanager
def _engine(made: Rehearsal, options: argparse.Namespace) -> Iterator[Engine]:
    if options.here:
        yield Here(made)
        return
    workers = Workers(made, options.workers, options.concurrency)
    workers.start()
    try:
        yield workers
    finally:
        workers.stop()


def _found_out(options: argparse.Namespace, say: Say) -> dict[str, bool]:
    """Return of each variant that is broken on purpose whether a small run finds it out."""
    found = {}
    for name in OF_RECOVERY:
        say(f"broken on purpose: {name}")
        order = [sys.executable, str(Path(__file__).with_name("run.py")), "recovery", *SMALL]
        order += ["--seed", str(options.seed), "--broken", name, "--json"]
        done = subprocess.run(order, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise RuntimeError(done.stderr)
        found[name] = not json.loads(done.stdout)["sound"]
    return found


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py recovery")
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--step", type=float, default=240, help="hours between two reads of a person"
    )
    parser.add_argument("--storm", type=float, default=0.01, help="share of calls that fail")
    parser.add_argument("--heart-rate-every", type=int, default=300, help="seconds")
    parser.add_argument("--page-cap", type=int, default=10_000, help="most points on a page")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--concurrency", type=int, default=4, help="jobs at once in each")
    parser.add_argument("--here", action="store_true", help="in this process, without workers")
    parser.add_argument("--broken", choices=sorted(BROKEN), default="sound")
    parser.add_argument("--no-broken", action="store_true", help="the sound run alone")
    parser.add_argument(
        "--only", metavar="N,N", help="play these of the people alone, as in the whole run"
    )
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(list(words))


def table(told: dict[str, object]) -> str:
    """Return a result as a table of names and values."""
    rows = [f"| {name} | {value} |" for name, value in told.items()]
    return "\n".join(["| | |", "|---|---|", *rows])
