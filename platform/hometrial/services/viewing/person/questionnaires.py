"""What a person was asked and what they said, with how each answer came about (features.md C23)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Answer, FormScore, Participant, Response, Sitting, Submission
from hometrial.protocol.windows import Standing
from hometrial.questionnaires.rendering import Form, Question, WordingAbsentError
from hometrial.services import enrolling
from hometrial.services.asking import completeness, crisis, definitions, occasions, opening, words
from hometrial.services.asking.occasions import Occasion

PER_PAGE = 50
LANGUAGE = "en"


class NoResponseError(TrialError):
    """A form that this person never opened."""


@dataclass(frozen=True)
class FormLine:
    """A form on an occasion: what became of it, and, if it was opened, the response with its newest score.

    `fate` None: nobody waits for it. `is_of_person`: otherwise the staff fill it in.
    """

    form: str
    label: str
    occasion: str
    opens_at: datetime
    closes_at: datetime | None
    fate: str | None
    reason: str | None
    is_of_person: bool
    response: Response | None = None
    submission: Submission | None = None
    sitting: Sitting | None = None
    score: FormScore | None = None


@dataclass(frozen=True)
class FormPage:
    """Some of a person's forms, the newest first, of `total`; `problem`: why nothing is asked of them."""

    lines: Sequence[FormLine]
    total: int
    start: int
    problem: str | None = None


@dataclass(frozen=True)
class _Given:
    """All responses of a person with what holds of each."""

    responses: Mapping[tuple[str, str], Response]
    submissions: Mapping[UUID, Submission]
    sittings: Mapping[UUID, Sitting]
    scores: Mapping[UUID, FormScore]


def page(session: Session, person: Participant, start: int = 0) -> FormPage:
    """Return a page of the forms that have opened for a person, and of those that staff fill in."""
    try:
        asked = [*completeness.lines(session, person, LANGUAGE)]
        calendar = occasions.calendar_of(session, person)
    except TrialError as error:
        return FormPage((), 0, start, str(error))
    now = clock.now()
    found = [_asked(each.occasion, each.fate, each.reason) for each in asked]
    found += [
        _asked(each, None, None)
        for each in occasions.occasions(calendar)
        if (each.unscheduled or not each.is_of_person)
        and each.opening.standing(now) is not Standing.UPCOMING
    ]
    found += _asked_no_more(session, person, {(each.form, each.occasion) for each in found})
    found.sort(key=lambda each: (each.opens_at, each.form), reverse=True)
    shown_now = found[start : start + PER_PAGE]
    given = _given(session, person, {each.occasion for each in shown_now})
    return FormPage([_with(each, given) for each in shown_now], len(found), start)


def _asked(asked: Occasion, fate: str | None, reason: str | None) -> FormLine:
    window = asked.opening
    return FormLine(
        asked.form.id,
        asked.form.label,
        asked.name,
        window.opens_at,
        window.closes_at,
        fate,
        reason,
        is_of_person=asked.is_of_person,
    )


def _asked_no_more(
    session: Session, person: Participant, known: set[tuple[str, str]]
) -> Sequence[FormLine]:
    """Return what was opened and is asked no more, since the person stopped or moved on."""
    rows = session.execute(
        select(Response.form, Response.occasion, Response.opened_at).where(
            Response.participant_id == person.id
        )
    )
    return [
        FormLine(form, form, occasion, at, None, None, "asked no more", is_of_person=True)
        for form, occasion, at in rows
        if (form, occasion) not in known
    ]


def _given(session: Session, person: Participant, wanted: set[str]) -> _Given:
    """Return the responses on some occasions with what holds of each: four queries."""
    rows = session.scalars(
        select(Response).where(Response.participant_id == person.id, Response.occasion.in_(wanted))
    ).all()
    of_rows = select(Submission).where(Submission.response_id.in_([row.id for row in rows]))
    handed = session.scalars(of_rows.order_by(Submission.revision)).all()
    submissions = {row.response_id: row for row in handed}
    holding = list(submissions.values())
    sittings = session.scalars(
        select(Sitting).where(Sitting.id.in_([each.sitting_id for each in holding]))
    )
    scores = session.scalars(
        select(FormScore)
        .where(FormScore.submission_id.in_([each.id for each in holding]))
        .order_by(FormScore.number)
    )
    return _Given(
        {(row.form, row.occasion): row for row in rows},
        submissions,
        {row.id: row for row in sittings},
        {row.submission_id: row for row in scores},
    )


