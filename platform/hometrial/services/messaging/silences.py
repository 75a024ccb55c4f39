"""When nobody writes to a person, and until when: they left, rest, have a bad day, or put it off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant, Pause, ReminderRest
from hometrial.services.agreeing import standing
from hometrial.services.asking import resting
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.services.trial import following

Kind = Literal["pause", "bad_day", "snooze"]
_LEFT, _NO_MESSAGES = "withdraw_completely", "stop_contact"


@dataclass(frozen=True)
class Silence:
    """Why a person is not written to, and until when (None: nobody knows). On a bad day one question is asked."""

    kind: str
    reason: str
    until: datetime | None


def silence(session: Session, person: Participant) -> Silence | None:
    """Return why a person is not written to now, the gravest reason first; None if they may be."""
    now = clock.now()
    found = (
        _gone(session, person),
        _paused(session, person, now),
        _bad_day(session, person, now),
        _put_off(session, person, now),
    )
    return next((each for each in found if each is not None), None)


def rest(
    session: Session,
    person: Participant | None,
    kind: Kind,
    until: datetime | None,
    *,
    by: str,
    because: str = "",
) -> ReminderRest:
    """Have nobody write to a person (None: to anybody) until an instant; None ends the rest at once.

    `bad_day` is the time that somebody chose on a bad day. Raises MessageRefusedError for an instant that is past.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise MessageRefusedError(
            f"until {until.isoformat()}: that is past; choose a later time, or none to end the rest"
        )
    row = ReminderRest(
        participant_id=None if person is None else person.id,
        kind=kind,
        until=until,
        at=now,
        by=by,
        because=because,
    )
    session.add(row)
    session.flush()
    return row


def rest_of(session: Session, participant_id: UUID | None, kind: Kind) -> ReminderRest | None:
    """Return the newest rest of a kind, of a person or of the study."""
    return session.scalars(
        select(ReminderRest)
        .where(
            ReminderRest.participant_id.is_not_distinct_from(participant_id),
            ReminderRest.kind == kind,
        )
        .order_by(ReminderRest.at.desc(), ReminderRest.until.desc().nulls_first())
        .limit(1)
    ).one_or_none()


def _gone(session: Session, person: Participant) -> Silence | None:
    choices = standing.choices(session, person)
    if person.status == "withdrawn" or _LEFT in choices:
        return Silence("withdrawn", "the person has withdrawn", None)
    if _NO_MESSAGES in choices:
        return Silence("stop_contact", "the person wants no contact", None)
    return None


def _paused(session: Session, person: Participant, now: datetime) -> Silence | None:
    unfinished = or_(Pause.end_at.is_(None), Pause.end_at > now)
    row = session.scalars(
        select(Pause)
        .where(Pause.participant_id == person.id, Pause.start_at <= now, unfinished)
        .order_by(Pause.end_at.desc().nulls_first())
        .limit(1)
    ).one_or_none()
    if row is not None:
        return Silence("pause", "the person rests from the study", row.end_at)
    for whose, reason in (
        (None, "messages of the study are paused"),
        (person.id, "paused by the person"),
    ):
        chosen = rest_of(session, whose, "pause")
        if chosen is not None and chosen.until is not None and chosen.until > now:
            return Silence("pause", reason, chosen.until)
    return None


def _bad_day(session: Session, person: Participant, now: datetime) -> Silence | None:
    """On a bad day nobody writes until the time that the person chose, or else for the protocol's hours of rest."""
    taps = [each for each in resting.taps(session, person) if each.at <= now]
    if not taps or taps[-1].kind == "over":
        return None
    begun = taps[-1].at
    until = begun + timedelta(hours=following.protocol_of(session, person).bad_days.rest_hours)
    chosen = rest_of(session, person.id, "bad_day")
    if chosen is not None and chosen.until is not None:
        # What was chosen on this bad day holds; a tap that came after it never makes the rest shorter.
        until = chosen.until if chosen.at >= begun else max(until, chosen.until)
    if until <= now:
        return None
    return Silence("bad_day", "a bad day", until)


def _put_off(session: Session, person: Participant, now: datetime) -> Silence | None:
    row = rest_of(session, person.id, "snooze")
    if row is None or row.until is None or row.until <= now:
        return None
    return Silence("snooze", "the person asked to be reminded later", row.until)
