"""Forms that staff fill in: as they find it, as a person told it by telephone, or to correct what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hometrial.models import Answer as Word
from hometrial.models import Participant
from hometrial.questionnaires.answers import Answer, Answers, refusal, shown_items
from hometrial.questionnaires.instrument import Instrument, Item, NumberItem, WordsItem
from hometrial.services.asking import opening, saving, submitting, words, writing
from hometrial.services.asking.opening import Manner, NotAskedError
from hometrial.services.asking.saving import AnswerRefusedError, Entry
from hometrial.services.asking.submitting import HandedIn

SKIPPED = "skipped:"
"""How a reason for no answer begins, where answers are told as text."""


class NothingChangedError(NotAskedError):
    """A correction that says what was said."""


@dataclass(frozen=True)
class Told:
    """Answers as text by item; what is empty was not said."""

    answers: Mapping[str, str]


def enter(
    session: Session, person: Participant, asked: tuple[str, str], manner: Manner, told: Told
) -> HandedIn:
    """Fill a form in whole, or correct it, and hand it in; `asked`: the form and its occasion.

    Only what differs from what was said is said anew; who says it, how and why stand in the sitting. Raises
    NotAskedError, BlanksLeftError, AnswerRefusedError that begins with the item.
    """
    sitting = opening.open_form(session, person, *asked, manner)
    at = writing.at(session, person, sitting.id)
    said = words.last(words.spoken(session, at.response.id))
    entries = _entries(at.instrument, said, told)
    if at.revision and not entries:
        raise NothingChangedError(f"{asked[0]}: nothing is changed; it stands as it was")
    for entry in entries:
        saving.save(session, person, sitting.id, entry)
    return submitting.submit(session, person, sitting.id)


def _entries(instrument: Instrument, said: Mapping[str, Word], told: Told) -> Sequence[Entry]:
    """Return what is new, in order, of the items that are asked after what is told."""
    given = {each.id: _value(each, told.answers.get(each.id, "")) for each in instrument.items}
    asked = set(shown_items(instrument, _answers(given)))
    found = []
    for place, item in enumerate(instrument.items):
        text = told.answers.get(item.id, "")
        if item.id not in asked or not text:
            continue
        entry = _entry(item.id, given[item.id], text, place)
        before = said.get(item.id)
        if before is None or (before.value, before.skipped) != (entry.value, entry.skipped):
            _require_possible(instrument, entry)
            found.append(entry)
    return found


def _entry(item: str, value: Answer, text: str, place: int) -> Entry:
    if not text.startswith(SKIPPED):
        return Entry(item, value, screen=place)
    # What a reason may be is the instrument's to say; `saving` refuses another.
    return Entry(item, None, text.removeprefix(SKIPPED), screen=place)  # type: ignore[arg-type]


def _require_possible(instrument: Instrument, entry: Entry) -> None:
    fault = None if entry.value is None else refusal(instrument, entry.item, entry.value)
    if fault is not None:
        raise AnswerRefusedError(f"{entry.item}: {fault}")


def _answers(given: Mapping[str, Answer]) -> Answers:
    return {name: value for name, value in given.items() if value is not None}


def _value(item: Item, text: str) -> Answer:
    """Return what a text answers; what is no number stays text, and is refused with its item."""
    if not text or text.startswith(SKIPPED):
        return None
    if isinstance(item, WordsItem):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    whole = not (isinstance(item, NumberItem) and item.type == "decimal")
    return int(number) if whole and number.is_integer() else number
