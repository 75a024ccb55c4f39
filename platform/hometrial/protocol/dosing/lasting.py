"""How long a supply lasts, how well it was covered, and what a count of what came back says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from hometrial.protocol.dosing.amounts import DayDose, Form, Formulation, Milligrams
from hometrial.protocol.dosing.composing import millilitres, packed, require_makeable
from hometrial.protocol.dosing.supply import Lot

_LOW, _HIGH = 80, 110
"""Adherence by count (%) below or above which somebody asks."""


@dataclass(frozen=True)
class OnHand:
    """Units of a lot that a person has: capsules, or the millilitres of one bottle."""

    lot: Lot
    units: Decimal


def days_left(dose: DayDose, formulation: Formulation, stock: Sequence[OnHand], on: date) -> int:
    """Return for how many days, from this one on, a stock makes this dose whole.

    Each day takes the fewest capsules that make it up, of those to be used first; so a person who does the same is
    never out sooner. Nothing counts beyond its last day of use. Raises DoseRefusedError if no stock could make it.
    """
    require_makeable(dose, formulation)
    own = sorted(
        (each for each in stock if each.lot.formulation == formulation.id),
        key=lambda each: each.lot.use_by,
    )
    if formulation.form is Form.CAPSULE:
        return _days_of_capsules(dose, formulation.most_at_once, own, on)
    volume = sum((millilitres(part.mg, formulation) for part in dose.parts), Decimal(0))
    return _days_of_bottles(volume, own, on)


def _days_of_bottles(volume: Decimal, bottles: Iterable[OnHand], on: date) -> int:
    """Count whole doses out of one bottle after the other; what is left of one is not mixed with the next."""
    day = on
    for bottle in bottles:
        usable = (bottle.lot.use_by - day).days + 1
        day += timedelta(days=max(0, min(int(bottle.units // volume), usable)))
    return (day - on).days


def _days_of_capsules(
    dose: DayDose, most_at_once: int | None, stock: Sequence[OnHand], on: date
) -> int:
    left = [int(each.units) for each in stock]
    day = on
    while True:
        usable = [place for place, each in enumerate(stock) if each.lot.use_by >= day]
        needed = packed(dose, _by_strength(stock, left, usable), most_at_once)
        if needed is None:
            return (day - on).days
        for part in needed:
            for strength, count in part.items():
                same = [place for place in usable if stock[place].lot.strength == strength]
                _take(left, same, count)
        day += timedelta(days=1)


def _by_strength(
    stock: Sequence[OnHand], left: Sequence[int], usable: Iterable[int]
) -> dict[Milligrams, int]:
    counts: dict[Milligrams, int] = {}
    for place in usable:
        strength = stock[place].lot.strength
        counts[strength] = counts.get(strength, 0) + left[place]
    return counts


def _take(left: list[int], places: Iterable[int], count: int) -> None:
    """Take capsules from the places in order: those to be used first come first."""
    for place in places:
        taken = min(count, left[place])
        left[place] -= taken
        count -= taken


class Level(StrEnum):
    """What a number of days left asks for (SU1)."""

    ENOUGH = "enough"
    REORDER = "reorder"
    LOW = "send by courier"
    NOTHING = "nothing left: an interruption begins"


def supply_level(days: int, reorder_when: int, alert_when: int) -> Level:
    """Return what fewer days left than these ask for."""
    if days <= 0:
        return Level.NOTHING
    if days < alert_when:
        return Level.LOW
    return Level.REORDER if days < reorder_when else Level.ENOUGH


@dataclass(frozen=True)
class CountedAdherence:
    """Adherence by count of units (%), and whether it is so far off that somebody asks: below 80, above 110."""

    percent: float

    @property
    def is_flagged(self) -> bool:
        """Whether somebody asks."""
        return not _LOW <= self.percent <= _HIGH


def counted_adherence(
    dispensed: Decimal, returned: Decimal, lost: Decimal, planned: Decimal
) -> CountedAdherence | None:
    """Return (dispensed - returned - lost) / planned units in %; None if no unit was planned."""
    if not planned:
        return None
    return CountedAdherence(float(100 * (dispensed - returned - lost) / planned))


def days_covered(supplies: Iterable[tuple[date, int]], first: date, last: date) -> float:
    """Return the proportion of days covered (%): days from first to last with supply in hand.

    Each supply is the day on which it arrived and the days it lasts; what comes before the last one is used up is
    kept for later.
    """
    end, covered = date.min, 0
    for arrived_on, days in sorted(supplies):
        start = max(end, arrived_on)
        end = start + timedelta(days=days)
        covered += max(0, (min(end, last + timedelta(days=1)) - max(start, first)).days)
    return 100 * covered / ((last - first).days + 1)
