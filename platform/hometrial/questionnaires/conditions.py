"""Conditions of questionnaires such as `phq9_9 >= 1`: rules about numbers, and about what was answered."""

from collections.abc import Mapping
from functools import lru_cache

from hometrial import rules
from hometrial.rules import Among, Answered, Comparison, Expression, Named, RuleError

Values = Mapping[str, int | float | str | None]


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the condition that a text states.

    Raises RuleError with what is no part of the language: here nothing is yes or no, and words are not compared.
    """
    condition = rules.parse(text)
    for part in rules.parts(condition):
        match part:
            case Named(name):
                raise RuleError(f"`{name}` alone is no condition; compare it with a number")
            case Comparison(left, _, right):
                _require_numbers(left, right)
            case Among(_, options):
                _require_numbers(*options)
    return condition


def _require_numbers(*operands: rules.Operand) -> None:
    for each in operands:
        if isinstance(each, bool | str):
            raise RuleError(f"{each!r} is no number: only numbers can be compared")


def holds(condition: Expression, values: Values) -> bool | None:
    """Say whether a condition holds for these values; None: it depends on what is unknown.

    Raises RuleError for words where a number is compared.
    """
    for name in compared_names(condition):
        if isinstance(value := values.get(name), str):
            raise RuleError(f"{name} holds words ({value!r}): only numbers can be compared")
    return rules.decide(condition, values).holds


def compared_names(condition: Expression) -> tuple[str, ...]:
    """Return the names that a condition compares with numbers, in order."""
    compared = (part for part in rules.parts(condition) if not isinstance(part, Answered))
    return tuple(dict.fromkeys(name for part in compared for name in rules.names(part)))
