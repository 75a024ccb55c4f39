"""Whether the drug did it: the two-way answer, the six classes of WHO-UMC, and the score of Naranjo."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from hometrial.errors import TrialError
from hometrial.protocol.declared import Declaration, Line, Name, Several, Version
from hometrial.protocol.safety.vocabulary import declared

WHO_UMC = ("certain", "probable", "possible", "unlikely", "conditional", "unassessable")
_RELATED = frozenset({"certain", "probable", "possible"})
Answer = Literal["yes", "no", "unknown"]
ANSWERS = ("yes", "no", "unknown")


class NaranjoAnswerError(TrialError):
    """An answer that the scale does not know."""


class Question(Declaration):
    """One question of the scale, with its points."""

    id: Name
    yes: int
    no: int
    text: Line


class Band(Declaration):
    """What a score says, from this one on; null: any lower one."""

    id: Name
    from_: int | None = Field(alias="from")


class Scale(Declaration):
    """The whole scale, its bands from the highest down."""

    schema_: Literal["naranjo/1"] = Field(alias="schema")
    version: Version
    questions: Several[Question] = Field(min_length=1)
    bands: Several[Band] = Field(min_length=2)

    @model_validator(mode="after")
    def _falls_to_no_bound(self) -> Self:
        bounds = [each.from_ for each in self.bands]
        numbers = [each for each in bounds if each is not None]
        if bounds[-1] is not None or [*numbers, None] != bounds:
            raise ValueError("the last band alone is from null")
        if numbers != sorted(set(numbers), reverse=True):
            raise ValueError("bands stand from the highest down")
        return self


@dataclass(frozen=True)
class Naranjo:
    """A score and what it says."""

    score: int
    band: str


@cache
def scale() -> Scale:
    """Return the scale that comes with the product."""
    return declared("naranjo.yaml", Scale)


def naranjo(answers: Mapping[str, str]) -> Naranjo:
    """Score answers; a question that is left out is unknown. Raises NaranjoAnswerError."""
    table = scale()
    for name, said in answers.items():
        if name not in {each.id for each in table.questions}:
            listed = ", ".join(each.id for each in table.questions)
            raise NaranjoAnswerError(
                f"Naranjo question {name!r}: not on the scale; there are {listed}"
            )
        if said not in ANSWERS:
            raise NaranjoAnswerError(f"Naranjo {name}: {said!r} is none of yes, no, unknown")
    score = sum(_points(each, answers.get(each.id, "unknown")) for each in table.questions)
    band = next(each for each in table.bands if each.from_ is None or score >= each.from_)
    return Naranjo(score, band.id)


def _points(question: Question, said: str) -> int:
    return {"yes": question.yes, "no": question.no}.get(said, 0)


def contradiction(*, related: bool | None, who_umc: str | None) -> str | None:
    """Say why the two-way answer and the class cannot both be, None if they can."""
    if related is None or who_umc is None or who_umc in ("conditional", "unassessable"):
        return None
    if related == (who_umc in _RELATED):
        return None
    return f"WHO-UMC {who_umc!r} says {'no ' if related else ''}reasonable possibility; correct one"
