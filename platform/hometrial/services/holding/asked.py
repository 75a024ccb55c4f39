"""What a person answered, with the questions as they were asked and the answers as they were shown."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Answer, Participant, Response
from hometrial.questionnaires.rendering import Form, WordingAbsentError
from hometrial.services.asking import definitions
from hometrial.services.holding import rows

_HEADING = ["form", "occasion", "due", "question", "answer", "shown_as", "skipped", "answered_at"]
Question = tuple[str, dict[object, str]]


def in_words(session: Session, person: Participant, language: str) -> Iterator[bytes]:
    """Return every answer with its question, in one language where its words are there."""
    return rows.lines(_HEADING, _answers(session, person, language))


def _answers(session: Session, person: Participant, language: str) -> Iterator[list[object]]:
    responses = session.scalars(
        select(Response).where(Response.participant_id == person.id).order_by(Response.opened_at)
    )
    for response in responses.all():
        questions = _questions(session, response, language)
        answers = session.scalars(
            select(Answer)
            .where(Answer.response_id == response.id)
            .order_by(Answer.revision, Answer.place)
        )
        for answer in answers.all():
            asked, shown = questions.get(answer.item, (answer.item, {}))
            yield [
                response.form,
                response.occasion,
                response.due,
                asked,
                answer.value,
                shown.get(_hashable(answer.value)),
                answer.skipped,
                answer.answered_at,
            ]


def _hashable(value: object) -> object:
    return value if isinstance(value, str | int | float) else None


def _questions(session: Session, response: Response, language: str) -> dict[str, Question]:
    instrument = definitions.kept(session, response.definition_sha256)
    for each in (language, "en", *instrument.languages):
        try:
            return _read(definitions.form_of(session, instrument, each))
        except WordingAbsentError:
            continue
    return {}


def _read(form: Form) -> dict[str, Question]:
    return {
        each.item.id: (
            " ".join(filter(None, (each.stem, each.text))),
            {choice.value: choice.text for choice in each.choices},
        )
        for each in form.questions
    }
