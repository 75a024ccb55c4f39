"""The command of played trials: the four protocols from screening to end, everything due compared with their files."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from played_cast import Manner
from played_ends import Sums
from played_trial import NAMES, play, table

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

Say = Callable[[str], None]
SHORT = 2  # years


def main(words: Sequence[str], say: Say) -> int:
    """Play and print; return the exit code."""
    options = _options(words)
    rows, faults = [], []
    for name in options.protocol or NAMES:
        found, wrong = _play(name, options, say)
        say(f"{name}: {found.people} people, {len(wrong)} differences, {found.seconds} s")
        rows.append(found)
        faults += [f"{name} {each}" for each in wrong]
    told = {"sound": not faults, "rows": [vars(row) for row in rows], "faults": faults}
    sys.stdout.write(json.dumps(told, default=str) + "\n" if options.json else table(rows) + "\n")
    say("all was due as the files say" if not faults else f"{len(faults)} DIFFERENCES")
    return 0 if not faults else 1


def _play(name: str, options: argparse.Namespace, say: Say) -> tuple[Sums, list[str]]:
    # Ten years of daily doses take hours, for each is held against all before it.
    few = options.daily if name != "ldn-case-series" or options.years <= SHORT else 0
    manner = Manner(options.seed, None, lambda number: number < few, options.share)
    with tempfile.TemporaryDirectory(prefix="played", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        home.mkdir()
        study = Database(Settings(home=home, database_url=None))
        try:
            migrating.upgrade(study)
            return play(study, Path(folder) / "clock", name, manner, options.years, say)
        finally:
            study.close()


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Play the four protocols from screening to end.")
    parser.add_argument("--protocol", action="append", choices=NAMES, help="only this one; repeat")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--daily",
        type=int,
        default=1,
        help="how many act, and are looked at, daily; of the case series only if --years is 1 or 2",
    )
    parser.add_argument(
        "--share", type=float, default=0.2, help="of the days of events and their neighbours, for the others"
    )  # fmt: skip
    parser.add_argument("--years", type=int, default=10, help="of the case series")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)
