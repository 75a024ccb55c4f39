"""Eligibility: inclusion and exclusion rules over answers, where unknown is never eligible."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import Field

from hometrial.protocol.declared import Declaration, Id, Line, Rule, Several
from hometrial.protocol.variables import Variable, require_possible
from hometrial.rules import Answers, decide, parse


class Criterion(Declaration):
    """One criterion, in words and as a rule."""

    id: Id
    text: Line
    rule: Rule


class Eligibility(Declaration):
    """All inclusion rules must hold and no exclusion rule may; what is unknown blocks."""

    inclusion: Several[Criterion] = Field(min_length=1)
    exclusion: Several[Criterion] = ()
    unknown_value: Literal["block"]


class Standing(StrEnum):
    """What is known of a person's eligibility."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    CANNOT_DECIDE = "cannot_decide"


@dataclass(frozen=True)
class Undecided:
    """A criterion, and the variables whose answers it still needs."""

    criterion: Criterion
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """Whether a person may take part; `failing` in the protocol's order, the first is the main reason."""

    standing: Standing
    failing: tuple[Criterion, ...]
    undecided: tuple[Undecided, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Every variable that is still needed, by name."""
        return tuple(sorted({name for each in self.undecided for name in each.unknown}))


def judge(eligibility: Eligibility, variables: Iterable[Variable], answers: Answers) -> Decision:
    """Return what answers say of a person's eligibility; an absent answer, or None, is unknown.

    One failing criterion decides, whatever is unknown elsewhere. Raises AnswerRefusedError for an answer
    that its variable cannot hold.
    """
    require_possible(answers, {each.id: each for each in variables})
    inclusion = [(each, decide(parse(each.rule), answers)) for each in eligibility.inclusion]
    exclusion = [(each, decide(parse(each.rule), answers)) for each in eligibility.exclusion]
    failing = [each for each, verdict in inclusion if verdict.holds is False]
    failing += [each for each, verdict in exclusion if verdict.holds is True]
    undecided = tuple(
        Undecided(each, tuple(sorted(verdict.unknown)))
        for each, verdict in [*inclusion, *exclusion]
        if verdict.holds is None
    )
    return Decision(_standing(bool(failing), bool(undecided)), tuple(failing), undecided)


def _standing(failing: bool, undecided: bool) -> Standing:  # noqa: FBT001
    if failing:
        return Standing.NOT_ELIGIBLE
    return Standing.CANNOT_DECIDE if undecided else Standing.ELIGIBLE
