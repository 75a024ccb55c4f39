"""What a check says: a verdict, the finding in one sentence, and the fix."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Verdict = Literal["ok", "problem", "not_reached"]


@dataclass(frozen=True)
class Check:
    """One question of the doctor with its answer. An `ok` with a `fix` is worth knowing, and no fault."""

    name: str
    verdict: Verdict
    finding: str
    fix: str | None = None


def ok(name: str, finding: str, fix: str | None = None) -> Check:
    """Nothing stands in the way here."""
    return Check(name, "ok", finding, fix)


def problem(name: str, finding: str, fix: str) -> Check:
    """Here the data stop."""
    return Check(name, "problem", finding, fix)


def not_reached(name: str, finding: str) -> Check:
    """This cannot be told, or does not matter, as things stand further up."""
    return Check(name, "not_reached", finding)


def span(length: timedelta) -> str:
    """Write a length of time in its largest unit, as one would say it."""
    seconds = max(int(length.total_seconds()), 0)
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (size < 86_400 and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
