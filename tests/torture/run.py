"""Long runs that try to break a study: `run.py imports|refreshes|workers|lives|protocols|recovery|core [options]`.

    python tests/torture/run.py                      all seven, as long as the issues ask
    python tests/torture/run.py lives --steps 100000
    python tests/torture/run.py protocols --daily 4 --share 1 --seed 7
    python tests/torture/run.py imports --kills 200 --seed 7
    python tests/torture/run.py refreshes --rounds 1000
    python tests/torture/run.py workers --kills 200
    python tests/torture/run.py recovery --people 500 --days 90 --seed 7
    python tests/torture/run.py core --protocol ldn-ms --whole

Options without a name are those of `imports`: kill imports at random moments and see that nothing is
lost, doubled or unaudited.

Half of the kills (SIGKILL) fall anywhere in a run, half just after a stage: payload kept, chunks merged,
batch closed, days measured, COMMIT sent, committed but not anchored. Ends with 1 if a trial differs from a
clean run, or if an import that is broken on purpose is not found out.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import material
import numpy as np
from broken import BROKEN, Variant
from children import Phase
from studies import Server
from trials import Outcome, Torture

OTHERS = ("core", "refreshes", "workers", "lives", "protocols", "recovery")
"""The tortures beside that of imports, the quickest first; each is a module `<name>_run`."""
_MOST_TRIALS_OF_A_BROKEN_ONE = 25
_LANDED = {
    Phase.BEFORE: "before",
    Phase.DURING: "in a transaction",
    Phase.AT_COMMIT: "at its commit",
    Phase.AFTER: "after a commit",
    Phase.ENDED: "too late",
}


@dataclass
class Row:
    """One line of the table."""

    name: str
    trials: int = 0
    kills: int = 0
    landed: Counter[Phase] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    chain_broken: int = 0
    told: list[str] = field(default_factory=list)
    expected_sound: bool = True

    def add(self, outcome: Outcome) -> Self:
        """Count a trial in."""
        self.trials += 1
        self.kills += outcome.kills
        self.landed.update(outcome.landed)
        self.lost += outcome.difference.lost
        self.doubled += outcome.difference.doubled
        self.differing += bool(outcome.difference)
        self.chain_broken += bool(outcome.problems)
        self.told += [f"{name}: {what}" for name, what in outcome.difference.tables.items()]
        self.told += outcome.problems
        return self

    @property
    def sound(self) -> bool:
        """True if no trial differed."""
        return not self.differing and not self.chain_broken

    def cells(self) -> list[str]:
        """Return the row's cells for the table."""
        where = [self.landed[phase] for phase in _LANDED]
        chain = f"{self.chain_broken} broken" if self.chain_broken else "whole"
        counts = [self.trials, self.kills, *where, self.lost, self.doubled, self.differing]
        return [self.name, *map(str, counts), chain]

    def as_json(self) -> dict[str, object]:
        """Return the row for a program to read."""
        landed = {phase.name.lower(): self.landed[phase] for phase in _LANDED}
        return vars(self) | {"landed": landed, "sound": self.sound}


def main() -> int:
    """Run the chosen torture, all of them if none is named; return the exit code."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
    name, *rest = sys.argv[1:] or ["all"]
    if name == "all":
        return max([_imports([]), *(_other(each, []) for each in OTHERS)])
    if name in OTHERS:
        return _other(name, rest)
    return _imports(rest if name == "imports" else [name, *rest])


def _other(name: str, words: list[str]) -> int:
    _say(f"{name} ...")
    module = importlib.import_module(f"{name}_run")
    return int(module.main(words, _say))


def _imports(words: list[str]) -> int:
    options = _options(words)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture") as folder:
        home = Path(folder)
        steps = material.write(
            home / "archives", people=options.people, days=options.days, seed=options.seed
        )
        torture = Torture(Server.start(home), steps, np.random.default_rng(options.seed))
        rows = _run(torture, options)
    held = all(row.sound == row.expected_sound for row in rows)
    made = json.dumps([row.as_json() for row in rows]) if options.json else _table(rows)
    sys.stdout.write(made + "\n")
    _say(f"{'held' if held else 'NOT HELD'} after {time.monotonic() - started:.0f} s")
    return 0 if held else 1


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill imports at random moments.")
    parser.add_argument("--kills", type=int, default=200, help="kills of the sound import")
    parser.add_argument("--server-kills", type=int, default=5, help="kills of the whole server")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def _run(torture: Torture, options: argparse.Namespace) -> list[Row]:
    torture.warm_up()
    clean = Row("clean run").add(torture.measure_clean_run())
    _say(f"a clean run takes {torture.seconds:.2f} s and passes {len(torture.stages)} stages")
    killed = Row("import killed")
    while killed.kills < options.kills:
        killed.add(torture.trial(torture.kills_of_a_trial(options.kills - killed.kills)))
        _say(f"{killed.kills} kills in {killed.trials} trials")
    server = Row("server killed")
    while server.kills < options.server_kills:
        server.add(torture.server_trial())
    broken = [row for name, variant in BROKEN.items() for row in _broken(torture, name, variant)]
    return [clean, killed, server, *broken]


def _broken(torture: Torture, name: str, variant: Variant) -> tuple[Row, Row]:
    """A broken import gives the same study while nobody kills it, and another one when it is killed."""
    unharmed = Row(f"{name}, not killed").add(torture.trial(0, variant))
    found = Row(f"{name}, killed", expected_sound=False)
    while found.sound and found.trials < _MOST_TRIALS_OF_A_BROKEN_ONE:
        found.add(torture.trial(1, variant))
    return unharmed, found


def _table(rows: list[Row]) -> str:
    heads = ["", "trials", "kills", *_LANDED.values(), "lost", "doubled", "differing", "chain"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(map(str, row.cells()))} |" for row in rows]
    return "\n".join(lines + [f"{row.name}: {what}" for row in rows for what in row.told[:3]])


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
