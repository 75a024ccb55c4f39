"""Which capsules, or how many millilitres, make up a dose."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from hometrial.protocol.dosing.amounts import DayDose, Form, Formulation, Milligrams, Part, written
from hometrial.protocol.dosing.refusing import DoseRefusedError

Capsules = dict[Milligrams, int]
"""How many of each strength (mg)."""


def packed(
    dose: DayDose, stock: Mapping[Milligrams, int], most_at_once: int | None = None
) -> list[Capsules] | None:
    """Return the capsules of each part of a dose, the fewest in all that this stock allows; None if none do."""
    strengths = sorted((mg for mg, count in stock.items() if count > 0), reverse=True)

    @cache
    def fewest(place: int, owed: tuple[Decimal, ...], room: tuple[int, ...]) -> _Choice | None:
        if not any(owed):
            return ()
        if place == len(strengths):
            return None
        strength = strengths[place]
        best = None
        for counts in _counts(strength, owed, room, stock[strength]):
            rest = fewest(
                place + 1,
                tuple(mg - n * strength for mg, n in zip(owed, counts, strict=True)),
                tuple(free - n for free, n in zip(room, counts, strict=True)),
            )
            if rest is not None and (best is None or _size((counts, *rest)) < _size(best)):
                best = (counts, *rest)
        return best

    owed = tuple(part.mg for part in dose.parts)
    chosen = fewest(
        0, owed, tuple(most_at_once or int(mg / min(strengths, default=mg)) for mg in owed)
    )
    if chosen is None:
        return None
    by_part = zip(*chosen, strict=True)
    return [_counted(strengths[: len(chosen)], counts) for counts in by_part]


_Choice = tuple[tuple[int, ...], ...]
"""For each strength, how many capsules of it go into each part."""


def _counts(
    strength: Decimal, owed: tuple[Decimal, ...], room: tuple[int, ...], left: int
) -> list[tuple[int, ...]]:
    """Return every way to put capsules of one strength into the parts, most first."""
    if not owed:
        return [()]
    most = min(left, room[0], int(owed[0] // strength))
    return [
        (count, *others)
        for count in range(most, -1, -1)
        for others in _counts(strength, owed[1:], room[1:], left - count)
    ]


def _size(choice: _Choice) -> tuple[int, int]:
    """Return how many capsules a choice has, and of how many kinds: of one kind is easier to take right."""
    return sum(map(sum, choice)), sum(count > 0 for counts in choice for count in counts)


def _counted(strengths: list[Milligrams], counts: tuple[int, ...]) -> Capsules:
    return {mg: count for mg, count in zip(strengths, counts, strict=True) if count}


def capsules(mg: Milligrams, formulation: Formulation) -> Capsules:
    """Return the fewest capsules that make up an amount. Raises DoseRefusedError if none do."""
    plenty = {strength: int(mg / strength) for strength in formulation.strengths}
    made = packed(DayDose((Part(mg),)), plenty, formulation.most_at_once)
    if made is None:
        strengths = ", ".join(map(written, formulation.strengths))
        raise DoseRefusedError(
            f"{written(mg)} mg cannot be made of capsules of {strengths} mg"
            f"{_at_once(formulation)}: choose another dose or formulation"
        )
    return made[0]


def _at_once(formulation: Formulation) -> str:
    most = formulation.most_at_once
    return "" if most is None else f", {most} at most at once"


def millilitres(mg: Milligrams, formulation: Formulation) -> Decimal:
    """Return the volume of a solution that holds an amount. Raises DoseRefusedError if it cannot be measured."""
    if formulation.mg_per_ml is None or formulation.measure_step_ml is None:
        raise DoseRefusedError(
            f"{formulation.id} is a {formulation.form}: only a solution is measured"
        )
    volume = mg / formulation.mg_per_ml
    if volume % formulation.measure_step_ml:
        raise DoseRefusedError(
            f"{written(mg)} mg are {volume.normalize():f} ml of {formulation.id}, which is measured in steps of"
            f" {written(formulation.measure_step_ml)} ml: choose another dose or formulation"
        )
    return volume


def require_makeable(dose: DayDose, formulation: Formulation) -> None:
    """Raise DoseRefusedError unless each part of a dose can be made of a formulation."""
    if not formulation.form.is_oral:
        raise DoseRefusedError(
            f"{formulation.id} is a {formulation.form}: it is recorded when used, no oral dose is ordered of it"
        )
    for part in dose.parts:
        if formulation.form is Form.CAPSULE:
            capsules(part.mg, formulation)
        else:
            millilitres(part.mg, formulation)
