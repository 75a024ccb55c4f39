"""One adverse event as a page shows it: versions side by side, what stood when it began, clocks, the dose after it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    AdverseEvent,
    AdverseEventCoding,
    Alert,
    BaselineSymptom,
    Participant,
    SafetyReport,
    Site,
)
from hometrial.protocol.dosing.events import Order
from hometrial.protocol.dosing.standing import Standing
from hometrial.protocol.safety import details, vocabulary
from hometrial.protocol.safety.clocks import Running
from hometrial.protocol.safety.details import date_of
from hometrial.protocol.safety.vocabulary import Term
from hometrial.services import enrolling
from hometrial.services.dosing import storing
from hometrial.services.safety import duties, events, judged
from hometrial.services.safety.events import EventState
from hometrial.services.safety.judged import Judged


@dataclass(frozen=True)
class Row:
    """A field in every version; `changed`: in which versions it became another one."""

    name: str
    values: Sequence[Any]
    changed: Sequence[bool]


@dataclass(frozen=True)
class Seen:
    """An event with all that a page tells of it."""

    state: EventState
    person: Participant
    site: str
    follows: Judged
    term: Term | None
    grade_text: str | None
    rows: Sequence[Row]
    clocks: Sequence[Running]
    reports: Sequence[SafetyReport]
    orders: Sequence[Order]
    alerts: Sequence[Alert]
    codings: Sequence[AdverseEventCoding]


def look(session: Session, person: Participant, event: AdverseEvent) -> Seen:
    """Return one event: a fixed number of queries."""
    state = events.state_of(session, event)
    known = state.details
    site = session.get_one(Site, person.site_id)
    term = None if known.term is None else vocabulary.shipped().of(known.term)
    return Seen(
        state,
        person,
        site.code,
        judged.judge(session, person, state),
        term,
        None if known.grade is None else vocabulary.shipped().grade_text(known.term, known.grade),
        _rows(state),
        [each.running for each in duties.duties(session, [state])],
        _reports(session, event),
        _orders_after(session, person, known.start),
        _alerts(session, person, event),
        _codings(session, state),
    )


def dose_now(session: Session, person: Participant) -> Standing | None:
    """Return what stands of a person's dose on the day that they live in."""
    zones = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    today = clock.now() if not zones else clock.now().astimezone(ZoneInfo(zones[-1].zone))
    spell = storing.course_of(session, person).spell_on(today.date())
    return None if spell is None else spell.standing


def baseline(session: Session, person: Participant) -> Sequence[BaselineSymptom]:
    """Return every word on the symptoms of a person's run-in, the newest first."""
    return session.scalars(
        select(BaselineSymptom)
        .where(BaselineSymptom.participant_id == person.id)
        .order_by(BaselineSymptom.number.desc())
    ).all()


def _rows(state: EventState) -> list[Row]:
    """Return the fields of which anything was ever said."""
    found = []
    told = [events.details_of(each) for each in state.versions]
    for name in details.NAMES:
        values = [getattr(each, name) for each in told]
        if any(value not in (None, "", False) for value in values):
            changed = [
                False,
                *(one != other for one, other in itertools.pairwise(values)),
            ]
            found.append(Row(name, values, changed))
    return found


def _reports(session: Session, event: AdverseEvent) -> Sequence[SafetyReport]:
    return session.scalars(
        select(SafetyReport)
        .where(SafetyReport.adverse_event_id == event.id)
        .order_by(SafetyReport.recorded_at)
    ).all()


def _orders_after(session: Session, person: Participant, start: str | None) -> list[Order]:
    """Return the orders from the day on which the event began: by them the dose was changed after it."""
    began = date_of(start)
    orders = storing.course_of(session, person).orders
    return [each for each in orders if began is not None and each.effective_on >= began.first]


def _alerts(session: Session, person: Participant, event: AdverseEvent) -> list[Alert]:
    rows = session.scalars(
        select(Alert).where(Alert.participant_id == person.id).order_by(Alert.created_at)
    )
    return [each for each in rows if each.values.get("event") == event.number]


def _codings(session: Session, state: EventState) -> Sequence[AdverseEventCoding]:
    ids = [each.id for each in state.versions]
    return session.scalars(
        select(AdverseEventCoding)
        .where(AdverseEventCoding.version_id.in_(ids))
        .order_by(AdverseEventCoding.coded_at.desc())
    ).all()
