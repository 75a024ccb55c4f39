"""Days in a row on which the same was so become one stretch."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

What = TypeVar("What", bound=Hashable)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stretch(Generic[What]):
    """Days from first to last, both included, with what was so on each of them and the records that say it."""

    first: date
    last: date
    what: What
    sources: tuple[str, ...]


def stretches(days: Iterable[tuple[date, What, tuple[str, ...]]]) -> list[Stretch[What]]:
    """Return the stretches of days in order; two things of one day are in two stretches side by side."""
    done: list[Stretch[What]] = []
    going: dict[What, Stretch[What]] = {}
    for day, what, sources in sorted(days, key=lambda told: told[0]):
        before = going.get(what)
        if before is not None and day - before.last <= ONE_DAY:
            going[what] = Stretch(before.first, day, what, before.sources + sources)
            continue
        if before is not None:
            done.append(before)
        going[what] = Stretch(day, day, what, sources)
    return sorted([*done, *going.values()], key=lambda each: (each.first, each.last, each.sources))
