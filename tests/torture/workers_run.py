"""The command of the worker killings: options, the sound run, runs that are broken on purpose, a table."""

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta

from recovery_result import Size
from recovery_run import rehearsal_in, table
from workers import Killing, Result
from workers_broken import OF_WORKERS

Say = Callable[[str], None]
_BROKEN_KILLS = 24


def main(words: Sequence[str], say: Say) -> int:
    """Run and print; return the exit code."""
    options = _options(words)
    result = play(options.kills, options.people, options.seed, options.broken, say)
    found_out = {}
    if options.broken == "sound" and not options.no_broken:
        for name in OF_WORKERS:
            say(f"broken on purpose: {name}")
            found_out[name] = not play(_BROKEN_KILLS, options.people, options.seed, name, say).sound
    told = result.as_json() | {"broken_found_out": found_out, "command": " ".join(words)}
    sys.stdout.write((json.dumps(told) if options.json else table(told)) + "\n")
    return 0 if result.sound and all(found_out.values()) else 1


def play(kills: int, people: int, seed: int, variant: str, say: Say) -> Result:
    """Make one run in a study of its own."""
    size = Size(people=people, days=6 + kills * 4 // 24 + kills // 6, seed=seed)
    address = f"http://127.0.0.1:{_free_port()}"
    with (
        tempfile.TemporaryDirectory(prefix="workers") as folder,
        rehearsal_in(folder, size, public_url=address) as made,
    ):
        made.sims.clock.set(made.sims.clock.now() - timedelta(days=size.days - 2))
        return Killing(made, variant, seed, say).run(kills, people)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py workers")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--broken", choices=["sound", *OF_WORKERS], default="sound")
    parser.add_argument("--no-broken", action="store_true", help="the sound run alone")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(list(words))
