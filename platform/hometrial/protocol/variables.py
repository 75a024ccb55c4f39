"""Variables: what rules may ask for, with type, range and options; and what an answer to one may be."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from hometrial.errors import TrialError
from hometrial.protocol.declared import (
    Declaration,
    Distinct,
    Id,
    Line,
    Name,
)
from hometrial.rules import (
    Among,
    Answer,
    Answers,
    AnyGreater,
    Comparison,
    Expression,
    Named,
    Operand,
    Part,
    names,
    parts,
)


class AnswerRefusedError(TrialError):
    """An answer that its variable cannot hold."""


class Origin(Declaration):
    """Where a variable's value comes from: a score or an item of a form."""

    form: Id
    score: Name


class _Variable(Declaration):
    """`origin` is None for what is asked or computed under the variable's own name."""

    id: Name
    label: Line
    origin: Origin | None = None


class Number(_Variable):
    """A number in `unit` (UCUM), from `low` to `high`, both included."""

    type: Literal["number"]
    unit: Line
    low: float
    high: float

    def refusal(self, answer: Answer) -> str | None:
        """Say why an answer cannot be, None if it can."""
        if isinstance(answer, bool | str):
            return "is no number"
        return (
            None if self.low <= answer <= self.high else f"is not in {self.low:g} to {self.high:g}"
        )


class YesNo(_Variable):
    """Yes (true) or no (false)."""

    type: Literal["yes_no"]

    def refusal(self, answer: Answer) -> str | None:
        """Say why an answer cannot be, None if it can."""
        return None if isinstance(answer, bool) else "is neither true nor false"


class Choice(_Variable):
    """One of these options."""

    type: Literal["choice"]
    options: Distinct[Line] = Field(min_length=2)

    def refusal(self, answer: Answer) -> str | None:
        """Say why an answer cannot be, None if it can."""
        return None if answer in self.options else f"is none of {', '.join(self.options)}"


Variable = Annotated[Number | YesNo | Choice, Field(discriminator="type")]


def require_possible(answers: Answers, variables: Mapping[str, Variable]) -> None:
    """Raise AnswerRefusedError for an answer to what is not declared, or that its variable cannot hold."""
    for name, answer in answers.items():
        if name not in variables:
            raise AnswerRefusedError(f"{name}: no such variable; there are {_listed(variables)}")
        problem = None if answer is None else variables[name].refusal(answer)
        if problem is not None:
            raise AnswerRefusedError(
                f"{name}: {answer!r} {problem}; correct it, or leave it out while it is unknown"
            )


def misuses(rule: Expression, variables: Mapping[str, Variable]) -> Iterator[str]:
    """Yield what a rule asks of variables that they cannot answer, one sentence each."""
    for part in parts(rule):
        unknown = sorted(set(names(part)) - set(variables))
        for name in unknown:
            yield f"no variable {name} is declared; declare it under variables, or correct its name"
        if not unknown:
            yield from _misused(part, variables)


def _misused(part: Part, variables: Mapping[str, Variable]) -> Iterator[str]:
    match part:
        case Named(name):
            if not isinstance(variables[name], YesNo):
                yield f"{name} is no yes/no variable; compare it with something"
        case Among(Named(name), options):
            yield from (said for each in options for said in _impossible(variables[name], each))
        case AnyGreater(several, _):
            yield from (
                f"{each.name} is no number; only numbers are greater than others"
                for each in several
                if not isinstance(variables[each.name], Number)
            )
        case Comparison(left, _, right):
            yield from _miscompared(part, _kind(left, variables), _kind(right, variables))
            yield from _no_option(left, right, variables)
            yield from _no_option(right, left, variables)


def _kind(operand: Operand, variables: Mapping[str, Variable]) -> str:
    if isinstance(operand, Named):
        return variables[operand.name].type
    return (
        "yes_no"
        if isinstance(operand, bool)
        else "choice"
        if isinstance(operand, str)
        else "number"
    )


def _miscompared(part: Comparison, left: str, right: str) -> Iterator[str]:
    if not (isinstance(part.left, Named) or isinstance(part.right, Named)):
        yield f"{part.left!r} {part.sign} {part.right!r} is the same for everybody; name a variable"
    elif left != right:
        yield f"a {left} is compared with a {right}; compare like with like"
    elif part.is_ordered and left != "number":
        yield f"{part.sign} orders numbers; a {left} is only == or != to another"


def _no_option(side: Operand, other: Operand, variables: Mapping[str, Variable]) -> Iterator[str]:
    """A word that a choice cannot be; numbers may lie outside a range, as in `age >= 0`."""
    if isinstance(side, Named) and isinstance(other, str):
        yield from _impossible(variables[side.name], other)


def _impossible(variable: Variable, option: Answer) -> Iterator[str]:
    problem = variable.refusal(option)
    if problem is not None:
        yield f"{variable.id} is never {option!r}: it {problem}; correct the option"


def _listed(variables: Mapping[str, Variable]) -> str:
    return ", ".join(sorted(variables)) or "none"
