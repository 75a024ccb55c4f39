"""What was typed or chosen, read as an answer to its item; or a sentence that says what to do."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time

from flask_babel import gettext, lazy_gettext

from hometrial.questionnaires.answers import Answer
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, NumberItem, ScaleItem

_NUMBER = re.compile(r"^-?\d{1,12}([.,]\d{1,6})?$")
_WHOLE = re.compile(r"^-?\d{1,9}$")
UNITS: Mapping[str, object] = {
    "mg": lazy_gettext("milligrams"),
    "h": lazy_gettext("hours"),
    "min": lazy_gettext("minutes"),
    "kg": lazy_gettext("kilograms"),
    "%": lazy_gettext("per cent"),
}
"""Units that have a word of their own; others are shown as they are."""
PREFIX = "answer-"
"""What the name of an answer's field begins with."""


@dataclass(frozen=True)
class Typed:
    """What stands in one field: as it was typed, the answer it is, or why it is none.

    A field that was left empty has neither answer nor fault.
    """

    item: str
    text: str
    value: Answer = None
    fault: str | None = None


def read(instrument: Instrument, name: str, sent: Mapping[str, str]) -> Typed:
    """Return what a form sent for an item."""
    item = instrument.item(name)
    assert item is not None  # noqa: S101  # the caller took it from the instrument
    text = sent.get(PREFIX + name, "").strip()
    if not text:
        return Typed(name, "")
    if isinstance(item, ChoiceItem):
        return _choice(instrument, item, text)
    if isinstance(item, NumberItem):
        return _number(item, text)
    return _scale(item, text) if isinstance(item, ScaleItem) else _words(item, text)


def _choice(instrument: Instrument, item: ChoiceItem, text: str) -> Typed:
    known = {str(option.value): option.value for option in instrument.option_sets[item.options]}
    if text in known:
        return Typed(item.id, text, known[text])
    return Typed(item.id, text, fault=gettext("Please choose one of these answers."))


def _scale(item: ScaleItem, text: str) -> Typed:
    if _WHOLE.match(text) and item.low <= int(text) <= item.high:
        return Typed(item.id, text, int(text))
    fault = gettext(
        "Please give a whole number from %(low)s to %(high)s.", low=item.low, high=item.high
    )
    return Typed(item.id, text, fault=fault)


def _number(item: NumberItem, text: str) -> Typed:
    value: int | float | None = None
    if _WHOLE.match(text):
        value = int(text)
    elif item.type == "decimal" and _NUMBER.match(text):
        value = float(text.replace(",", "."))
    if value is not None and item.low <= value <= item.high:
        return Typed(item.id, text, value)
    low, high = f"{item.low:g}", f"{item.high:g}"
    if item.type == "integer":
        fault = gettext("Please give a whole number from %(low)s to %(high)s.", low=low, high=high)
    else:
        fault = gettext("Please give a number from %(low)s to %(high)s.", low=low, high=high)
    return Typed(item.id, text, fault=fault)


def _words(item: Item, text: str) -> Typed:
    if item.type == "date":
        return _of_calendar(item.id, text, date.fromisoformat, 10)
    if item.type == "time":
        return _of_calendar(item.id, text, time.fromisoformat, 5)
    most = getattr(item, "max_length", None)
    plain = text.replace("\r\n", "\n")
    if most is not None and len(plain) > most:
        fault = gettext(
            "That is %(long)s characters. There is room for %(most)s.", long=len(plain), most=most
        )
        return Typed(item.id, plain, fault=fault)
    return Typed(item.id, plain, plain)


def _of_calendar(name: str, text: str, parse: Callable[[str], object], length: int) -> Typed:
    try:
        parse(text)
        good = len(text) == length
    except ValueError:
        good = False
    if good:
        return Typed(name, text, text)
    if length == 5:
        fault = gettext("Please give the time like this: 21:30")
    else:
        fault = gettext("Please give the day like this: 2026-03-31")
    return Typed(name, text, fault=fault)
