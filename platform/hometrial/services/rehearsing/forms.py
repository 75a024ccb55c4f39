"""Forms of many days of a person, as they would have been opened, answered, handed in and scored one by one.

The rows are those of `services.asking`, made by its own parts; what a single form costs there is paid once a person
here. Whoever calls it sees to it that no answer is an alarm: nothing is looked at for danger.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Answer, FormScore, Participant, Response, Sitting, Submission
from hometrial.questionnaires import loading
from hometrial.questionnaires.answers import visible
from hometrial.questionnaires.conditions import holds, parse
from hometrial.questionnaires.instrument import Instrument, Item
from hometrial.questionnaires.scoring import ScoringError, score
from hometrial.services import receiving
from hometrial.services.asking import definitions, occasions, scores, submitting
from hometrial.services.asking.occasions import Occasion
from hometrial.services.asking.submitting import PROVIDER
from hometrial.services.asking.writing import Writing
from hometrial.services.trial import following

_A_WHILE = 200  # minutes after it opened within which a form of an evening is begun
_DAYTIME = (
    9 * 60,
    20 * 60,
)  # the minutes after it opened within which one that is open by day and night is
_SECONDS = (2, 9)

Say = Callable[[Occasion, Instrument, Item], Any]
"""What is said to an item on an occasion; None: it is left blank, without a reason."""


@dataclass(frozen=True)
class Written:
    """One form as it was kept, for whoever judges it."""

    occasion: Occasion
    instrument: Instrument
    response: Response
    sitting: Sitting
    submission: Submission
    words: tuple[Answer, ...]


@dataclass(frozen=True)
class Shown:
    """What is shown of an instrument: hashes of its definition and of its words, and their language."""

    definition: str
    wording: str
    language: str


@dataclass(frozen=True)
class Pen:
    """Who writes, in which language, and the dice for when."""

    session: Session
    person: Participant
    language: str
    dice: random.Random
    kept: dict[str, Shown] = field(default_factory=dict)


def write(pen: Pen, say: Say, takes: Callable[[Occasion], bool]) -> list[Written]:
    """Answer every form of a person that opened by now, was not answered and is taken; return what was written."""
    calendar = occasions.calendar_of(pen.session, pen.person)
    version = following.version_of(pen.session, pen.person).id
    known = _answered(pen.session, pen.person)
    made = [
        _one(pen, version, each, say)
        for each in occasions.occasions(calendar)
        if _is_asked(each) and (each.form.id, each.name) not in known and takes(each)
    ]
    _keep(pen, made)
    return made


def _answered(session: Session, person: Participant) -> set[tuple[str, str]]:
    rows = session.execute(
        select(Response.form, Response.occasion).where(Response.participant_id == person.id)
    )
    return {(form, occasion) for form, occasion in rows}


def _is_asked(occasion: Occasion) -> bool:
    if not occasion.is_of_person or occasion.asked == "excused" or occasion.unscheduled:
        return False
    if occasion.opening.opens_at + timedelta(minutes=_begins(occasion)[1] + 30) > clock.now():
        return False
    return not occasion.optional


def _begins(occasion: Occasion) -> tuple[float, float]:
    """Return between which minutes after it opened a form is begun: nobody gets up at night for one."""
    opening = occasion.opening
    room = (opening.closes_at - opening.opens_at).total_seconds() / 60 - 30
    return _DAYTIME if room > _DAYTIME[1] else (1, min(room, _A_WHILE))


def _one(pen: Pen, version: UUID, occasion: Occasion, say: Say) -> Written:
    instrument = loading.named(occasion.instrument)
    shown = _definition(pen, instrument)
    begun = occasion.opening.opens_at + timedelta(minutes=pen.dice.uniform(*_begins(occasion)))
    response = Response(
        id=uuid4(),
        participant_id=pen.person.id,
        protocol_version_id=version,
        form=occasion.form.id,
        kind=occasion.kind,
        occasion=occasion.name,
        due=occasion.due,
        definition_sha256=shown.definition,
        opened_at=begun,
    )
    sitting = Sitting(
        id=uuid4(),
        response_id=response.id,
        revision=0,
        language=shown.language,
        wording_sha256=shown.wording,
        device={"screen": "390x844"},
        by=pen.person.code,
        is_staff=False,
        mode="web",
        respondent="self",
        because=None,
        began_at=begun,
    )
    words = tuple(_words(pen, response, sitting, occasion, instrument, say))
    at = Writing(pen.session, pen.person, response, sitting, instrument, 0, occasion, None)
    return Written(occasion, instrument, response, sitting, _submission(at, words), words)


def _definition(pen: Pen, instrument: Instrument) -> Shown:
    """Return what is shown of an instrument: in the person's language, or in English where that has no words."""
    if instrument.id not in pen.kept:
        has_words = definitions.has_words(pen.session, instrument, pen.language)
        language = pen.language if has_words else "en"
        shown = definitions.form_of(pen.session, instrument, language)
        kept = definitions.keep(pen.session, instrument)
        pen.kept[instrument.id] = Shown(kept, definitions.wording_hash(shown), language)
    return pen.kept[instrument.id]


