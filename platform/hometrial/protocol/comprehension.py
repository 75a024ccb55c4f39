"""Questions of comprehension that go with a consent document: which answer is right, and what to read again."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from hometrial.declarations import read as declared
from hometrial.errors import TrialError
from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.consent import Quiz as Named
from hometrial.protocol.declared import Declaration, Id, Language, Line, Several


class AnswersRefusedError(TrialError):
    """Answers that cannot be judged: one is missing, or none of those offered."""


class Option(Declaration):
    """An answer that is offered."""

    id: Id
    label: Line


class Question(Declaration):
    """A question with one right answer; `section` is shown again, with `because`, after a wrong one."""

    id: Id
    text: Line
    options: Several[Option] = Field(min_length=2)
    right: Id
    because: Line
    section: Id

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        ids = [each.id for each in self.options]
        if len(set(ids)) < len(ids):
            raise ValueError(f"question {self.id} offers an answer twice; give each its own id")
        if self.right not in ids:
            raise ValueError(
                f"question {self.id}: {self.right} is none of its answers {', '.join(ids)}"
            )
        return self


class Term(Declaration):
    """A word of the text that is explained where it is met."""

    term: Line
    meaning: Line


class Quiz(Declaration):
    """All questions of a document in one language, and its glossary."""

    schema_version: Literal["consent-quiz/1"] = Field(alias="schema")
    language: Language
    glossary: Several[Term] = ()
    questions: Several[Question] = Field(min_length=1)


def read(text: str, name: str) -> Quiz:
    """Return the quiz of a file. Raises DeclarationError with every fault of it."""
    return declared(text, name, Quiz)


def faults(quiz: Quiz, named: Named, document: ConsentDocument) -> tuple[str, ...]:
    """Return where a quiz is not what its protocol and its document name, one sentence each."""
    there = [each.id for each in quiz.questions]
    sections = {each.id for each in document.sections}
    said = [
        f"quiz: question {each} stands there twice; ask it once"
        for each in dict.fromkeys(there)
        if there.count(each) > 1
    ]
    said += [
        f"quiz: there is no question {each}; write it"
        for each in named.questions
        if each not in there
    ]
    said += [
        f"quiz: the protocol names no question {each}; add it there, or take it out"
        for each in there
        if each not in named.questions
    ]
    said += [
        f"quiz: question {each.id} shows section {each.section} again, which {document.id} has not"
        for each in quiz.questions
        if each.section not in sections
    ]
    if quiz.language != document.language:
        said.append(f"quiz: it is in {quiz.language}, its document in {document.language}")
    return tuple(said)


def wrong(quiz: Quiz, answers: Mapping[str, str]) -> tuple[Question, ...]:
    """Return the questions that were answered wrong, in their order.

    Raises AnswersRefusedError unless each question has one of its answers, and nothing else is answered.
    """
    asked = {each.id: each for each in quiz.questions}
    if strange := [each for each in answers if each not in asked]:
        raise AnswersRefusedError(
            f"quiz: there is no question {strange[0]}; it has {', '.join(asked)}"
        )
    if missing := [each for each in asked if each not in answers]:
        raise AnswersRefusedError(
            f"quiz: {', '.join(missing)} not answered yet; every question counts"
        )
    for each in quiz.questions:
        offered = [option.id for option in each.options]
        if answers[each.id] not in offered:
            raise AnswersRefusedError(
                f"quiz: {each.id}: {answers[each.id]!r} is none of its answers {', '.join(offered)}"
            )
    return tuple(each for each in quiz.questions if answers[each.id] != each.right)