def _with(line: FormLine, given: _Given) -> FormLine:
    response = given.responses.get((line.form, line.occasion))
    submission = None if response is None else given.submissions.get(response.id)
    if submission is None:
        return replace(line, response=response)
    return replace(
        line,
        response=response,
        submission=submission,
        sitting=given.sittings.get(submission.sitting_id),
        score=given.scores.get(submission.id),
    )


@dataclass(frozen=True)
class WordLine:
    """One word on an item: what was said, as it is read, and whether a later word replaces it."""

    row: Answer
    said: str
    is_replaced: bool


@dataclass(frozen=True)
class ItemLine:
    """One item with every word on it, the first in front."""

    item: str
    text: str
    words: Sequence[WordLine]


@dataclass(frozen=True)
class HandedIn:
    """A submission with its scores, and the zone that the person lived in."""

    row: Submission
    zone: str
    scores: Sequence[FormScore]


@dataclass(frozen=True)
class ResponseDetail:
    """A response with all that is known of how it came about; `occasion` None: it is asked no more."""

    response: Response
    title: str
    version: str
    occasion: Occasion | None
    sittings: Sequence[Sitting]
    items: Sequence[ItemLine]
    submissions: Sequence[HandedIn]


def response(session: Session, person: Participant, which: UUID) -> ResponseDetail:
    """Return a response of a person. Raises NoResponseError."""
    row = session.get(Response, which)
    if row is None or row.participant_id != person.id:
        raise NoResponseError(f"{person.code} has no answers {which}")
    sittings = session.scalars(
        select(Sitting).where(Sitting.response_id == row.id).order_by(Sitting.began_at)
    ).all()
    form = shown(session, row.definition_sha256)
    instrument = definitions.kept(session, row.definition_sha256)
    return ResponseDetail(
        row,
        form.title if form else instrument.id,
        instrument.version,
        _occasion(session, person, row),
        sittings,
        _items(session, row, form),
        _submissions(session, person, row),
    )


def shown(session: Session, definition_sha256: str) -> Form | None:
    """Return a questionnaire in the language of the staff, None where nobody brought its words."""
    instrument = definitions.kept(session, definition_sha256)
    try:
        return definitions.form_of(session, instrument, LANGUAGE)
    except WordingAbsentError:
        return None


def _occasion(session: Session, person: Participant, row: Response) -> Occasion | None:
    try:
        return opening.find(session, person, row.form, row.occasion)
    except TrialError:
        return None


def _items(session: Session, row: Response, form: Form | None) -> Sequence[ItemLine]:
    questions = {} if form is None else {each.item.id: each for each in form.questions}
    said: dict[str, list[Answer]] = {}
    for word in words.spoken(session, row.id):
        said.setdefault(word.item, []).append(word)
    order = [
        *(each for each in questions if each in said),
        *(each for each in said if each not in questions),
    ]
    return [
        ItemLine(
            each,
            questions[each].text if each in questions else each,
            [
                WordLine(word, told(word, questions.get(each)), word is not said[each][-1])
                for word in said[each]
            ],
        )
        for each in order
    ]


def told(word: Answer, question: Question | None) -> str:
    """Return a word as it is read: the text that was chosen, the number, or why there is none."""
    if word.value is None:
        return f"left out: {(word.skipped or 'unstated').replace('_', ' ')}"
    chosen = [] if question is None else [c.text for c in question.choices if c.value == word.value]
    return f"{word.value}: {chosen[0]}" if chosen else str(word.value)


def _submissions(session: Session, person: Participant, row: Response) -> Sequence[HandedIn]:
    rows = session.scalars(
        select(Submission).where(Submission.response_id == row.id).order_by(Submission.revision)
    ).all()
    scores = session.scalars(
        select(FormScore)
        .where(FormScore.submission_id.in_([each.id for each in rows]))
        .order_by(FormScore.number)
    ).all()
    zones = enrolling.zones_of(session, person) if rows else None
    return [
        HandedIn(
            each,
            crisis.zone_at(zones, each.submitted_at) if zones else "UTC",
            [score for score in scores if score.submission_id == each.id],
        )
        for each in rows
    ]
