"""Source tables of what people answered: item by item as it stands, in their own words apart, and its scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.db import among, once
from hometrial.exports.source.reading import Row
from hometrial.models import Answer, FormScore, Response, Sitting, Submission
from hometrial.questionnaires.answers import Taken, take, visible
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, Option
from hometrial.questionnaires.rendering import WordingAbsentError
from hometrial.services.asking import definitions
from hometrial.services.capturing.forms import Opened, opened
from hometrial.services.capturing.people import people

_ROWS_AT_ONCE = 10_000
_HIDDEN, _SHORT, _UNSTATED = "hidden", "short_form", "unstated"


class _Word(NamedTuple):
    """A word on an item, and the language in which its question was read."""

    response_id: UUID
    revision: int
    item: str
    value: Any
    skipped: str | None
    answered_at: datetime
    language: str


@dataclass(frozen=True)
class _Said:
    """An answered form with the word that holds on each item."""

    form: Opened
    instrument: Instrument
    words: Mapping[str, _Word]

    @cached_property
    def taken(self) -> Taken:
        """The form as it was taken: what its logic hid was not asked."""
        given = {name: word.value for name, word in self.words.items() if word.value is not None}
        return take(self.instrument, visible(self.instrument, given))

    def why_none(self, item: Item) -> str | None:
        """Say why an item has no answer; None if it has one."""
        word = self.words.get(item.id)
        if item.id not in self.taken.asked:
            return _HIDDEN
        if word is None:
            stands = self.form.stands
            brief = stands is not None and stands.asked == "short" and not item.in_crash
            return _SHORT if brief else _UNSTATED
        return word.skipped


def items(session: Session) -> Iterator[Row]:
    """Yield every question of every form that was sent with answers; those in somebody's own words are `free_answer`."""
    shown = _Shown(session)
    for said in _said(session):
        for place, item in enumerate(said.instrument.items, 1):
            if item.type == "text":
                continue
            yield _item(said, place, item, shown)


def free_answers(session: Session) -> Iterator[Row]:
    """Yield every answer in somebody's own words; what was answered before the form hid the question is none."""
    for said in _said(session):
        for item in said.instrument.items:
            if item.type == "text" and said.why_none(item) is None:
                yield _of_item(said, item) | {"words": said.words[item.id].value}


def _item(said: _Said, place: int, item: Item, shown: "_Shown") -> Row:
    why, word = said.why_none(item), said.words.get(item.id)
    row = _of_item(said, item) | {"place": place}
    if why is None and word is not None:
        is_number = not isinstance(word.value, str)
        row |= {
            "value": str(word.value),
            "number": float(word.value) if is_number else None,
            "shown": shown.of(said.form, item, word),
        }
    elif why is not None:
        not_asked = why in (_HIDDEN, _SHORT)
        row |= {"skipped": "not_asked" if not_asked else "skipped", "skip_reason": why}
    return row


def _of_item(said: _Said, item: Item) -> Row:
    response = said.form.response
    word = said.words.get(item.id) if item.id in said.taken.asked else None
    return {
        "id": f"{response.id}/{item.id}",
        "participant": said.form.person.code,
        "response": str(response.id),
        "instrument": said.form.instrument,
        "item": item.id,
        "answered": None if word is None else said.form.local(word.answered_at),
    }


@dataclass
class _Shown:
    """The words of answers as people read them, each wording asked for once."""

    session: Session

    def of(self, form: Opened, item: Item, word: _Word) -> str:
        """Return an answer as its option says it; what is not chosen from a list says itself."""
        if not isinstance(item, ChoiceItem):
            return str(word.value)
        options = self._options(form.response.definition_sha256, word.language)
        return options[item.options][word.value]

    def _options(self, sha256: str, language: str) -> Mapping[str, Mapping[int, str]]:
        key = ("capturing.options", sha256, language)
        return once(self.session, key, lambda: self._read(sha256, language))

    def _read(self, sha256: str, language: str) -> Mapping[str, Mapping[int, str]]:
        instrument = _instrument(self.session, sha256)
        found = {
            name: {each.value: _own_word(each, language) for each in options}
            for name, options in instrument.option_sets.items()
        }
        try:
            form = definitions.form_of(self.session, instrument, language)
        except WordingAbsentError:
            return found
        for question in form.questions:
            if isinstance(question.item, ChoiceItem):
                found[question.item.options] = {one.value: one.text for one in question.choices}
        return found


def _own_word(option: Option, language: str) -> str:
    """Return an option's text where nobody brought the wording: in the language, in any, or its code."""
    texts = option.text or {}
    return texts.get(language) or next(iter(texts.values()), option.code)


def _said(session: Session) -> Iterator[_Said]:
    """Yield every form that was sent with answers, its words read some thousand at a time."""
    forms = {key: each for key, each in opened(session).items() if each.is_answered}
    for response_id, words in groupby(_words(session), key=lambda word: word.response_id):
        form = forms.get(response_id)
        if form is None or form.stands is None:
            continue
        last = {word.item: word for word in words if word.revision < form.stands.revision}
        yield _Said(form, _instrument(session, form.response.definition_sha256), last)


def _instrument(session: Session, sha256: str) -> Instrument:
    key = ("capturing.instrument", sha256)
    return once(session, key, lambda: definitions.kept(session, sha256))


def _words(session: Session) -> Iterator[_Word]:
    """Yield the words on every form in order of time, as `asking.words` orders them."""
    rows = session.execute(
        select(
            Answer.response_id,
            Answer.revision,
            Answer.item,
            Answer.value,
            Answer.skipped,
            Answer.answered_at,
            Sitting.language,
        )
        .join(Response, Response.id == Answer.response_id)
        .join(Sitting, Sitting.id == Answer.sitting_id)
        .where(among(Response.participant_id, people(session)))
        .order_by(Answer.response_id, Answer.revision, Answer.answered_at, Answer.place)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for row in rows:
        yield _Word(*row)


def scores(session: Session) -> Iterator[Row]:
    """Yield every score of every form by the rule that holds, also one that too few answers leave without value."""
    forms = {each.stands.id: each for each in opened(session).values() if each.stands is not None}
    newest = (
        select(FormScore)
        .join(Submission, Submission.id == FormScore.submission_id)
        .join(Response, Response.id == Submission.response_id)
        .where(among(Response.participant_id, people(session)))
        .order_by(FormScore.submission_id, FormScore.number.desc())
        .ext(distinct_on(FormScore.submission_id))
    )
    for row in session.scalars(newest):
        form = forms.get(row.submission_id)
        if form is None:
            continue
        for name, value in row.scores.items():
            yield {
                "id": f"{form.response.id}/{name}",
                "participant": form.person.code,
                "response": str(form.response.id),
                "instrument": form.instrument,
                "scorer": row.scorer,
                "score": name,
                "value": value,
                "band": row.bands.get(name),
                "answered": row.n_answered,
                "missing": row.n_missing,
                "prorated": row.prorated,
            }
