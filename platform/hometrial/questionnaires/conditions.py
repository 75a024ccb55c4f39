"""Conditions such as `phq9_9 >= 1`: a small closed language over answers, parsed and never evaluated as code.

Names, numbers, == != < <= > >=, in and not in with a list of numbers, and, or, not,
answered(x), and any_gt([x, y], n): one of them is greater than n.

What nobody answered is unknown: a comparison with it is neither true nor false. `and` is false as soon as
one side is, `or` true as soon as one side is, whatever the other (Kleene's three-valued logic).
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hometrial.errors import TrialError

Values = Mapping[str, int | float | str | None]
Operand = str | float

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_LONGEST = 1000


class ConditionError(TrialError, ValueError):
    """A text that is no condition of this language."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Left and right, a name or a number each, and one of COMPARISONS between them."""

    left: Operand
    sign: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """A name's value is one of these numbers."""

    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AnyGreater:
    """One of the names is greater than the limit."""

    names: tuple[str, ...]
    limit: float


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody answered this item; never unknown."""

    name: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the parts holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: "Condition"


Condition = Comparison | Among | AnyGreater | Answered | Every | Some | Negation


@lru_cache(maxsize=4096)
def parse(text: str) -> Condition:
    """Return the condition that a text states; raises ConditionError with what is no part of the language."""
    if len(text) > _LONGEST:
        raise ConditionError(f"a condition of {len(text)} characters; at most {_LONGEST} are read")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ConditionError(f"{text!r} is no condition: {error}") from error
    return _condition(tree.body)


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return Every(tuple(_condition(part) for part in parts))
        case ast.BoolOp(op=ast.Or(), values=parts):
            return Some(tuple(_condition(part) for part in parts))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return Negation(_condition(part))
        case ast.Compare():
            return _comparison(node)
        case ast.Call(func=ast.Name(id="answered"), args=[ast.Name(id=name)], keywords=[]):
            return Answered(name)
        case ast.Call(func=ast.Name(id="any_gt"), args=[ast.List(elts=names), limit], keywords=[]):
            return AnyGreater(tuple(_name(each) for each in names), _number(limit))
    raise _refused(node)


def _comparison(node: ast.Compare) -> Condition:
    sides = [node.left, *node.comparators]
    parts = tuple(
        _compared(left, sign, right)
        for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
    )
    return parts[0] if len(parts) == 1 else Every(parts)


def _compared(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Condition:
    if isinstance(sign, ast.In | ast.NotIn):
        if not isinstance(right, ast.List | ast.Tuple):
            raise _refused(right)
        among = Among(_name(left), tuple(_number(each) for each in right.elts))
        return Negation(among) if isinstance(sign, ast.NotIn) else among
    if type(sign) not in _SIGNS:
        raise ConditionError("`is` is no comparison here; use ==")
    return Comparison(_operand(left), _SIGNS[type(sign)], _operand(right))


def _operand(node: ast.expr) -> Operand:
    return node.id if isinstance(node, ast.Name) else _number(node)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise _refused(node)


def _number(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=bool()):
            raise _refused(node)
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as inner):
            return -_number(inner)
    raise _refused(node)


def _refused(node: ast.expr) -> ConditionError:
    return ConditionError(
        f"`{ast.unparse(node)}` is no part of a condition; known are names, numbers, comparisons, "
        "in, and, or, not, answered(x), any_gt([x, y], n)"
    )


def holds(condition: Condition, values: Values) -> bool | None:
    """Say whether a condition holds for these values; None: it depends on what is unknown."""
    match condition:
        case Some(parts):
            return _some(holds(part, values) for part in parts)
        case Every(parts):
            return _not(_some(_not(holds(part, values)) for part in parts))
        case Negation(part):
            return _not(holds(part, values))
        case _:
            return _holds_alone(condition, values)


def _holds_alone(
    condition: Comparison | Among | AnyGreater | Answered, values: Values
) -> bool | None:
    match condition:
        case Comparison(left, sign, right):
            return _compare(_value(left, values), sign, _value(right, values))
        case Among(name, numbers):
            value = _value(name, values)
            return None if value is None else value in numbers
        case AnyGreater(names, limit):
            return _some(_compare(_value(name, values), ">", limit) for name in names)
        case Answered(name):
            return values.get(name) is not None


def _value(operand: Operand, values: Values) -> float | None:
    if isinstance(operand, float):
        return operand
    value = values.get(operand)
    if isinstance(value, str):
        raise ConditionError(f"{operand} holds words ({value!r}): only numbers can be compared")
    return value


def _compare(left: float | None, sign: str, right: float | None) -> bool | None:
    return None if left is None or right is None else COMPARISONS[sign](left, right)


def _some(parts: Iterator[bool | None]) -> bool | None:
    found = list(parts)
    return True if True in found else None if None in found else False


def _not(held: bool | None) -> bool | None:  # noqa: FBT001 - a truth value, not a switch
    return None if held is None else not held


def compared_names(condition: Condition) -> tuple[str, ...]:
    """Return the names that a condition compares with numbers, in order."""
    match condition:
        case Comparison(left, _, right):
            return tuple(side for side in (left, right) if isinstance(side, str))
        case Among(name, _):
            return (name,)
        case AnyGreater(names, _):
            return names
        case Answered(_):
            return ()
        case Every(parts) | Some(parts):
            return tuple(name for part in parts for name in compared_names(part))
        case Negation(part):
            return compared_names(part)


def names(condition: Condition) -> tuple[str, ...]:
    """Return every name in a condition, in order."""
    match condition:
        case Answered(name):
            return (name,)
        case Every(parts) | Some(parts):
            return tuple(name for part in parts for name in names(part))
        case Negation(part):
            return names(part)
        case _:
            return compared_names(condition)
