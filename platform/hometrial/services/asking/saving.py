"""Answers saved as they are given, screen by screen: kept, never overwritten, and looked at for danger at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Answer as Word
from hometrial.models import Participant
from hometrial.questionnaires import alerting as rules
from hometrial.questionnaires.answers import Answer, refusal, visible
from hometrial.questionnaires.conditions import parse
from hometrial.questionnaires.instrument import Alert, Instrument, SkipReason
from hometrial.rules import names
from hometrial.services.asking import alarming, words, writing
from hometrial.services.asking.crisis import Crisis
from hometrial.services.asking.writing import Writing

Skip = SkipReason | Literal["unstated"]


class AnswerRefusedError(TrialError):
    """An answer that cannot be kept."""


@dataclass(frozen=True)
class Entry:
    """One word on one item: a value, or why there is none; on which screen, after how many seconds.

    `answered_at`: when it was given, for what a device kept; None: now. `changes`: how often it was changed on
    its screen before.
    """

    item: str
    value: Answer = None
    skipped: Skip | None = None
    screen: int = 0
    seconds: float | None = None
    answered_at: datetime | None = None
    changes: int | None = None


@dataclass(frozen=True)
class Refused:
    """A word that was not kept, by its place among those that came, and why."""

    place: int
    item: str
    reason: str


@dataclass
class Saved:
    """What becomes of words: which are kept, which are not, and what must be shown at once.

    `alerts`: the rules that hold for these words, whether they were raised now or before.
    """

    words: list[Word] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    crisis: Crisis | None = None


def save(session: Session, person: Participant, sitting_id: UUID, entry: Entry) -> Saved:
    """Keep one word on an item. Raises NotYoursError, and AnswerRefusedError for what cannot be kept.

    What tells of danger raises its alert though it comes too late to be kept: then `refused` tells that,
    beside the crisis information, and no error is raised, which would undo the alert.
    """
    saved = weigh(writing.at(session, person, sitting_id), [entry])
    if saved.refused and not saved.alerts:
        raise AnswerRefusedError(f"{entry.item}: {saved.refused[0].reason}")
    store(session, saved)
    return saved


def weigh(at: Writing, entries: Sequence[Entry]) -> Saved:
    """Weigh words in order, each by itself, and raise their alerts; `store` then keeps those that can be kept."""
    saved = Saved()
    spoken = list(words.spoken(at.session, at.response.id))
    now = clock.now()
    for place, entry in enumerate(entries):
        reason = impossible(at.instrument, entry, now)
        if reason is not None:
            saved.refused.append(Refused(place, entry.item, reason))
            continue
        word = _word(at, entry, len(spoken), now)
        _look(at, spoken, word, saved)
        reason = at.refusal(word.answered_at)
        if reason is not None:
            saved.refused.append(Refused(place, entry.item, reason))
            continue
        spoken.append(word)
        saved.words.append(word)
    saved.crisis = alarming.crisis_of(at.session, at.person, at.instrument, saved.alerts)
    return saved


def store(session: Session, saved: Saved, upload_id: UUID | None = None) -> None:
    """Keep the words that were weighed and found good."""
    for word in saved.words:
        word.upload_id = upload_id
    session.add_all(saved.words)
    session.flush()


def _word(at: Writing, entry: Entry, place: int, now: datetime) -> Word:
    return Word(
        response_id=at.response.id,
        place=place,
        sitting_id=at.sitting.id,
        revision=at.revision,
        item=entry.item,
        value=entry.value,
        skipped=entry.skipped,
        screen=entry.screen,
        seconds=entry.seconds,
        changes=entry.changes,
        answered_at=entry.answered_at or now,
        received_at=now,
        alert=None,
    )


def _look(at: Writing, spoken: Sequence[Word], word: Word, saved: Saved) -> None:
    """Raise the most urgent alert that a word sets off, unless the response raised it, or a graver one, before."""
    said = {**words.values(words.last(words.in_order(spoken))), word.item: word.value}
    holding = rules.raised_by_answer(at.instrument, word.item, visible(at.instrument, said))
    found = alarming.most_urgent(holding)
    if found is None:
        return
    saved.alerts.append(found)
    before = {each.alert for each in spoken} | {each.id for each in saved.alerts[:-1]}
    if alarming.is_news(found, [each for each in at.instrument.alerts if each.id in before]):
        word.alert = found.id
        about = {name: said.get(name) for name in names(parse(found.when))}
        alarming.sound(at.session, at.person, at.instrument, found, about)


def impossible(instrument: Instrument, entry: Entry, now: datetime) -> str | None:
    """Say why a word can never be kept, whenever it was said."""
    if (entry.value is None) == (entry.skipped is None):
        return "give an answer, or say why there is none"
    if entry.seconds is not None and not (math.isfinite(entry.seconds) and entry.seconds >= 0):
        return f"{entry.seconds} seconds on a screen"
    if entry.changes is not None and entry.changes < 0:
        return f"{entry.changes} changes on a screen"
    if entry.answered_at is not None and entry.answered_at > now:
        return (
            f"it says {entry.answered_at.isoformat()}, which is yet to come; set the device's clock"
        )
    fault = refusal(instrument, entry.item, entry.value)
    return fault if fault is not None else _no_skip(instrument, entry)


def _no_skip(instrument: Instrument, entry: Entry) -> str | None:
    shown = instrument.presentation
    if entry.skipped is None or entry.skipped in shown.skip_reasons:
        return None
    if entry.skipped == "unstated" and shown.allow_skip:
        return None
    return f"{entry.skipped} is no reason here; there are {', '.join(shown.skip_reasons)}"
