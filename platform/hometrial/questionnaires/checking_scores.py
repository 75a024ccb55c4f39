"""Whether the scores of an instrument can be computed from its items, whatever is answered."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from hometrial.declarations import Fault
from hometrial.questionnaires.functions import FUNCTIONS
from hometrial.questionnaires.scores import (
    AnyScore,
    Band,
    CompositeTable,
    Lookup,
    Missing,
    NamedFunction,
    Recode,
    RecodeItems,
    Rescale,
    RescaleItems,
    Reverse,
    ReverseItems,
    Step,
    inputs_of,
)
from hometrial.questionnaires.slots import Place

if TYPE_CHECKING:
    from hometrial.questionnaires.instrument import Instrument, Item

_METHODS = {
    "sum": {"none", "require_all", "prorate_mean", "person_mean_impute"},
    "mean": {"require_all", "answered_mean", "prorate_mean", "person_mean_impute", "min_fraction"},
    "mean_of_scores": {"require_all", "answered_mean", "min_fraction"},
    "max": {"none", "require_all"},
    "count_ge": {"none", "require_all"},
}
_MOST_VALUES = 1001


def score_faults(instrument: "Instrument") -> Iterator[Fault]:
    """Yield what is wrong with the recodings and scores of an instrument."""
    items = {item.id: item for item in instrument.items}
    yield from _recodings(instrument, items)
    before: set[str] = set()
    for number, score in enumerate(instrument.scores):
        place: Place = ("scores", number)
        yield from _inputs(score, place, items, before)
        yield from _own(score, place)
        if isinstance(score, CompositeTable):
            yield from _graded(instrument, score, items, place)
        yield from _recoding(instrument, score, place)
        if isinstance(score, Recode | Reverse | Rescale) and score.of in items:
            yield from _covered(instrument, items[score.of], score, place)
        before.add(score.id)


def _recodings(instrument: "Instrument", items: dict[str, "Item"]) -> Iterator[Fault]:
    for name, steps in instrument.recodings.items():
        seen: set[str] = set()
        for number, step in enumerate(steps):
            for position, item in enumerate(step.items):
                place = ("recodings", name, number, "items", position)
                if item not in items:
                    yield Fault(place, "no such item", item)
                elif item in seen:
                    yield Fault(place, "this recoding has the item already", item)
                else:
                    yield from _covered(instrument, items[item], step, place)
                seen.add(item)


def _covered(
    instrument: "Instrument",
    item: "Item",
    step: RecodeItems | ReverseItems | RescaleItems | Recode | Reverse | Rescale,
    place: Place,
) -> Iterator[Fault]:
    values = _possible(instrument, item)
    if isinstance(step, RecodeItems | Recode):
        absent = [value for value in values if value not in step.table]
        if absent or not values:
            said = (
                f"the table has no value for the answers {absent}" if values else "no whole answers"
            )
            yield Fault(place, f"{item.id}: {said}", item.id)
        return
    found = (min(values), max(values)) if values else _bounds(item)
    if found != (step.low, step.high):
        said = f"{item.id} runs from {found[0]} to {found[1]}, not from {step.low} to {step.high}"
        yield Fault(place, said, item.id)


def _possible(instrument: "Instrument", item: "Item") -> list[int]:
    """Return the whole numbers that an answer can be; none for measures and words."""
    if item.type == "choice":
        return [option.value for option in instrument.option_sets.get(item.options, ())]
    if item.type in {"scale", "integer"} and item.high - item.low < _MOST_VALUES:
        return list(range(int(item.low), int(item.high) + 1))
    return []


def _bounds(item: "Item") -> tuple[float, float] | tuple[None, None]:
    return (item.low, item.high) if item.type in {"integer", "decimal"} else (None, None)


def _inputs(
    score: AnyScore, place: Place, items: dict[str, "Item"], before: set[str]
) -> Iterator[Fault]:
    named = inputs_of(score)
    timed = {"time"} if isinstance(score, NamedFunction) else set()
    for name in dict.fromkeys(named):
        if name not in items and name not in before:
            yield Fault(place, f"{score.id}: {name} is no item and no score before this one", name)
        elif name in items and items[name].type in {"text", "date", "time"} - timed:
            yield Fault(place, f"{score.id}: {name} holds words, no number", name)
        if named.count(name) > 1 and score.op != "count_ge":
            yield Fault(place, f"{score.id}: {name} is named twice", name)
    if score.op == "mean_of_scores":
        for name in set(named) & set(items):
            yield Fault(place, f"{score.id}: {name} is an item; mean_of_scores takes scores", name)


def _graded(
    instrument: "Instrument", score: CompositeTable, items: dict[str, "Item"], place: Place
) -> Iterator[Fault]:
    for name in inputs_of(score):
        if name not in items or set(_possible(instrument, items[name])) != set(range(5)):
            yield Fault(place, f"{score.id}: {name} must be an item that is answered 0 to 4", name)


def _own(score: AnyScore, place: Place) -> Iterator[Fault]:
    """Yield what is wrong with a score that no item has to do with."""
    yield from _ladder(score.bands, (*place, "bands"))
    if score.range is not None and score.range[0] >= score.range[1]:
        yield Fault((*place, "range"), "the second end is not above the first", score.range)
    match score:
        case Lookup():
            yield from _ladder(score.steps, (*place, "steps"))
        case NamedFunction():
            yield from _call(score, place)
        case CompositeTable():
            if not inputs_of(score):
                yield Fault(place, f"{score.id}: no attribute is named", score.id)
    missing = getattr(score, "missing", None)
    if isinstance(missing, Missing):
        yield from _missing(score, missing, (*place, "missing"))


def _ladder(steps: Sequence[Step | Band], place: Place) -> Iterator[Fault]:
    ends = [_end(step) for step in steps]
    if ends and ends[-1] is not None:
        yield Fault(place, "the last one must be open: it has neither below nor at_most", None)
    for number, (lower, upper) in enumerate(pairwise(ends)):
        if lower is None or (upper is not None and upper <= lower):
            yield Fault((*place, number + 1), "this one can never be reached", None)


def _end(step: Step | Band) -> tuple[float, int] | None:
    if step.below is not None:
        return step.below, 0
    return None if step.at_most is None else (step.at_most, 1)


def _call(score: NamedFunction, place: Place) -> Iterator[Fault]:
    function = FUNCTIONS[score.func]
    if set(score.inputs) != function.inputs:
        yield Fault(
            (*place, "inputs"), f"{score.func} takes {', '.join(sorted(function.inputs))}", None
        )
    if set(score.settings) != set(function.settings):
        wanted = ", ".join(sorted(function.settings)) or "none"
        yield Fault((*place, "settings"), f"the settings of {score.func} are: {wanted}", None)
        return
    for name, words in function.settings.items():
        value = score.settings[name]
        fits = isinstance(value, float | int) if words is None else value in words
        if not fits:
            wanted = "a number" if words is None else " or ".join(sorted(words))
            yield Fault((*place, "settings", name), f"this setting is {wanted}", value)


def _missing(score: AnyScore, missing: Missing, place: Place) -> Iterator[Fault]:
    named = inputs_of(score)
    if missing.method not in _METHODS[score.op]:
        allowed = ", ".join(sorted(_METHODS[score.op]))
        yield Fault((*place, "method"), f"{score.op} takes one of {allowed}", missing.method)
    for field in ("must", "blank_as"):
        for name in getattr(missing, field):
            if name not in named:
                yield Fault((*place, field), f"{name} is no input of {score.id}", name)
    if getattr(score, "groups", ()) and (missing.must or missing.blank_as):
        yield Fault(place, "with groups neither must nor blank_as is known", None)
    if (missing.max_missing or 0) >= len(named):
        yield Fault(
            (*place, "max_missing"), f"{score.id} has {len(named)} inputs", missing.max_missing
        )
    if (missing.min_answered or 0) > len(named):
        yield Fault(
            (*place, "min_answered"), f"{score.id} has {len(named)} inputs", missing.min_answered
        )


def _recoding(instrument: "Instrument", score: AnyScore, place: Place) -> Iterator[Fault]:
    name = getattr(score, "recoding", None)
    if name is not None and name not in instrument.recodings:
        yield Fault((*place, "recoding"), "no such recoding", name)
