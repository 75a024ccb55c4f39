"""Conditions as plain lists: for a device without a network, which decides by them what it shows."""

from collections.abc import Sequence
from typing import Any

from hometrial.questionnaires.conditions import parse
from hometrial.questionnaires.instrument import Instrument
from hometrial.rules import (
    Among,
    Answered,
    AnyGreater,
    Comparison,
    Every,
    Expression,
    Named,
    Negation,
    Operand,
    Part,
    Some,
    names,
)


def rule(text: str) -> dict[str, Any]:
    """Return a condition as its tree and the names that it asks for."""
    condition = parse(text)
    return {"rule": tree(condition), "names": list(names(condition))}


def tree(condition: Expression) -> list[Any]:
    """Return a condition as a list: what it is, then its parts; a name is a list of one."""
    match condition:
        case Every(parts):
            return ["every", *map(tree, parts)]
        case Some(parts):
            return ["some", *map(tree, parts)]
        case Negation(part):
            return ["not", tree(part)]
        case _:
            return _leaf(condition)


def _leaf(part: Part) -> list[Any]:
    match part:
        case Comparison(left, sign, right):
            return ["is", _operand(left), sign, _operand(right)]
        case Among(variable, options):
            return ["among", variable.name, list(options)]
        case AnyGreater(variables, limit):
            return ["greater", [each.name for each in variables], limit]
        case Answered(variable):
            return ["answered", variable.name]
        case Named(name):
            return [name]


def _operand(operand: Operand) -> Any:
    return [operand.name] if isinstance(operand, Named) else operand


def shown_rules(instrument: Instrument) -> list[dict[str, Any]]:
    """Return of each item, in order, on what it is shown, and what it counts as where it is not."""
    return [
        {
            "id": item.id,
            "show_if": None if item.show_if is None else rule(item.show_if),
            "hidden_value": item.hidden_value,
        }
        for item in instrument.items
    ]


def alert_rules(instrument: Instrument, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the conditions of the alerts of these ids that are tried at every answer."""
    return [
        rule(each.when) for each in instrument.alerts if each.on == "item_saved" and each.id in ids
    ]
