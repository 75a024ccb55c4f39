"""The blueprint of the safety pages, and what several of them need."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, NotFound

from hometrial.models import AdverseEvent, Participant
from hometrial.services import enrolling
from hometrial.services.safety import events
from hometrial.services.safety.events import AdverseEventRefusedError

pages = Blueprint("safety", __name__, url_prefix="/safety")


def find(session: Session, code: str, number: int) -> tuple[Participant, AdverseEvent]:
    """Return a person's event; what is not there, or at another site, is not found."""
    person = enrolling.find_participant(session, code)
    try:
        return person, events.find(session, person, number)
    except AdverseEventRefusedError as error:
        raise NotFound(f"{code} has no adverse event {number}.") from error


def asked_for() -> str:
    """Return whom the address asks for. Raises BadRequest if nobody."""
    code = request.args.get("participant", "").strip().upper()
    if not code:
        raise BadRequest("Say of whom, as P-0001.")
    return code


def zone_of(session: Session, person: Participant) -> str:
    """Return the zone that a person lives in by the newest record."""
    rows = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    return rows[-1].zone if rows else "UTC"


def instant(wall: datetime | None, zone: str) -> datetime | None:
    """Return the instant of a time on the wall clock of a zone."""
    return None if wall is None else wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
