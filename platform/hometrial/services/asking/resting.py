"""Bad days (N12): one tap, and less is asked for as long as the protocol lets somebody rest."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import BadDay, Participant
from hometrial.protocol.calendar import Span
from hometrial.protocol.model import Protocol
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.trial import following
from hometrial_ingest.local_time import ZoneHistory

Severity = Literal[1, 2, 3]
"""Mild, moderate, severe."""


def tap(
    session: Session, person: Participant, *, by: str, severity: Severity | None = None
) -> None:
    """Record that a person has a bad day; a tap while they rest makes the rest longer."""
    _record(session, person.id, "begun", by, severity)


def better(session: Session, person: Participant, *, by: str) -> None:
    """Record that the bad days are over; without any it changes nothing."""
    _record(session, person.id, "over", by, None)


def _record(
    session: Session,
    person_id: UUID,
    kind: Literal["begun", "over"],
    by: str,
    severity: Severity | None,
) -> None:
    row = BadDay(participant_id=person_id, kind=kind, severity=severity, at=clock.now(), by=by)
    session.add(row)
    session.flush()


def bad_days(session: Session, person: Participant) -> tuple[Span, ...]:
    """Return the days of a person's own calendar on which they rest or rested, a span for each tap."""
    protocol = following.protocol_of(session, person)
    return spans(taps(session, person), protocol, enrolling.zones_of(session, person))


def taps(session: Session, person: Participant) -> tuple[BadDay, ...]:
    """Return a person's taps in order."""
    query = select(BadDay).where(BadDay.participant_id == person.id)
    # Of two taps at one instant `over` is the later: nobody is better before they were ill.
    return tuple(session.scalars(query.order_by(BadDay.at, BadDay.kind, BadDay.id)))


def spans(rows: tuple[BadDay, ...], protocol: Protocol, zones: ZoneHistory) -> tuple[Span, ...]:
    """Return the days that taps make bad: from that of the tap until the rest, or the tap `over`, is reached.

    The day on which somebody is better is no bad day any more, and whoever taps by mistake has none.
    """
    rest = timedelta(hours=protocol.bad_days.rest_hours)
    made: list[Span] = []
    for number, row in enumerate(rows):
        if row.kind == "over":
            continue
        first = local_date(row.at, zones)
        last = max(first, local_date(row.at + rest, zones) - timedelta(1))
        over = next((each.at for each in rows[number:] if each.kind == "over"), None)
        if over is not None:
            last = min(last, local_date(over, zones) - timedelta(1))
        if first <= last:
            made.append(Span(first, last))
    return tuple(made)
