"""What a person is asked now: each form with its minutes, what is left of it, and until when (N13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Answer, Participant, Response, Submission
from hometrial.protocol.calendar import Span
from hometrial.protocol.windows import Standing, local_date
from hometrial.questionnaires import loading
from hometrial.questionnaires.instrument import Instrument
from hometrial.services.agreeing import standing
from hometrial.services.asking import definitions, occasions
from hometrial.services.asking.occasions import Calendar, Occasion

State = Literal["new", "begun", "too_ill", "done"]


@dataclass(frozen=True)
class Due:
    """One form that is open: how far it is, about how many minutes it still takes, when it closes.

    `too_ill`: handed in as that; it may still be filled in while it is open.
    """

    occasion: Occasion
    state: State
    minutes: float
    closes_at: datetime


def today(
    session: Session, person: Participant, language: str, at: datetime | None = None
) -> tuple[Due, ...]:
    """Return the forms that are open at a moment (default: now), in the order in which they are asked.

    What is handed in, excused on bad days, filled in by staff, or optional without words in this language, is left out.
    Raises NotInTrialError, ZoneNeededError.
    """
    moment = at or clock.now()
    withdrawn = standing.withdrawn_at(session, person)
    if withdrawn is not None and moment >= withdrawn:
        return ()
    calendar = occasions.calendar_of(session, person)
    states, said = _states(session, person), _said(session, person)
    found = []
    for each in open_at(calendar, moment):
        state = states.get((each.form.id, each.name), "new")
        if not each.is_of_person or each.asked == "excused" or state == "done":
            continue
        instrument = loading.named(each.instrument)
        if each.optional and not definitions.has_words(session, instrument, language):
            continue
        items = said.get((each.form.id, each.name), frozenset())
        minutes = _minutes(each, instrument, items)
        found.append(Due(each, state, minutes, each.opening.closes_at))
    order = [form.id for form in calendar.protocol.forms]
    return tuple(sorted(found, key=lambda due: (due.closes_at, order.index(due.occasion.form.id))))


def open_at(calendar: Calendar, moment: datetime) -> tuple[Occasion, ...]:
    """Return the occasions that are open at a moment."""
    day = local_date(moment, calendar.zones)
    near = Span(day - timedelta(1), day + timedelta(1))
    return tuple(
        each
        for each in occasions.occasions(calendar, near)
        if each.opening.standing(moment) is Standing.OPEN
    )


def _minutes(occasion: Occasion, instrument: Instrument, said: frozenset[str]) -> float:
    """Return the minutes of the items that are left, a share of those that the whole form takes."""
    brief = occasion.asked == "short"
    left = [
        item.id for item in instrument.items if (item.in_crash or not brief) and item.id not in said
    ]
    return round(occasion.form.minutes * len(left) / len(instrument.items), 1)


def _states(session: Session, person: Participant) -> Mapping[tuple[str, str], State]:
    rows = session.execute(
        select(Response.form, Response.occasion, Submission.kind)
        .outerjoin(Submission, Submission.response_id == Response.id)
        .where(Response.participant_id == person.id)
        .order_by(Submission.revision.nulls_first())
    )
    return {(form, name): _state(kind) for form, name, kind in rows}


def _state(kind: str | None) -> State:
    if kind is None:
        return "begun"
    return "too_ill" if kind == "too_ill" else "done"


def _said(session: Session, person: Participant) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the items that have a word, of every form that is not handed in."""
    handed = select(Submission.response_id)
    rows = session.execute(
        select(Response.form, Response.occasion, Answer.item)
        .join(Answer, Answer.response_id == Response.id)
        .where(Response.participant_id == person.id, Response.id.not_in(handed))
        .distinct()
    )
    found: dict[tuple[str, str], set[str]] = {}
    for form, name, item in rows:
        found.setdefault((form, name), set()).add(item)
    return {key: frozenset(items) for key, items in found.items()}
