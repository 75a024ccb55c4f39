"""The line listing of adverse events: filtered in the database, with the dose at each onset."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from hometrial.db import among
from hometrial.models import AdverseEvent, AdverseEventVersion, DoseEvent, Participant, Site
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.events import Event
from hometrial.protocol.safety import onset
from hometrial.protocol.safety.details import date_of
from hometrial.protocol.safety.onset import Onset
from hometrial.services.dosing import storing
from hometrial.services.safety import events
from hometrial.services.safety.events import EventState

PER_PAGE = 50
DOSES = ("none", "below_1", "1_to_3", "3_and_more", "not_known")
"""Of the day on which an event began, in mg."""
_NOW = aliased(AdverseEventVersion, events.newest_versions().subquery(), name="known_now")


@dataclass(frozen=True)
class Wanted:
    """Which events are asked for; None: it does not matter."""

    serious: bool | None = None
    grade: int | None = None
    related: str | None = None
    ongoing: bool | None = None
    site: str | None = None
    dose: str | None = None
    participant: str | None = None


@dataclass(frozen=True)
class Line:
    """An event with what stood when it began."""

    event: EventState
    site: str
    onset: Onset


@dataclass(frozen=True)
class Listing:
    """A page of the listing, and how many events there are in all."""

    lines: Sequence[Line]
    total: int
    start: int


def listing(session: Session, wanted: Wanted, start: int, count: int | None = PER_PAGE) -> Listing:
    """Return the events asked for by person and number, from one on; `count` None: all of them."""
    found = session.execute(_query(wanted)).all()
    if wanted.dose is not None:
        people = {row.participant_id for row in found}
        courses = orders_of(session, people)
        found = [
            row for row in found if _is_of(wanted.dose, courses[row.participant_id], row.start)
        ]
    shown = found[start:] if count is None else found[start : start + count]
    courses = orders_of(session, {row.participant_id for row in shown})
    sites = {row.id: row.site for row in shown}
    states = events.states(session, ids=sites)
    by_id = {each.event.id: each for each in states}
    lines = [
        Line(
            by_id[row.id],
            sites[row.id],
            onset.at_onset(courses[row.participant_id], date_of(row.start)),
        )
        for row in shown
    ]
    return Listing(lines, len(found), start)


def sites(session: Session) -> Sequence[str]:
    """Return the codes of all sites."""
    return session.scalars(select(Site.code).order_by(Site.code)).all()


def _query(wanted: Wanted) -> Select[UUID, UUID, str, str | None]:
    return (
        select(AdverseEvent.id, AdverseEvent.participant_id, Site.code.label("site"), _NOW.start)
        .join(_NOW, _NOW.adverse_event_id == AdverseEvent.id)
        .join(Participant, Participant.id == AdverseEvent.participant_id)
        .join(Site, Site.id == Participant.site_id)
        .where(*_conditions(wanted))
        .order_by(func.length(Participant.code), Participant.code, AdverseEvent.number)
    )


def _conditions(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    serious = func.coalesce(func.cardinality(_NOW.serious), 0) > 0
    goes_on = or_(_NOW.ongoing.is_(True), (_NOW.stop.is_(None)) & (_NOW.ongoing.is_(None)))
    if wanted.serious is not None:
        yield serious if wanted.serious else ~serious
    if wanted.grade is not None:
        yield _NOW.grade >= wanted.grade
    if wanted.related is not None:
        answer = {"yes": _NOW.related.is_(True), "no": _NOW.related.is_(False)}
        yield answer.get(wanted.related, _NOW.related.is_(None))
    if wanted.ongoing is not None:
        yield goes_on if wanted.ongoing else ~goes_on
    if wanted.site is not None:
        yield Site.code == wanted.site
    if wanted.participant is not None:
        yield Participant.code == wanted.participant


def orders_of(session: Session, people: Iterable[UUID]) -> dict[UUID, Course]:
    """Return the courses of some people by their orders alone: what was planned, not each dose that was taken."""
    rows = session.scalars(
        select(DoseEvent)
        .where(
            among(DoseEvent.participant_id, (every := list(people))),
            DoseEvent.kind.in_(["order", "void"]),
        )
        .order_by(DoseEvent.participant_id, DoseEvent.number)
    )
    numbers: dict[UUID, set[int]] = defaultdict(set)
    found: dict[UUID, list[Event]] = {each: [] for each in every}
    for row in rows:
        # A void of something that is no order says nothing about what was planned.
        if row.kind == "void" and row.corrects not in numbers[row.participant_id]:
            continue
        numbers[row.participant_id].add(row.number)
        found[row.participant_id].append(storing.event_of(row))
    return {person: Course(tuple(each)) for person, each in found.items()}


def _is_of(dose: str, course: Course, start: str | None) -> bool:
    stood = onset.at_onset(course, date_of(start))
    if stood.planned_mg is None:
        return dose == "not_known"
    if stood.planned_mg == 0:
        return dose == "none"
    bounds: dict[str, tuple[float, float]] = {
        "below_1": (0, 1),
        "1_to_3": (1, 3),
        "3_and_more": (3, math.inf),
    }
    low, high = bounds.get(dose, (0, 0))
    return low <= stood.planned_mg < high
