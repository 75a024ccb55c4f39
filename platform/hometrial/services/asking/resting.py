"""Bad days (N12): one tap, and less is asked for as long as the protocol lets somebody rest."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.errors import TrialError
from hometrial.models import BadDay, Participant, ReminderRest
from hometrial.protocol.calendar import Span
from hometrial.protocol.model import Protocol
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.trial import following
from hometrial_ingest.local_time import ZoneHistory

Severity = Literal[1, 2, 3]
"""Mild, moderate, severe."""
_SAME_TAP = timedelta(minutes=1)
_LONGEST_REST = timedelta(days=28)


class RestRefusedError(TrialError):
    """A rest from reminders that is not one."""


def tap(
    session: Session, person: Participant, *, by: str, severity: Severity | None = None
) -> None:
    """Record that a person has a bad day; a tap while they rest makes the rest longer.

    A second tap within a minute that says no more than the first is the same one.
    """
    since_better = takewhile(lambda row: row.kind == "begun", reversed(taps(session, person)))
    lately = [row.severity for row in since_better if clock.now() - row.at < _SAME_TAP]
    if not lately or (severity is not None and severity not in lately):
        _record(session, person.id, "begun", by, severity)


def better(session: Session, person: Participant, *, by: str) -> None:
    """Record that the bad days are over, and with them the rest from reminders; without any it changes nothing."""
    _record(session, person.id, "over", by, None)
    if quiet_until(session, person) is not None:
        _keep_quiet(session, person, None, by)


def keep_quiet(session: Session, person: Participant, until: datetime, *, by: str) -> None:
    """Record until when a person wants no reminders on their bad days; a later word replaces an earlier one.

    Raises RestRefusedError of a time that is over, or too far away.
    """
    now = clock.now()
    if not now < until <= now + _LONGEST_REST:
        raise RestRefusedError(
            f"rest until {until.isoformat()}: choose a time from now on, at most {_LONGEST_REST.days} days away"
        )
    if quiet_until(session, person) != until:
        _keep_quiet(session, person, until, by)


def quiet_until(session: Session, person: Participant) -> datetime | None:
    """Return until when a person chose to rest from reminders; None if they chose nothing, or if it is over."""
    row = session.scalars(
        select(ReminderRest)
        .where(ReminderRest.participant_id == person.id, ReminderRest.kind == "bad_day")
        .order_by(ReminderRest.at.desc(), ReminderRest.id.desc())
        .limit(1)
    ).one_or_none()
    until = None if row is None else row.until
    return until if until is not None and until > clock.now() else None


def _keep_quiet(session: Session, person: Participant, until: datetime | None, by: str) -> None:
    row = ReminderRest(
        participant_id=person.id, kind="bad_day", until=until, at=clock.now(), by=by, because=""
    )
    session.add(row)
    session.flush()


def rests(session: Session, person: Participant) -> datetime | None:
    """Return when a person tapped last, if today is one of their bad days; None if it is not."""
    today = local_date(clock.now(), enrolling.zones_of(session, person))
    if not any(today in span for span in bad_days(session, person)):
        return None
    begun = [row.at for row in taps(session, person) if row.kind == "begun"]
    return begun[-1]


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
    return taps_of(session, [person.id]).get(person.id, ())


def taps_of(session: Session, people: Iterable[UUID]) -> dict[UUID, tuple[BadDay, ...]]:
    """Return the taps of each of these people in order, in one query; who never tapped is left out."""
    found: dict[UUID, tuple[BadDay, ...]] = {}
    query = select(BadDay).where(among(BadDay.participant_id, people))
    # Of two taps at one instant `over` is the later: nobody is better before they were ill.
    for row in session.scalars(query.order_by(BadDay.at, BadDay.kind, BadDay.id)):
        found[row.participant_id] = (*found.get(row.participant_id, ()), row)
    return found


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
