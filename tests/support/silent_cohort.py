"""People who wear a watch, take it off, lose its access, or tire of it: valid days by a seed, to forecast upon."""

import random
from dataclasses import dataclass

from hometrial.services import forecasting
from hometrial.services.forecasting import Stretch

LEAD, WINDOW, NEED = 3, 7, 4


@dataclass(frozen=True)
class Case:
    """A moment of one person: the days before, and whether the window that came was missed."""

    person: int
    before: tuple[bool, ...]
    missed: bool


def lives(people: int, days: int, seed: int) -> list[list[bool]]:
    """Return valid days of people, day by day."""
    chance = random.Random(seed)  # noqa: S311
    return [_life(chance, days) for _ in range(people)]


def _life(chance: random.Random, days: int) -> list[bool]:
    """One person: mostly worn; short breaks, now and then a long one; some tire as the weeks go by."""
    care = chance.betavariate(12, 0.8)
    tires = chance.random() < 0.3
    found: list[bool] = []
    while len(found) < days:
        keeps = care * (1 - 0.5 * len(found) / days if tires else 1)
        if chance.random() < keeps:
            found.append(True)
            continue
        long = chance.random() < 0.15
        found += [False] * (
            chance.randrange(8, 25) if long else chance.choice((1, 1, 1, 2, 2, 3, 5))
        )
    return found[:days]


def cases(lived: list[list[bool]], *, first: int, last: int, every: int) -> list[Case]:
    """Return moments between two days, with what came of them."""
    return [
        Case(person, tuple(days[:day]), sum(days[day + LEAD : day + LEAD + WINDOW]) < NEED)
        for person, days in enumerate(lived)
        for day in range(first, last - LEAD - WINDOW, every)
    ]


def brier(chances: list[float], found: list[Case]) -> float:
    """Return the mean squared distance between what was foretold and what came."""
    pairs = zip(chances, found, strict=True)
    return sum((chance - case.missed) ** 2 for chance, case in pairs) / len(found)


def by_chain(found: list[Case]) -> list[float]:
    """Foretell by the model, each moment from what was known by then and nothing else."""
    known = {(case.person, len(case.before)): case.before for case in found}
    cohorts = {
        day: forecasting.cohort(
            [days[-42:] for (_, length), days in known.items() if length == day]
        )
        for day in {length for _, length in known}
    }
    stretch = Stretch(LEAD, WINDOW, NEED)
    return [
        forecasting.chance_of_missing(
            case.before[-42:],
            forecasting.of_person(case.before[-42:], cohorts[len(case.before)]),
            stretch,
        )
        for case in found
    ]


def by_last_gap(found: list[Case]) -> list[float]:
    """Foretell by the rule that whoever wore no watch on the last day will miss."""
    return [0.0 if case.before[-1] else 1.0 for case in found]


def by_last_gap_at_best(found: list[Case]) -> list[float]:
    """The same rule with the two shares that would have been best, which nobody can know before."""
    shares = {}
    for worn in (True, False):
        missed = [case.missed for case in found if case.before[-1] is worn]
        shares[worn] = sum(missed) / max(len(missed), 1)
    return [shares[case.before[-1]] for case in found]
