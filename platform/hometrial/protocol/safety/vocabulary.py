"""Our own words for adverse events, their grades, and which of them are expected of the drug."""

from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from hometrial.declarations import read
from hometrial.errors import TrialError
from hometrial.protocol.declared import Declaration, Distinct, Id, Language, Line, Name, Version

Declared = TypeVar("Declared", bound=BaseModel)
GRADES = (1, 2, 3, 4, 5)
Grade = Annotated[int, Field(ge=1, le=5)]


class UnknownTermError(TrialError):
    """A word that is not in the vocabulary."""


class Term(Declaration):
    """One kind of event: its label, the coder's likely names, its own grades, the alert that it raises."""

    id: Name
    label: dict[Language, Line]
    likely: Distinct[Line] = Field(min_length=1)
    organ_class: Line
    grades: dict[Grade, Line] = Field(default={})
    alert: Id | None = None


class Terms(Declaration):
    """The vocabulary with the general rule for grades."""

    schema_: Literal["adverse-event-terms/1"] = Field(alias="schema")
    version: Version
    grading: Line
    general: dict[Grade, Line]
    terms: Distinct[Term] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if set(self.general) != set(GRADES):
            raise ValueError("the general rule names every grade from 1 to 5")
        if len({each.id for each in self.terms}) < len(self.terms):
            raise ValueError("a term is there twice; name it once")
        return self

    def of(self, term: str) -> Term:
        """Return a term by its id. Raises UnknownTermError that lists those there are."""
        found = next((each for each in self.terms if each.id == term), None)
        if found is None:
            listed = ", ".join(each.id for each in self.terms)
            raise UnknownTermError(
                f"term {term!r}: not in the vocabulary; leave it out, or choose from {listed}"
            )
        return found

    def grade_text(self, term: str | None, grade: int) -> str:
        """Return what a grade means: for a term if it says so itself, else by the general rule."""
        own = {} if term is None else self.of(term).grades
        return own.get(grade, self.general[grade])


class ExpectedEvents(Declaration):
    """What is expected of a drug; `approved_by` null: a draft."""

    schema_: Literal["expected-events/1"] = Field(alias="schema")
    version: Version
    drug: Line
    approved_by: Line | None
    terms: Distinct[Name]

    @property
    def name(self) -> str:
        """The list and its version, as it is kept beside a judgement."""
        return f"expected-events {self.version}"


@cache
def shipped() -> Terms:
    """Return the vocabulary that comes with the product."""
    return declared("terms.yaml", Terms)


@cache
def expected_events() -> ExpectedEvents:
    """Return what is expected of low-dose naltrexone; every term of it is in the vocabulary."""
    found = declared("expected-ldn.yaml", ExpectedEvents)
    for term in found.terms:
        shipped().of(term)
    return found


def declared(name: str, model: type[Declared]) -> Declared:
    """Return what a file of this room declares."""
    text = (resources.files("hometrial.protocol.safety") / name).read_text(encoding="utf-8")
    return read(text, name, model)
