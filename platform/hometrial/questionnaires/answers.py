"""Answers: whether one is possible, and which items are asked after the answers before them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time

from hometrial.questionnaires.conditions import Values, holds, parse
from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, WordsItem
from hometrial.rules import Expression, names

Answer = int | float | str | None
Answers = Mapping[str, Answer]

_CALENDAR: Mapping[str, tuple[Callable[[str], object], str]] = {
    "date": (date.fromisoformat, "YYYY-MM-DD"),
    "time": (time.fromisoformat, "HH:MM"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A form as it was taken: what each item counts as, which items were asked, which had no place.

    `values`: the answer; for a hidden item its `hidden_value`, if it declares one.
    An item whose condition is unknown is neither asked nor hidden.
    """

    values: Mapping[str, Answer]
    asked: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def n_answered(self) -> int:
        """How many of the items that were asked are answered."""
        return sum(self.values[name] is not None for name in self.asked)

    @property
    def n_missing(self) -> int:
        """How many of the items that were asked are blank."""
        return len(self.asked) - self.n_answered


def take(instrument: Instrument, answers: Answers) -> Taken:
    """Return a form as taken; an item that `answers` leaves out is blank.

    Raises ScoringError with every answer that is out of range, of another type, to an item that does not
    exist, or to one that the answers before it hide.
    """
    faults = [*_unknown(instrument, answers), *_impossible(instrument, answers)]
    if faults:
        raise ScoringError("\n".join(faults))
    return _taken(instrument, answers)


def refusal(instrument: Instrument, name: str, answer: Answer) -> str | None:
    """Say why one answer to one item cannot be kept, whatever the others are; None if it can."""
    faults = [*_unknown(instrument, {name: answer}), *_impossible(instrument, {name: answer})]
    return faults[0] if faults else None


def visible(instrument: Instrument, answers: Answers) -> dict[str, Answer]:
    """Return the answers without those to items that the answers before them hide.

    Whoever goes back and answers otherwise may hide what was answered already: it is not scored.
    """
    values: dict[str, Answer] = {}
    hidden: list[str] = []
    kept: dict[str, Answer] = {}
    for item in instrument.items:
        answer = answers.get(item.id)
        shown = True if item.show_if is None else _shown(parse(item.show_if), values, hidden)
        if shown is False:
            hidden.append(item.id)
            answer = item.hidden_value
        elif answer is not None:
            kept[item.id] = answer
        values[item.id] = answer
    return kept


def shown_items(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """Return the items that are asked after these answers, those whose condition is unknown left out."""
    return take(instrument, visible(instrument, answers)).asked


def _unknown(instrument: Instrument, answers: Answers) -> Iterator[str]:
    known = {item.id for item in instrument.items}
    for name in answers:
        if name not in known:
            yield f"{instrument.id} {instrument.version} has no item {name!r}"


def _impossible(instrument: Instrument, answers: Answers) -> Iterator[str]:
    for item in instrument.items:
        answer = answers.get(item.id)
        fault = None if answer is None else _refusal(instrument, item, answer)
        if fault:
            yield f"{instrument.id}: {item.id}: {answer!r} is no answer: {fault}"


def _refusal(instrument: Instrument, item: Item, answer: int | float | str) -> str | None:
    """Say why an answer is none, or None."""
    if isinstance(item, WordsItem):
        return _word_refusal(item, answer)
    if isinstance(answer, bool | str):
        return "give a number"
    if item.type != "decimal" and not isinstance(answer, int):
        return "give a whole number"
    if isinstance(item, ChoiceItem):
        values = [option.value for option in instrument.option_sets[item.options]]
        return None if answer in values else f"the options are {', '.join(map(str, values))}"
    within = item.low <= answer <= item.high
    return None if within else f"give {item.low:g} to {item.high:g}"


def _word_refusal(item: WordsItem, answer: int | float | str) -> str | None:
    if not isinstance(answer, str) or not answer.strip():
        return "give words, or leave it blank"
    if item.type in _CALENDAR:
        read, form = _CALENDAR[item.type]
        return None if _reads(read, answer, len(form)) else f"give it as {form}"
    if item.max_length is not None and len(answer) > item.max_length:
        return f"{len(answer)} characters; at most {item.max_length} are kept"
    return None


def _reads(read: Callable[[str], object], answer: str, length: int) -> bool:
    try:
        read(answer)
    except ValueError:
        return False
    return len(answer) == length


def _taken(instrument: Instrument, answers: Answers) -> Taken:
    values: dict[str, Answer] = {}
    asked: list[str] = []
    hidden: list[str] = []
    for item in instrument.items:
        values[item.id] = answers.get(item.id)
        shown = True if item.show_if is None else _shown(parse(item.show_if), values, hidden)
        if shown:
            asked.append(item.id)
        elif shown is False:
            if values[item.id] is not None:
                raise ScoringError(
                    f"{instrument.id}: {item.id} is answered, though it is asked only if {item.show_if}: "
                    "leave it blank"
                )
            hidden.append(item.id)
            values[item.id] = item.hidden_value
    return Taken(values, tuple(asked), tuple(hidden))


def _shown(condition: Expression, values: Values, hidden: list[str]) -> bool | None:
    """Say whether an item is shown; what depends on hidden items alone is hidden like them."""
    shown = holds(condition, values)
    blank = [name for name in names(condition) if values.get(name) is None]
    return False if shown is None and set(blank) <= set(hidden) else shown
