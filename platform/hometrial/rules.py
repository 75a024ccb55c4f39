"""Rules such as `18 <= age <= 70`: a small closed language, parsed and never evaluated as code.

Names, numbers, 'words', true and false; == != < <= > >=, `in` and `not in` with a list; and, or, not;
answered(x), and any_gt([x, y], n): one of them is greater than n. Protocols state eligibility with it, and
questionnaires what is shown and what alarms.

What nobody answered is unknown, and what depends on it is neither true nor false (Kleene's
three-valued logic): `and` is false as soon as one side is, `or` true as soon as one side is.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hometrial.errors import TrialError

Answer = bool | int | float | str
Answers = Mapping[str, Answer | None]
_LONGEST = 1000
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NODES: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class RuleError(TrialError, ValueError):
    """A text that is no rule of this language."""


@dataclass(frozen=True, slots=True)
class Named:
    """The answer to a declared variable; as a rule of its own: it is yes."""

    name: str


Operand = Named | Answer


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and the sign between them."""

    left: Operand
    sign: str
    right: Operand

    @property
    def is_ordered(self) -> bool:
        """Whether it asks for more or less, which only numbers have."""
        return self.sign not in ("==", "!=")


@dataclass(frozen=True, slots=True)
class Among:
    """A variable's answer is one of these."""

    variable: Named
    options: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class AnyGreater:
    """One of these variables' answers is greater than the limit."""

    variables: tuple[Named, ...]
    limit: float


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody answered this; never unknown."""

    variable: Named


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: "Expression"


Part = Named | Comparison | Among | AnyGreater | Answered
Expression = Part | Every | Some | Negation


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule holds; None: it depends on what is `unknown`, by name."""

    holds: bool | None
    unknown: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the rule that a text states; raises RuleError with what is no part of the language."""
    if len(text) > _LONGEST:
        raise RuleError(f"a rule has at most {_LONGEST} characters; split it into several")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise RuleError(f"{text!r} is no rule: {error}") from error
    return _expression(tree.body)


def _expression(node: ast.expr) -> Expression:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return Every(tuple(map(_expression, parts)))
        case ast.BoolOp(op=ast.Or(), values=parts):
            return Some(tuple(map(_expression, parts)))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return Negation(_expression(part))
        case ast.Compare():
            return _comparison(node)
        case ast.Call():
            return _called(node)
        case ast.Name() if isinstance(named := _operand(node), Named):
            return named
    raise _refused(node)


def _called(node: ast.Call) -> Expression:
    match node:
        case ast.Call(func=ast.Name(id="answered"), args=[name], keywords=[]):
            return Answered(_named(name))
        case ast.Call(func=ast.Name(id="any_gt"), args=[ast.List(elts=names), limit], keywords=[]):
            return AnyGreater(tuple(map(_named, names)), _number(limit))
    raise _refused(node)


def _comparison(node: ast.Compare) -> Expression:
    sides = [node.left, *node.comparators]
    parts = tuple(map(_compared, sides, node.ops, sides[1:]))
    return parts[0] if len(parts) == 1 else Every(parts)


def _compared(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Expression:
    if isinstance(sign, ast.In | ast.NotIn):
        among = Among(_named(left), _options(right))
        return Negation(among) if isinstance(sign, ast.NotIn) else among
    if type(sign) not in _NODES:
        raise RuleError("`is` is no comparison here; use ==")
    return Comparison(_operand(left), _NODES[type(sign)], _operand(right))


def _options(node: ast.expr) -> tuple[Answer, ...]:
    if not isinstance(node, ast.List | ast.Tuple):
        raise _refused(node)
    options = tuple(map(_operand, node.elts))
    if any(isinstance(each, Named) for each in options):
        raise RuleError("a list holds numbers or 'words' in quotes, no names")
    return tuple(each for each in options if not isinstance(each, Named))


def _named(node: ast.expr) -> Named:
    operand = _operand(node)
    if isinstance(operand, Named):
        return operand
    raise _refused(node)


def _number(node: ast.expr) -> float:
    operand = _operand(node)
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        raise _refused(node)
    return operand


def _operand(node: ast.expr) -> Operand:
    match node:
        case ast.Name(id="null" | "None"):
            raise RuleError("there is no null in rules: ask a yes/no variable whether it applies")
        case ast.Name(id="true" | "false" as truth):
            return truth == "true"
        case ast.Name(id=name):
            return Named(name)
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    raise _refused(node)


def _refused(node: ast.expr) -> RuleError:
    return RuleError(
        f"`{ast.unparse(node)}` is no part of a rule; known are names, numbers, 'words', true, false, "
        "comparisons, in, and, or, not, answered(x), any_gt([x, y], n)"
    )


def decide(rule: Expression, answers: Answers) -> Verdict:
    """Say whether a rule holds for these answers; an answer that is absent or None is unknown."""
    match rule:
        case Every(parts):
            return _not(_some(_not(decide(part, answers)) for part in parts))
        case Some(parts):
            return _some(decide(part, answers) for part in parts)
        case Negation(part):
            return _not(decide(part, answers))
        case _:
            return _decide_alone(rule, answers)


def _decide_alone(rule: Part, answers: Answers) -> Verdict:
    match rule:
        case Named(name):
            value = answers.get(name)
            return _unknown(rule) if value is None else Verdict(value is True)
        case Comparison(left, sign, right):
            values = _value(left, answers), _value(right, answers)
            known = None not in values
            return Verdict(_SIGNS[sign](*values)) if known else _unknown(left, right, seen=answers)
        case Among(variable, options):
            value = answers.get(variable.name)
            return _unknown(variable) if value is None else Verdict(value in options)
        case AnyGreater(variables, limit):
            return _some(_decide_alone(Comparison(each, ">", limit), answers) for each in variables)
        case Answered(variable):
            return Verdict(answers.get(variable.name) is not None)


def _value(operand: Operand, answers: Answers) -> Answer | None:
    return answers.get(operand.name) if isinstance(operand, Named) else operand


def _unknown(*operands: Operand, seen: Answers | None = None) -> Verdict:
    names = (each.name for each in operands if isinstance(each, Named))
    return Verdict(None, frozenset(name for name in names if (seen or {}).get(name) is None))


def _some(parts: Iterable[Verdict]) -> Verdict:
    found = list(parts)
    if any(each.holds for each in found):
        return Verdict(holds=True)
    if all(each.holds is False for each in found):
        return Verdict(holds=False)
    return Verdict(None, frozenset[str]().union(*(each.unknown for each in found)))


def _not(verdict: Verdict) -> Verdict:
    return verdict if verdict.holds is None else Verdict(not verdict.holds)


def names(rule: Expression) -> tuple[str, ...]:
    """Return every variable that a rule asks for, once each, in order."""
    return tuple(dict.fromkeys(name for part in parts(rule) for name in _names(part)))


def _names(part: Part) -> Iterator[str]:
    match part:
        case Named(name) | Among(Named(name), _) | Answered(Named(name)):
            yield name
        case Comparison(left, _, right):
            yield from (each.name for each in (left, right) if isinstance(each, Named))
        case AnyGreater(variables, _):
            yield from (each.name for each in variables)


def parts(rule: Expression) -> Iterator[Part]:
    """Yield the smallest parts of a rule, in order."""
    match rule:
        case Every(inner) | Some(inner):
            for each in inner:
                yield from parts(each)
        case Negation(part):
            yield from parts(part)
        case _:
            yield rule
