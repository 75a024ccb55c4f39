"""Who must be told of which event by when: time left, reminders, and what came late."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import AdverseEvent, SafetyReport
from hometrial.protocol.safety import clocks
from hometrial.protocol.safety.clocks import Running
from hometrial.services.safety import events
from hometrial.services.safety.events import AdverseEventRefusedError, EventState


@dataclass(frozen=True)
class Duty:
    """A clock of a person's event."""

    code: str
    number: int
    running: Running


def duties(session: Session, found: Iterable[EventState] | None = None) -> list[Duty]:
    """Return every clock of these events (None: of all), reported or not, by when it is due."""
    states = events.states(session) if found is None else list(found)
    sent = _sent(session, [each.event.id for each in states])
    rows = [
        Duty(each.code, each.event.number, running)
        for each in states
        for running in clocks.running(each.learned, sent[each.event.id])
    ]
    return sorted(rows, key=lambda each: (each.running.due_at, each.code, each.number))


def waiting(session: Session) -> list[Duty]:
    """Return the clocks that nobody has reported yet, the latest first."""
    return [each for each in duties(session) if each.running.reported_at is None]


def reminders(session: Session) -> list[tuple[Duty, datetime]]:
    """Return each reminder that is due by now with its instant, of clocks that nobody has reported yet."""
    now = clock.now()
    return [(each, at) for each in waiting(session) for at in each.running.reminders_due(now)]


def report_sent(
    session: Session, event: AdverseEvent, name: str, *, sent_at: datetime, by: str, reference: str
) -> SafetyReport:
    """Record that a clock was answered for, and under which reference it is found.

    Raises AdverseEventRefusedError of a clock that does not run, or is answered for already.
    """
    _hold(session, event)
    running = _running(session, event, name)
    if running.reported_at is not None:
        raise AdverseEventRefusedError(
            f"event {event.number}: {name} was reported at {running.reported_at:%Y-%m-%d %H:%M} UTC; "
            "correct that report if its time is wrong"
        )
    return _keep(session, event, running, _Sent(sent_at, by, reference))


def correct_report(
    session: Session, report: SafetyReport, *, sent_at: datetime, by: str, because: str
) -> SafetyReport:
    """Replace the time of a report with a reason; the first one stays on record.

    Raises AdverseEventRefusedError if it was corrected already, or without a reason.
    """
    event = session.get_one(AdverseEvent, report.adverse_event_id)
    _hold(session, event)
    if not because.strip():
        raise AdverseEventRefusedError(f"{report.clock}: say why its time is corrected")
    later = session.scalar(select(SafetyReport.id).where(SafetyReport.corrects == report.id))
    if later is not None:
        raise AdverseEventRefusedError(f"{report.clock}: that report was corrected already")
    running = _running(session, event, report.clock)
    sent = _Sent(sent_at, by, report.reference, report.id, because)
    return _keep(session, event, running, sent)


@dataclass(frozen=True)
class _Sent:
    at: datetime
    by: str
    reference: str
    corrects: UUID | None = None
    because: str | None = None


def _running(session: Session, event: AdverseEvent, name: str) -> Running:
    found = {
        each.running.clock.id: each.running
        for each in duties(session, [events.state_of(session, event)])
    }
    if name not in found:
        listed = ", ".join(sorted(found)) or "none"
        raise AdverseEventRefusedError(
            f"event {event.number}: no clock {name} runs; of this event run {listed}"
        )
    return found[name]


def _keep(session: Session, event: AdverseEvent, running: Running, sent: _Sent) -> SafetyReport:
    now = clock.now()
    if not running.started_at <= sent.at <= now:
        raise AdverseEventRefusedError(
            f"{running.clock.id}: sent at {sent.at.isoformat()} is not between the start of the clock "
            f"({running.started_at.isoformat()}) and now; correct it"
        )
    row = SafetyReport(
        adverse_event_id=event.id,
        clock=running.clock.id,
        sent_at=sent.at,
        reference=sent.reference,
        recorded_at=now,
        recorded_by=sent.by,
        corrects=sent.corrects,
        because=sent.because,
    )
    session.add(row)
    session.flush()
    return row


def _sent(session: Session, found: Iterable[UUID]) -> dict[UUID, dict[str, datetime]]:
    later = aliased(SafetyReport)
    rows = session.scalars(
        select(SafetyReport).where(
            SafetyReport.adverse_event_id.in_(list(found)),
            ~select(later.id).where(later.corrects == SafetyReport.id).exists(),
        )
    )
    sent: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in rows:
        sent[row.adverse_event_id][row.clock] = row.sent_at
    return sent


def _hold(session: Session, event: AdverseEvent) -> None:
    key = {"key": f"hometrial.adverse_event.{event.participant_id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
