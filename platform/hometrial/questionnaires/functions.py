"""Functions that a declaration may name where no operation of the list says it; each with its version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time

from hometrial.errors import TrialError

Given = Mapping[str, int | float | str]
Settings = Mapping[str, float | str]

_MINUTES_OF_A_DAY = 24 * 60


class ScoringError(TrialError):
    """An answer, or a score made of answers, that the instrument does not allow."""


@dataclass(frozen=True, slots=True)
class Function:
    """A named function: which inputs and settings it takes (with the words a setting may be), what it returns.

    It is called only when every input is known.
    """

    inputs: frozenset[str]
    settings: Mapping[str, frozenset[str] | None]
    compute: Callable[[Given, Settings], float]


def _haematocrit_deficit(given: Given, settings: Settings) -> float:
    """Return normal - found, in percent points (Best 1976); calculators differ in what a surplus counts."""
    deficit = float(given["normal"]) - float(given["found"])
    match settings["deviation"]:
        case "absolute":
            return abs(deficit)
        case "clamped":
            return max(0.0, deficit)
        case _:
            return deficit


def _weight_deficit(given: Given, settings: Settings) -> float:
    """Return 100 (1 - weight / standard weight) in percent, at least `floor` (Best 1976)."""
    standard = float(given["standard"])
    if standard <= 0:
        raise ScoringError(
            f"standard weight is {standard} kg: enter the weight that is usual, above 0"
        )
    return max(float(settings["floor"]), 100 * (1 - float(given["weight"]) / standard))


def _sleep_efficiency(given: Given, _: Settings) -> float:
    """Return hours slept per hour in bed, in percent (PSQI component 4); bed and rise are times of day."""
    in_bed = (_minute(given["rise"]) - _minute(given["bed"])) % _MINUTES_OF_A_DAY
    if in_bed == 0:
        raise ScoringError(f"went to bed and rose at {given['bed']}: no time in bed to divide by")
    return 100 * float(given["hours"]) * 60 / in_bed


def _minute(stated: float | str) -> int:
    moment = time.fromisoformat(str(stated))
    return moment.hour * 60 + moment.minute


FUNCTIONS: Mapping[str, Function] = {
    "cdai_haematocrit_v1": Function(
        frozenset({"normal", "found"}),
        {"deviation": frozenset({"signed", "clamped", "absolute"})},
        _haematocrit_deficit,
    ),
    "cdai_weight_v1": Function(frozenset({"weight", "standard"}), {"floor": None}, _weight_deficit),
    "sleep_efficiency_v1": Function(frozenset({"bed", "rise", "hours"}), {}, _sleep_efficiency),
}
