"""Invented answers to a questionnaire: as ill as somebody is on a day, with blanks, and what its logic hides."""

from dataclasses import dataclass
from datetime import date, timedelta

from hometrial.exports.twin.chance import Chance
from hometrial.exports.twin.logic import Logic
from hometrial.questionnaires.answers import Answer
from hometrial.questionnaires.instrument import (
    ChoiceItem,
    Instrument,
    Item,
    NumberItem,
    ScaleItem,
    WordsItem,
)

_SKIPPED = 0.015
_SPREAD = 0.3
_WORDS = (
    'Slept badly, then a good hour in the garden – "almost like before". Später wieder Kopfschmerzen.\n'
    "The new capsules are easier to swallow; I took one with water, one with tea. 🌿 Nothing else to tell."
)


@dataclass(frozen=True)
class Day:
    """What the answers of a day follow from: how ill (0 to 1), and the dose: 1 taken, 3 not, None before any."""

    day: date
    illness: float
    dose: int | None
    short: bool = False


@dataclass(frozen=True)
class Filled:
    """A form as it was filled: which items it `asked`, the answers, and why somebody left an item blank."""

    answers: dict[str, Answer]
    skipped: dict[str, str]
    asked: frozenset[str]


def filled(logic: Logic, day: Day, chance: Chance, fixed: dict[str, Answer]) -> Filled:
    """Return a questionnaire as somebody fills it on a day; `fixed` answers are as they are."""
    instrument = logic.instrument
    given: dict[str, Answer] = {}
    skipped: dict[str, str] = {}
    worse_is_higher = _worse_is_higher(instrument)
    for item in instrument.items:
        luck, noise = chance.unit(), chance.unit()
        level = min(max(day.illness + (noise - 0.5) * _SPREAD, 0.0), 0.999)
        if item.id == "dose_taken" and day.dose is None:
            skipped[item.id] = "not_relevant"
        elif luck < _SKIPPED and item.id != "dose_taken" and instrument.presentation.allow_skip:
            skipped[item.id] = chance.pick(instrument.presentation.skip_reasons or ("unstated",))
        else:
            answer = fixed.get(item.id, _answer(instrument, item, level, (day, worse_is_higher)))
            given[item.id] = day.dose if item.id == "dose_taken" else answer
    asked = logic.asked(given)
    if day.short:
        asked = frozenset(
            item.id for item in instrument.items if item.in_crash and item.id in asked
        )
    kept = {name: answer for name, answer in given.items() if name in asked}
    return Filled(kept, {name: why for name, why in skipped.items() if name in asked}, asked)


def _worse_is_higher(instrument: Instrument) -> bool:
    known = [each.direction for each in instrument.scores if each.direction is not None]
    return not known or known[0] == "higher_worse"


def _answer(instrument: Instrument, item: Item, level: float, of: tuple[Day, bool]) -> Answer:
    day, worse_is_higher = of
    height = level if worse_is_higher else 0.999 - level
    if isinstance(item, ChoiceItem):
        return _choice(instrument, item, height)
    if isinstance(item, ScaleItem):
        return item.low + int(height * (item.high - item.low + 1))
    if isinstance(item, NumberItem):
        return _number(item, level)
    return _written(item, level, day.day)


def _choice(instrument: Instrument, item: ChoiceItem, height: float) -> int:
    values = [each.value for each in instrument.option_sets[item.options]]
    if len(values) == 2:
        return values[1] if height > 0.85 else values[0]
    return values[int(height * len(values))]


def _number(item: NumberItem, level: float) -> float | int:
    """Return a number in the lower part of what is possible, as most measured ones are."""
    found = item.low + (item.high - item.low) * (0.05 + level / 4)
    return round(found, 1) if item.type == "decimal" else int(found)


def _written(item: WordsItem, level: float, day: date) -> str:
    if item.type == "date":
        return str(day - timedelta(int(level * 6)))
    if item.type == "time":
        return f"{20 + int(level * 4):02d}:{int(level * 60):02d}"
    return _WORDS[: item.max_length]
