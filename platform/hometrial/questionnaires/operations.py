"""The closed list of operations: from the values of items and earlier scores to one score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hometrial.questionnaires.blanks import Inputs, Known, known
from hometrial.questionnaires.composite import grade
from hometrial.questionnaires.functions import FUNCTIONS, ScoringError
from hometrial.questionnaires.scores import (
    AnyScore,
    Band,
    CompositeTable,
    CountAtLeast,
    Lookup,
    Max,
    Mean,
    MeanOfScores,
    NamedFunction,
    Recode,
    RecodeItems,
    Recoding,
    Rescale,
    RescaleItems,
    Reverse,
    ReverseItems,
    Step,
    Sum,
    WeightedSum,
)

Tables = Mapping[str, Mapping[int, float]]
Values = Mapping[str, int | float | str | None]
Rung = TypeVar("Rung", Step, Band)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One score: None if it cannot be made; `n_answered` and `n_missing` count its own inputs.

    `marks`: what stands behind the score's name in a flag, such as prorated.
    """

    value: float | None
    n_answered: int
    n_missing: int
    prorated: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What a score may be made of: values by name, the recodings of the instrument, tables of its pack."""

    values: Values
    recodings: Mapping[str, Recoding] = field(default_factory=dict)
    tables: Tables = field(default_factory=dict)

    def number(self, name: str, recoding: str | None = None) -> float | None:
        """Return an input as a number, recoded if it is part of the recoding; None: blank."""
        value = self.values[name]
        if isinstance(value, str):
            raise ScoringError(f"{name} holds words ({value!r}), no number")
        if value is None or recoding is None:
            return value
        steps = [step for step in self.recodings[recoding] if name in step.items]
        return apply(steps[0], name, value) if steps else value

    def numbers(self, names: tuple[str, ...], recoding: str | None = None) -> Inputs:
        """Return several inputs as numbers, by name."""
        return {name: self.number(name, recoding) for name in names}


def compute(score: AnyScore, source: Source) -> Outcome:
    """Return what a declared score comes to; raises ScoringError where a table has no place for a value."""
    match score:
        case Sum() | Mean() | MeanOfScores() | Max() | CountAtLeast():
            return _many(score, source)
        case WeightedSum():
            return _weighted(score, source)
        case CompositeTable():
            return _composite(score, source)
        case NamedFunction():
            return _function(score, source)
        case _:
            return _one(score, source)


def _many(score: Sum | Mean | MeanOfScores | Max | CountAtLeast, source: Source) -> Outcome:
    inputs = known(_inputs(score, source), score.missing)
    value = _reduced(score, inputs) if inputs.enough else None
    marks = (*("prorated",) * inputs.made_up, *("<half",) * inputs.few)
    blank = inputs.wanted - len(inputs.values)
    return Outcome(value, len(inputs.values), blank, prorated=inputs.made_up, marks=marks)


def _inputs(score: Sum | Mean | MeanOfScores | Max | CountAtLeast, source: Source) -> Inputs:
    if isinstance(score, MeanOfScores):
        return source.numbers(score.scores)
    if isinstance(score, CountAtLeast) and score.groups:
        return {
            f"group {number}": _reached(source.numbers(group, score.recoding), score.threshold)
            for number, group in enumerate(score.groups, 1)
        }
    return source.numbers(score.items, score.recoding)


def _reached(group: Inputs, threshold: float) -> float | None:
    """Return the threshold if the whole group reaches it, less if one does not, None if that is unknown."""
    lowest = min((value for value in group.values() if value is not None), default=threshold)
    if lowest < threshold:
        return lowest
    return None if None in group.values() else threshold


def _reduced(score: Sum | Mean | MeanOfScores | Max | CountAtLeast, inputs: Known) -> float:
    match score:
        case Sum():
            # Multiplied before it is divided: a whole number stays one, and no band is missed by a hair.
            total = math.fsum(inputs.values)
            if inputs.made_up:
                total = total * inputs.wanted / len(inputs.values)
            return total / score.divide_by
        case Max():
            return max(inputs.values)
        case CountAtLeast():
            return float(sum(value >= score.threshold for value in inputs.values))
        case _:
            return math.fsum(inputs.values) / len(inputs.values)


def _weighted(score: WeightedSum, source: Source) -> Outcome:
    inputs = source.numbers(tuple(score.weights), score.recoding)
    terms = [score.weights[name] * value for name, value in inputs.items() if value is not None]
    blank = len(inputs) - len(terms)
    return Outcome(None if blank else math.fsum([score.constant, *terms]), len(terms), blank)


def _composite(score: CompositeTable, source: Source) -> Outcome:
    named = (score.frequency, score.severity, score.interference)
    rated = [None if name is None else source.number(name) for name in named]
    asked = [value for name, value in zip(named, rated, strict=True) if name is not None]
    blank = asked.count(None)
    if asked[0] == 0:
        return Outcome(0.0, len(asked) - blank, blank)
    whole = [None if value is None else int(value) for value in rated]
    value = None if blank else float(grade(whole[0], whole[1], whole[2]))
    return Outcome(value, len(asked) - blank, blank)


def _function(score: NamedFunction, source: Source) -> Outcome:
    given = {name: source.values[of] for name, of in score.inputs.items()}
    present = {name: value for name, value in given.items() if value is not None}
    blank = len(given) - len(present)
    value = None if blank else FUNCTIONS[score.func].compute(present, score.settings)
    return Outcome(value, len(present), blank)


def _one(score: Recode | Reverse | Rescale | Lookup, source: Source) -> Outcome:
    value = source.number(score.of)
    if value is None:
        return Outcome(None, 0, 1)
    if not isinstance(score, Lookup):
        return Outcome(apply(score, score.of, value), 1, 0)
    if score.pack_table is None:
        return Outcome(climb(score.steps, value).value, 1, 0)
    if score.pack_table not in source.tables:
        return Outcome(None, 1, 0, marks=("no_table",))
    return Outcome(_found(source.tables[score.pack_table], score.of, value), 1, 0)


def apply(
    step: RecodeItems | ReverseItems | RescaleItems | Recode | Reverse | Rescale,
    name: str,
    value: float,
) -> float:
    """Return one value recoded, reversed, or set on 0-100."""
    match step:
        case RecodeItems() | Recode():
            return _found(step.table, name, value)
        case ReverseItems() | Reverse():
            return step.low + step.high - value
        case _:
            return 100 * (value - step.low) / (step.high - step.low)


def _found(table: Mapping[int, float], name: str, value: float) -> float:
    if value not in table:
        raise ScoringError(f"{name} is {value:g}, and the table knows {', '.join(map(str, table))}")
    return table[int(value)]


def climb(steps: Sequence[Rung], value: float) -> Rung:
    """Return the first step of a ladder that the value does not pass; the last is open."""
    return next(step for step in steps if _within(step, value))


def _within(step: Step | Band, value: float) -> bool:
    if step.below is not None:
        return value < step.below
    return step.at_most is None or value <= step.at_most
