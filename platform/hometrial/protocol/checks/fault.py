"""What a check finds: where in the protocol, and a sentence with the way out."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hometrial.declarations import Fault, Place

__all__ = ["Fault", "Known", "Place", "absent", "twice", "unknown"]


@dataclass(frozen=True)
class Known:
    """What this installation can resolve: instruments with their scores and items, daily metrics."""

    instruments: Mapping[str, Collection[str]]
    metrics: Collection[str]


def unknown(
    place: Place, named: Iterable[str], known: Collection[str], what: str
) -> Iterator[Fault]:
    """Yield a fault for each name in a list that is not among the known ones."""
    for number, name in enumerate(named):
        if name not in known:
            yield absent((*place, number), name, known, what)


def absent(place: Place, name: str, known: Collection[str], what: str) -> Fault:
    """Return the fault of a name that leads nowhere."""
    listed = ", ".join(sorted(known)) or "none"
    return Fault(place, f"there is no {what} {name}; declare it, or name one of: {listed}")


def twice(section: str, ids: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each id that a section gives a second time."""
    seen: Counter[str] = Counter()
    for number, name in enumerate(ids):
        if seen[name]:
            yield Fault((section, number, "id"), f"{name} is declared twice; give it another id")
        seen[name] += 1
