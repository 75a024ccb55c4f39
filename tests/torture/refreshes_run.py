"""Workers that refresh the same single-use tokens at once: no link lost, one call on the wire a refresh.

    python tests/torture/run.py refreshes --rounds 1000 --workers 2

In each round every worker is told at the same moment that an account's access token was refused, as it
is when several of its reads meet the end of the hour. Google (with rotation) and Fitbit take turns.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from recovery_engines import environment_of
from recovery_result import Size
from recovery_run import rehearsal_in, table
from rehearsal import Rehearsal

from hometrial.db import WORKER_ROLE
from hometrial.services.syncing import vault
from hometrial.services.syncing.clouds import clouds

ASKER = Path(__file__).with_name("refreshes_asker.py")
PROVIDERS = ("google-health", "fitbit")
OF_REFRESHES = ("tokens unlocked",)
_BROKEN_ROUNDS = 40
Say = Callable[[str], None]


@dataclass
class Result:
    """What a run came to. `wire`: calls that came to the providers' token endpoints."""

    rounds: int = 0
    wire: int = 0
    lost: list[str] = field(default_factory=list)
    disagreeing: int = 0
    inactive: int = 0
    seconds: float = 0

    @property
    def sound(self) -> bool:
        """Whether no link was lost and each refresh was one call."""
        return not (self.lost or self.disagreeing or self.inactive) and self.wire == self.rounds

    def as_json(self) -> dict[str, object]:
        """Return the result for a program to read."""
        return vars(self) | {"sound": self.sound, "seconds": round(self.seconds, 1)}


def main(words: Sequence[str], say: Say) -> int:
    """Run and print; return the exit code."""
    options = _options(words)
    result = play(options.rounds, options.workers, "sound", say)
    found_out = {}
    for name in () if options.no_broken else OF_REFRESHES:
        say(f"broken on purpose: {name}")
        found_out[name] = not play(_BROKEN_ROUNDS, options.workers, name, say).sound
    told = result.as_json() | {"broken_found_out": found_out, "command": " ".join(words)}
    sys.stdout.write((json.dumps(told) if options.json else table(told)) + "\n")
    return 0 if result.sound and all(found_out.values()) else 1


def play(rounds: int, workers: int, variant: str, say: Say) -> Result:
    """Make one run in a study of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="refreshes") as folder,
        rehearsal_in(folder, Size(people=1, days=2)) as made,
    ):
        made.sims.faults.google.rotate_refresh_tokens = True
        order = [sys.executable, str(ASKER), variant]
        pipes = [
            subprocess.Popen(
                order, env=environment_of(made), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(workers)
        ]  # fmt: skip
        try:
            return _refresh(made, pipes, rounds, say)
        finally:
            for pipe in pipes:
                pipe.communicate(timeout=30)


def _refresh(made: Rehearsal, pipes: list[subprocess.Popen[str]], rounds: int, say: Say) -> Result:
    accounts = {}
    for provider in PROVIDERS:
        person = made.link(1, provider=provider)
        accounts[provider] = person.account_id
    tokens = {name: _token(made, name, account) for name, account in accounts.items()}
    before, started, result = _wire(made), time.monotonic(), Result()
    for number in range(rounds):
        provider = PROVIDERS[number % 2]
        answers = _ask(pipes, f"{provider} {accounts[provider]} {tokens[provider]}\n")
        lost = [each for each in answers if each.startswith("lost:")]
        result.lost += lost
        result.disagreeing += len(set(answers)) > 1 or tokens[provider] in answers
        result.rounds += 1
        if lost:
            break
        tokens[provider] = answers[0]
        if number % 200 == 199:
            say(f"{number + 1} rounds")
    result.wire = _wire(made) - before
    result.inactive = int(str(made.one("SELECT count(*) FROM connection WHERE status <> 'active'")))
    result.seconds = time.monotonic() - started
    return result


def _token(made: Rehearsal, provider: str, account: UUID) -> str:
    settings = made.database.settings
    with made.database.transaction("worker", role=WORKER_ROLE) as session:
        return vault.access(session, vault.keys(settings), clouds(settings)[provider], account)


def _ask(pipes: list[subprocess.Popen[str]], line: str) -> list[str]:
    for pipe in pipes:
        assert pipe.stdin
        pipe.stdin.write(line)
        pipe.stdin.flush()
    answers = []
    for pipe in pipes:
        assert pipe.stdout
        answers.append(pipe.stdout.readline().strip() or "lost:it fell")
    return answers


def _wire(made: Rehearsal) -> int:
    """Return the calls to both token endpoints, refused ones too."""
    google = sum(n for (_, name), n in made.sims.google.calls.items() if name == "token")
    fitbit = sum(n for (_, name), n in made.sims.fitbit.calls.items() if "token" in name)
    return google + fitbit


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py refreshes")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-broken", action="store_true", help="the sound run alone")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=7, help="(no dice are thrown)")
    return parser.parse_args(list(words))
