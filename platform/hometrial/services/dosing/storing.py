"""Events of a person's dose as rows, and back: what was stored is loaded exactly as it was."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import once
from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.events import (
    Entry,
    Event,
    Intake,
    Interruption,
    Order,
    Reason,
    Resumption,
    Source,
    Void,
)
from hometrial.protocol.dosing.standing import Kind

Body = dict[str, Any]
"""What JSON holds of a value; amounts are text, so that none is rounded."""
_KIND_OF: dict[type[Event], str] = {
    Order: "order",
    Intake: "intake",
    Interruption: "interruption",
    Resumption: "resumption",
    Void: "void",
}


def course_of(session: Session, person: Participant) -> Course:
    """Return everything that was recorded of a person's dose."""
    return once(
        session,
        ("course", person.id),
        lambda: Course(tuple(map(event_of, rows_of(session, person.id)))),
    )


def courses_of(session: Session, people: Iterable[UUID]) -> dict[UUID, Course]:
    """Return the courses of some people, in one query; an empty one of whom nothing is recorded."""
    found: dict[UUID, list[Event]] = {each: [] for each in people}
    rows = session.scalars(
        select(DoseEvent)
        .where(DoseEvent.participant_id.in_(list(found)))
        .order_by(DoseEvent.participant_id, DoseEvent.number)
    )
    for row in rows:
        found[row.participant_id].append(event_of(row))
    return {person: Course(tuple(events)) for person, events in found.items()}


def rows_of(session: Session, participant_id: UUID) -> list[DoseEvent]:
    """Return a person's rows in the order in which they were recorded."""
    return list(
        session.scalars(
            select(DoseEvent)
            .where(DoseEvent.participant_id == participant_id)
            .order_by(DoseEvent.number)
        )
    )


def row_of(participant_id: UUID, event: Event, key: str | None = None) -> DoseEvent:
    """Return the row of an event whose id is its number in the person's course."""
    entry = event.entry
    return DoseEvent(
        participant_id=participant_id,
        number=int(entry.id),
        kind=_KIND_OF[type(event)],
        day=_day(event),
        body=_body(event),
        by=entry.by,
        at=entry.at,
        zone=zone_name(entry.at),
        why=entry.why,
        corrects=None if entry.corrects is None else int(entry.corrects),
        ends=int(event.interruption) if isinstance(event, Resumption) else None,
        key=key,
    )


def zone_name(moment: datetime) -> str:
    """Return the name of the zone that an aware time is told in. Raises ValueError of a bare offset."""
    if not isinstance(moment.tzinfo, ZoneInfo) or moment.tzinfo.key is None:
        raise ValueError(f"{moment} is told in no zone that has a name")
    return moment.tzinfo.key


def _day(event: Event) -> date | None:
    match event:
        case Order():
            return event.effective_on
        case Intake():
            return event.on
        case Interruption() | Resumption():
            return event.from_on
        case Void():
            return None


def _body(event: Event) -> Body:
    match event:
        case Order():
            dose = None if event.dose is None else dose_body(event.dose)
            return {"order": event.kind, "dose": dose, "step": event.step, "rule": event.rule}
        case Intake():
            return _intake_body(event)
        case Interruption():
            return {"reason": event.reason, "last_on": event.last_on and event.last_on.isoformat()}
        case Resumption() | Void():
            return {}


def dose_body(dose: DayDose) -> Body:
    """Return a day's dose as JSON holds it."""
    parts = [{"mg": str(each.mg), "time_of_day": each.time_of_day} for each in dose.parts]
    return {"parts": parts, "formulation": dose.formulation}


def dose_of(body: Body | None) -> DayDose | None:
    """Return the dose of a body, None if there is none."""
    if body is None:
        return None
    parts = tuple(Part(Decimal(p["mg"]), TimeOfDay(p["time_of_day"])) for p in body["parts"])
    return DayDose(parts, body["formulation"])


def _intake_body(event: Intake) -> Body:
    at = event.taken_at
    return {
        "mg": None if event.mg is None else str(event.mg),
        "formulation": event.formulation,
        "source": event.source,
        "time_of_day": event.time_of_day,
        "taken_at": None if at is None else {"at": instant_text(at), "zone": zone_name(at)},
        "lot": event.lot,
        "additional": event.additional,
        "missed": event.missed,
    }


def instant_text(moment: datetime) -> str:
    """Return an aware time as text with its instant, whatever its clock showed twice."""
    return moment.astimezone(ZoneInfo("UTC")).isoformat()


def in_zone(moment: datetime, zone: str) -> datetime:
    """Return an instant as the clocks of a zone show it."""
    return moment.astimezone(ZoneInfo(zone))


def event_of(row: DoseEvent) -> Event:
    """Return the event of a row."""
    entry = Entry(
        id=str(row.number),
        by=row.by,
        at=in_zone(row.at, row.zone),
        why=row.why,
        corrects=None if row.corrects is None else str(row.corrects),
    )
    if row.day is None:
        return Void(entry)
    match row.kind:
        case "order":
            return _order(entry, row.day, row.body)
        case "intake":
            return _intake(entry, row.day, row.body)
        case "interruption":
            last_on = row.body["last_on"]
            reason = Reason(row.body["reason"])
            return Interruption(
                entry, row.day, reason, None if last_on is None else date.fromisoformat(last_on)
            )
        case _:
            return Resumption(entry, str(row.ends), row.day)


def _order(entry: Entry, day: date, body: Body) -> Order:
    dose = dose_of(body["dose"])
    return Order(entry, Kind(body["order"]), day, dose, body["step"], body["rule"])


def _intake(entry: Entry, day: date, body: Body) -> Intake:
    mg, at, missed = body["mg"], body["taken_at"], body["missed"]
    return Intake(
        entry,
        day,
        None if mg is None else Decimal(mg),
        body["formulation"],
        Source(body["source"]),
        TimeOfDay(body["time_of_day"]),
        taken_at=None if at is None else in_zone(datetime.fromisoformat(at["at"]), at["zone"]),
        lot=body["lot"],
        additional=body["additional"],
        missed=None if missed is None else Reason(missed),
    )
