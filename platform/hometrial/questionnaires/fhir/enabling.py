"""Conditions as enableWhen, as far as FHIR R4 has words for them."""

from collections.abc import Iterable

from hometrial.questionnaires.conditions import compared_names, holds
from hometrial.questionnaires.fhir.coding import coding_of
from hometrial.questionnaires.fhir.terms import Resource
from hometrial.questionnaires.instrument import ChoiceItem, Instrument
from hometrial.rules import (
    Among,
    Answered,
    AnyGreater,
    Comparison,
    Every,
    Expression,
    Named,
    Negation,
    Some,
    names,
)

_SIGNS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

Rows = list[Resource]


def enable_when(condition: Expression, instrument: Instrument, base: str) -> Resource:
    """Return `enableWhen` and, if it has several rows, `enableBehavior`; empty if R4 cannot say it.

    Codes can only be equal in R4: a comparison with a choice becomes a row for each option that satisfies it.
    """
    rows, behaviour = _any(condition, instrument, base), "any"
    if rows is None and isinstance(condition, Every):
        parts = [_any(part, instrument, base) for part in condition.parts]
        rows, behaviour = _single(parts), "all"
    if not rows:
        return {}
    return {"enableWhen": rows} | ({"enableBehavior": behaviour} if len(rows) > 1 else {})


def _single(parts: Iterable[Rows | None]) -> Rows | None:
    """Return one row of each part, or None if a part has another number of them."""
    rows: Rows = []
    for part in parts:
        if part is None or len(part) != 1:
            return None
        rows += part
    return rows


def _any(condition: Expression, instrument: Instrument, base: str) -> Rows | None:
    """Return rows of which one must hold, or None."""
    asked = set(names(condition))
    if len(asked) == 1 and asked == set(compared_names(condition)):
        item = instrument.item(*asked)
        if isinstance(item, ChoiceItem):
            return _options(condition, instrument, item, base)
    match condition:
        case Some(parts):
            return _joined(parts, instrument, base)
        case AnyGreater(several, limit):
            return _joined([Comparison(each, ">", limit) for each in several], instrument, base)
        case Among(one, numbers):
            return _joined([Comparison(one, "==", each) for each in numbers], instrument, base)
        case _:
            return _row(condition)


def _joined(parts: Iterable[Expression], instrument: Instrument, base: str) -> Rows | None:
    rows: Rows = []
    for part in parts:
        found = _any(part, instrument, base)
        if found is None:
            return None
        rows += found
    return rows


def _options(condition: Expression, instrument: Instrument, item: ChoiceItem, base: str) -> Rows:
    return [
        {
            "question": item.id,
            "operator": "=",
            "answerCoding": coding_of(instrument, item, option, base),
        }
        for option in instrument.option_sets[item.options]
        if holds(condition, {item.id: option.value})
    ]


def _row(condition: Expression) -> Rows | None:
    match condition:
        case Answered(Named(name)):
            return [{"question": name, "operator": "exists", "answerBoolean": True}]
        case Negation(Answered(Named(name))):
            return [{"question": name, "operator": "exists", "answerBoolean": False}]
        case Comparison(Named(name), sign, int() | float() as value):
            return [_compared(name, sign, value)]
        case Comparison(int() | float() as value, sign, Named(name)):
            return [_compared(name, _MIRRORED[sign], value)]
        case Negation(Comparison(left, sign, right)):
            return _row(Comparison(left, _OPPOSITE[sign], right))
        case _:
            return None


def _compared(name: str, sign: str, value: float) -> Resource:
    answer = (
        {"answerInteger": int(value)} if float(value).is_integer() else {"answerDecimal": value}
    )
    return {"question": name, "operator": _SIGNS[sign], **answer}
