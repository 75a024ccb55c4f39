"""Blanks: which inputs of a score are known, and whether they are enough."""

from collections.abc import Mapping
from dataclasses import dataclass

from hometrial.questionnaires.scores import Missing

Inputs = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Known:
    """The inputs of a score that are known, how many there should be, and whether they are enough.

    `made_up`: blanks are filled with the person's own mean. `few`: less than half is known, and counts.
    """

    values: tuple[float, ...]
    wanted: int
    enough: bool
    made_up: bool
    few: bool


def known(inputs: Inputs, missing: Missing) -> Known:
    """Return what a score can be made of under its rule for blanks."""
    filled = {
        name: missing.blank_as.get(name) if value is None else value
        for name, value in inputs.items()
    }
    values = tuple(value for value in filled.values() if value is not None)
    answered, wanted = len(values), len(filled)
    complete = all(filled[name] is not None for name in missing.must)
    enough = complete and answered > 0 and _enough(answered, wanted, missing)
    partial = enough and answered < wanted
    return Known(
        values,
        wanted,
        enough,
        made_up=partial and missing.method in {"prorate_mean", "person_mean_impute"},
        few=partial and missing.method == "answered_mean" and 2 * answered < wanted,
    )


def _enough(answered: int, wanted: int, missing: Missing) -> bool:
    if missing.method == "require_all":
        return answered == wanted
    if missing.max_missing is not None:
        return wanted - answered <= missing.max_missing
    if missing.min_answered is not None:
        return answered >= missing.min_answered
    return missing.min_fraction is None or answered / wanted >= missing.min_fraction
