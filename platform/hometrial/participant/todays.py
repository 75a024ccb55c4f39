"""What a person's first page shows of today: forms with their minutes, the next visit, what they chose."""

from dataclasses import dataclass
from datetime import date
from math import ceil

from flask import url_for
from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.participant.looks import current
from hometrial.questionnaires import loading
from hometrial.services.agreeing import standing
from hometrial.services.asking import today as asking
from hometrial.services.trial import calendars
from hometrial.services.trial.calendars import Status, VisitLine

AT_MOST = 4
"""So many forms are shown; the others stand behind one line."""
_BY_ITSELF = "system"
_NO_VISITS = frozenset({"withdraw_completely", "stop_contact"})
"""Choices after which there are no visits to tell of."""


@dataclass(frozen=True)
class Asked:
    """A form that is open: what it is called, about how many minutes are left of it, and where it is."""

    title: str
    minutes: int
    state: str
    href: str


@dataclass(frozen=True)
class Forms:
    """The forms of now, the first ones first; `minutes` of all that are shown."""

    first: tuple[Asked, ...]
    others: tuple[Asked, ...]
    minutes: int


@dataclass(frozen=True)
class NextVisit:
    """The next visit: around which day, and between which days it can be."""

    label: str
    mode: str
    on: date
    first: date
    last: date
    is_now: bool


def forms_of(session: Session, person: Participant) -> Forms:
    """Return what a person is asked now. Raises NotInTrialError, ZoneNeededError."""
    due = asking.today(session, person, current().language)
    lines = tuple(_asked(each) for each in due)
    shown = lines[:AT_MOST]
    return Forms(shown, lines[AT_MOST:], ceil(sum(each.minutes for each in due[:AT_MOST])))


def _asked(due: asking.Due) -> Asked:
    title = loading.named(due.occasion.instrument).title
    form, occasion = due.occasion.form.id, due.occasion.name
    return Asked(
        title.get(current().language, title["en"]),
        ceil(due.minutes),
        due.state,
        url_for("asking.start", form=form, occasion=occasion),
    )


def next_visit(session: Session, person: Participant) -> NextVisit | None:
    """Return the visit that is due or comes next; None if none does."""
    if not _NO_VISITS.isdisjoint(standing.choices(session, person)):
        return None
    agenda = calendars.agenda(session, person)
    lines = [each for each in agenda.of(Status.DUE, Status.UPCOMING) if each.mode != _BY_ITSELF]
    found = min(lines, key=lambda line: line.due.due, default=None)
    return None if found is None else _visit(found)


def _visit(line: VisitLine) -> NextVisit:
    window = line.due.window
    is_now = line.status is Status.DUE
    return NextVisit(line.label, line.mode, line.due.due, window.first, window.last, is_now)
