"""How complete a person's forms are: expected, answered, excused, missed, late, each with its reason."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among, once
from hometrial.models import Participant, Pause, Response, Submission
from hometrial.protocol.windows import Standing
from hometrial.questionnaires import loading
from hometrial.services.asking import definitions, occasions
from hometrial.services.asking.occasions import Calendar, Occasion


class Fate(StrEnum):
    """What became of a form that the protocol asked."""

    ANSWERED = "answered"
    LATE = "late"
    MISSED = "missed"
    EXCUSED = "excused"
    OPEN = "open"


@dataclass(frozen=True)
class Line:
    """One form on one occasion and what became of it; `reason` says why where it is not answered in time."""

    occasion: Occasion
    fate: Fate
    reason: str | None


@dataclass(frozen=True)
class Tally:
    """How many of a form were answered in time, entered late, missed, excused, or are still open.

    Expected is what is not excused and has closed, or was answered; late answers count as expected and not as
    answered in time.
    """

    form: str
    answered: int
    late: int
    missed: int
    excused: int
    still_open: int

    @property
    def expected(self) -> int:
        """How many should have been answered by now."""
        return self.answered + self.late + self.missed

    @property
    def share(self) -> float | None:
        """Which share of what was expected was answered in time; None if nothing was."""
        return self.answered / self.expected if self.expected else None


_Key = tuple[str, str]
"""A form and its occasion."""


@dataclass(frozen=True)
class _Known:
    """What is on record of a person: the first submission that says something, and the rests."""

    handed: Mapping[_Key, Submission]
    begun: frozenset[_Key]
    pauses: Sequence[Pause]


def lines(session: Session, person: Participant, language: str) -> tuple[Line, ...]:
    """Return every form of their own that has opened for a person by now, and what became of it, in order of opening.

    An optional form without words in the language is not asked, one of an unscheduled visit not expected. Raises NotInTrialError, ZoneNeededError.
    """
    calendar = occasions.calendar_of(session, person)
    known = _known(session, [person.id])[person.id]
    return _lines(session, calendar, known, language, clock.now())


def lines_of(
    session: Session, calendars: Mapping[UUID, Calendar], language: str, now: datetime
) -> Iterator[tuple[UUID, tuple[Line, ...]]]:
    """Yield the same of many people by their calendars, all that is on record of them read at once."""
    known = _known(session, list(calendars))
    for person, calendar in calendars.items():
        yield person, _lines(session, calendar, known[person], language, now)


def _lines(
    session: Session, calendar: Calendar, known: _Known, language: str, now: datetime
) -> tuple[Line, ...]:
    return tuple(
        _line(each, known, now)
        for each in occasions.occasions(calendar)
        if each.is_of_person
        and not each.unscheduled
        and each.opening.standing(now) is not Standing.UPCOMING
        and _asked(session, each, language)
    )


def tallies(found: Sequence[Line]) -> tuple[Tally, ...]:
    """Return the numbers of each form, in the order in which they first opened."""
    counts: dict[str, Counter[Fate]] = {}
    for line in found:
        counts.setdefault(line.occasion.form.id, Counter())[line.fate] += 1
    return tuple(
        Tally(
            form,
            each[Fate.ANSWERED],
            each[Fate.LATE],
            each[Fate.MISSED],
            each[Fate.EXCUSED],
            each[Fate.OPEN],
        )
        for form, each in counts.items()
    )


def _asked(session: Session, occasion: Occasion, language: str) -> bool:
    if not occasion.optional:
        return True
    instrument = loading.named(occasion.instrument)
    key = ("asking.has_words", occasion.instrument, language)
    return once(session, key, lambda: definitions.has_words(session, instrument, language))


def _known(session: Session, people: Sequence[UUID]) -> dict[UUID, _Known]:
    of_people = among(Response.participant_id, people)
    begun: dict[UUID, set[_Key]] = {each: set() for each in people}
    handed: dict[UUID, dict[_Key, Submission]] = {each: {} for each in people}
    pauses: dict[UUID, list[Pause]] = {each: [] for each in people}
    columns = (Response.participant_id, Response.form, Response.occasion)
    for person, form, occasion in session.execute(select(*columns).where(of_people)):
        begun[person].add((form, occasion))
    submissions = (
        select(Submission, *columns)
        .join(Response, Response.id == Submission.response_id)
        .where(of_people)
        .order_by(Submission.revision)
    )
    for submission, person, form, occasion in session.execute(submissions):
        before = handed[person].get((form, occasion))
        # A correction changes what was said, and not that it was said in time.
        if before is None or before.kind == "too_ill":
            handed[person][form, occasion] = submission
    paused = select(Pause).where(among(Pause.participant_id, people))
    for pause in session.scalars(paused.order_by(Pause.start_at, Pause.id)):
        pauses[pause.participant_id].append(pause)
    return {each: _Known(handed[each], frozenset(begun[each]), pauses[each]) for each in people}


def _line(occasion: Occasion, known: _Known, now: datetime) -> Line:
    key = (occasion.form.id, occasion.name)
    handed = known.handed.get(key)
    if handed is not None:
        return _handed(occasion, handed)
    excuse = _excuse(occasion, known.pauses)
    if excuse is not None:
        return Line(occasion, Fate.EXCUSED, excuse)
    if occasion.opening.standing(now) is Standing.OPEN:
        return Line(occasion, Fate.OPEN, None)
    reason = "begun and not handed in" if key in known.begun else "never opened"
    return Line(occasion, Fate.MISSED, reason)


def _handed(occasion: Occasion, handed: Submission) -> Line:
    if handed.kind == "too_ill":
        return Line(occasion, Fate.EXCUSED, "too ill")
    if handed.late:
        return Line(occasion, Fate.LATE, handed.because)
    return Line(occasion, Fate.ANSWERED, "short form" if handed.asked == "short" else None)


def _excuse(occasion: Occasion, pauses: Sequence[Pause]) -> str | None:
    """Say why a form is not expected; a pause excuses what it covers from opening to close."""
    if occasion.asked == "excused":
        kept = "diaries" if occasion.kind == "diary" else "questions"
        return f"no {kept} any more" if occasion.stopped else "bad day"
    opening = occasion.opening
    for pause in pauses:
        ends = pause.end_at is None or opening.closes_at <= pause.end_at
        if pause.start_at <= opening.opens_at and ends:
            return f"pause: {pause.reason}"
    return None
