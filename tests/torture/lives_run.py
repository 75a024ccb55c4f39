"""The command of random lives: so many acts, what was done and what refused, and that nothing forbidden stood."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lives import Lives, live
from lives_entering import prepare

from hometrial import clock
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

Say = Callable[[str], None]


def main(words: Sequence[str], say: Say) -> int:
    """Run and print; return the exit code."""
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="lives", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        home.mkdir()
        study = Database(Settings(home=home, database_url=None))
        migrating.upgrade(study)
        prepare(study)

        class Here(Lives):
            database = study
            board = Path(folder) / "clock"

        found = None
        started = time.monotonic()
        try:
            live(Here, options.steps, seed=options.seed)
        except AssertionError as error:
            found = str(error)
        finally:
            clock.unfollow()
            study.close()
    told = {
        "sound": found is None,
        "found": found,
        "acts": Lives.done.total() + Lives.refused.total(),
        "done": dict(sorted(Lives.done.items())),
        "refused": dict(sorted(Lives.refused.items())),
        "seconds": round(time.monotonic() - started, 1),
        "command": f"lives --steps {options.steps} --seed {options.seed}",
    }
    sys.stdout.write(json.dumps(told) + "\n" if options.json else table(told))
    say("nothing forbidden stood" if found is None else f"FORBIDDEN: {found}")
    return 0 if found is None else 1


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Live random lives in a trial.")
    parser.add_argument("--steps", type=int, default=100_000, help="acts, 50 in each life")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def table(told: dict[str, object]) -> str:
    """Return what happened, an act a line."""
    done, refused = told["done"], told["refused"]
    assert isinstance(done, dict)
    assert isinstance(refused, dict)
    lines = [f"{'act':<32}{'done':>10}{'refused':>10}"]
    lines += [
        f"{act:<32}{done.get(act, 0):>10,}{refused.get(act, 0):>10,}"
        for act in sorted({*done, *refused})
    ]
    return "\n".join([*lines, f"{told['acts']:,} acts in {told['seconds']} s", ""])
