"""The command of the outer judges: CDISC's rules and terms over the tabulations of the four protocols' twins."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import judged
from twins import twin

from hometrial.exports.sdtm.foreseen import foreseen

Say = Callable[[str], None]
NAMES = ("ldn-crohns", "ldn-ms", "ldn-mecfs", "ldn-case-series")


def main(words: Sequence[str], say: Say) -> int:
    """Judge and print; return the exit code."""
    options = _options(words)
    why_not = judged.missing()
    if why_not:
        say(f"left out: {why_not}")
        return 0
    found = {name: _judge(name, options, say) for name in options.protocol or NAMES}
    if options.json:
        sys.stdout.write(json.dumps({"sound": not any(found.values()), "findings": found}) + "\n")
    return 1 if any(found.values()) else 0


def _judge(name: str, options: argparse.Namespace, say: Say) -> list[str]:
    source = twin(name, options.people, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        place, made = judged.written(
            source if options.whole else judged.trimmed(source), Path(folder)
        )
        told = foreseen(made)
        found = judged.surprises(judged.by_rules(place), told) + judged.by_terms(place, made)
    rows = sum(each.table.num_rows for each in made.values())
    said = ", ".join(f"{len(each.subjects)} x {each.rule}" for each in told) or "nothing"
    say(f"{name}: {len(made)} data sets, {rows} rows, foreseen {said}, else {len(found)} findings")
    for each in found:
        say(f"  {each}")
    return found


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py core", description=__doc__)
    parser.add_argument("--protocol", action="append", choices=NAMES)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--whole", action="store_true", help="every day of diaries and watches: much slower"
    )
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)
