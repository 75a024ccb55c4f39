"""Take away what each acceptance scenario protects, one at a time, and see that its test fails.

    python tests/torture/mutants.py [--only NAME]

A pytest run of the scenario's own tests, once as they are (they must pass) and once with the mutant loaded as a
plugin (`mutant_plugin.py`, which names what each takes away): then at least one must fail.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from mutant_plugin import MUTANTS, Mutant

_ROOT = Path(__file__).parents[2]
_FOUND, _PASSED = 1, 0


def main() -> None:
    """Print a row a mutant; end with 1 if one survives or a sound run fails."""
    parser = argparse.ArgumentParser(description="Every scenario without its protection.")
    parser.add_argument("--only", choices=sorted(MUTANTS))
    only = parser.parse_args().only
    bad = 0
    _say("| scenario | taken away | sound | without | s |\n|---|---|---|---|---|")
    for name, mutant in MUTANTS.items():
        if only in (None, name):
            bad += not _row(name, mutant)
    sys.exit(1 if bad else 0)


def _row(name: str, mutant: Mutant) -> bool:
    started = time.monotonic()
    sound, without = _run(mutant, None), _run(mutant, name)
    told = {_PASSED: "passes", _FOUND: "fails"}
    ok = sound == _PASSED and without == _FOUND
    cells = (
        name,
        mutant.what,
        told.get(sound, f"exit {sound}"),
        told.get(without, f"exit {without}"),
    )
    _say(f"| {' | '.join(cells)} | {time.monotonic() - started:.0f} |{'' if ok else ' SURVIVES'}")
    return ok


def _run(mutant: Mutant, name: str | None) -> int:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    plugin = ["-p", "mutant_plugin"] if name else []
    environment |= {"HOMETRIAL_MUTANT": name} if name else {}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p",
               "no:cacheprovider", *plugin, mutant.file, "-k", mutant.chosen]  # fmt: skip
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, check=False)
    return done.returncode


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