def _words(
    pen: Pen,
    response: Response,
    sitting: Sitting,
    occasion: Occasion,
    instrument: Instrument,
    say: Say,
) -> Iterator[Answer]:
    at, said = sitting.began_at, dict[str, Any]()
    for place, (item, value) in enumerate(_answers(occasion, instrument, say, said)):
        seconds = round(pen.dice.uniform(*_SECONDS), 1)
        at += timedelta(seconds=seconds)
        yield Answer(
            id=uuid4(),
            response_id=response.id,
            place=place,
            sitting_id=sitting.id,
            upload_id=None,
            revision=0,
            item=item.id,
            value=value,
            skipped="prefer_not" if value is None else None,
            screen=place,
            seconds=seconds,
            changes=0,
            answered_at=at,
            received_at=at,
            alert=None,
        )


def _answers(
    occasion: Occasion, instrument: Instrument, say: Say, said: dict[str, Any]
) -> Iterator[tuple[Item, Any]]:
    """Yield each item that is asked after what was said before it, with what is said to it."""
    for item in instrument.items:
        if occasion.asked == "short" and not item.in_crash:
            continue
        if item.show_if is not None and not holds(parse(item.show_if), said):
            continue
        value = say(occasion, instrument, item)
        if value is not None:
            said[item.id] = value
        yield item, value


def _submission(at: Writing, words: tuple[Answer, ...]) -> Submission:
    moment = words[-1].answered_at if words else at.sitting.began_at
    return Submission(
        id=uuid4(),
        response_id=at.response.id,
        sitting_id=at.sitting.id,
        revision=1,
        kind="submitted",
        asked="short" if at.asked is not None and at.asked.asked == "short" else "full",
        submitted_at=moment,
        received_at=moment,
        late=False,
        because=None,
    )


def _keep(pen: Pen, made: list[Written]) -> None:
    if not made:
        return
    session = pen.session
    bodies = [_body(pen, each) for each in made]
    for each, payload in zip(made, receiving.keep_bodies(session, PROVIDER, bodies), strict=True):
        each.submission.payload_id = payload
    together(session, Response, [row_of(each.response) for each in made])
    together(session, Sitting, [row_of(each.sitting) for each in made])
    together(session, Answer, [row_of(word) for each in made for word in each.words])
    together(session, Submission, [row_of(each.submission) for each in made])
    together(session, FormScore, [_scored(each) for each in made])


def together(session: Session, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows many to a statement, so that the audit trail's triggers run once for all of them."""
    session.execute(insert(table).returning(table.id), list(rows))


def _body(pen: Pen, written: Written) -> bytes:
    at = Writing(
        pen.session,
        pen.person,
        written.response,
        written.sitting,
        written.instrument,
        0,
        written.occasion,
        None,
    )
    said = {word.item: word for word in written.words}
    told = submitting.document(at, said, written.submission.submitted_at)
    return json.dumps(told, sort_keys=True, ensure_ascii=False).encode()


def _scored(written: Written) -> Mapping[str, Any]:
    answers = {word.item: word.value for word in written.words if word.value is not None}
    because = "handed in"
    try:
        found = score(written.instrument, visible(written.instrument, answers))
    except ScoringError as error:
        found, because = None, f"{because}; not scored: {error}"
    row = scores.row_of(written.submission, found, [], because)
    row.id, row.number = uuid4(), 1
    row.computed_at = written.submission.submitted_at
    return row_of(row)


def row_of(row: Any) -> Mapping[str, Any]:
    """Return what a row that was never added holds, for a bulk insert."""
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}
