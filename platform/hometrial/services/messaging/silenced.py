"""Of many people at once, who is not written to now and why: the same as `silences.silence`, in eight queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import BadDay, Participant, Pause, ReminderRest
from hometrial.services.agreeing import standing
from hometrial.services.messaging import silences
from hometrial.services.messaging.silences import Silence
from hometrial.services.trial import followers, publishing

_LEFT = Silence("withdrawn", "the person has withdrawn", None)
_NO_CONTACT = Silence("stop_contact", "the person wants no contact", None)


def of_people(session: Session, people: Sequence[Participant]) -> dict[UUID, Silence]:
    """Return why each of these people is not written to now, the gravest reason first; who may be is left out."""
    now, ids = clock.now(), [each.id for each in people]
    rests, study = _rests(session, ids), silences.rest_of(session, None, "pause")
    found = (
        _gone(session, people),
        _resting(session, ids, now),
        _paused(ids, rests, study, now),
        _on_bad_days(session, ids, rests, now),
        _put_off(rests, now),
    )
    return {each: silence for each in ids if (silence := _first(found, each)) is not None}


def _first(found: Iterable[Mapping[UUID, Silence]], person: UUID) -> Silence | None:
    return next((each[person] for each in found if person in each), None)


def _gone(session: Session, people: Sequence[Participant]) -> dict[UUID, Silence]:
    ids = [each.id for each in people]
    left = standing.first_of(session, ids, ("withdraw_completely",))
    alone = standing.first_of(session, ids, ("stop_contact",))
    return dict.fromkeys(alone, _NO_CONTACT) | {
        each.id: _LEFT for each in people if each.status == "withdrawn" or each.id in left
    }


def _resting(session: Session, ids: Sequence[UUID], now: datetime) -> dict[UUID, Silence]:
    unfinished = or_(Pause.end_at.is_(None), Pause.end_at > now)
    rows = session.execute(
        select(Pause.participant_id, Pause.end_at)
        .where(Pause.participant_id.in_(ids), Pause.start_at <= now, unfinished)
        .ext(distinct_on(Pause.participant_id))
        .order_by(Pause.participant_id, Pause.end_at.desc().nulls_first())
    )
    return {
        person: Silence("pause", "the person rests from the study", end) for person, end in rows
    }


Rests = Mapping[tuple[UUID, str], ReminderRest]


def _rests(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, str], ReminderRest]:
    """Return the newest rest of each person and kind."""
    rows = session.scalars(
        select(ReminderRest)
        .where(ReminderRest.participant_id.in_(ids))
        .ext(distinct_on(ReminderRest.participant_id, ReminderRest.kind))
        .order_by(
            ReminderRest.participant_id,
            ReminderRest.kind,
            ReminderRest.at.desc(),
            ReminderRest.until.desc().nulls_first(),
        )
    )
    return {(each.participant_id, each.kind): each for each in rows if each.participant_id}


def _paused(
    ids: Sequence[UUID], rests: Rests, study: ReminderRest | None, now: datetime
) -> dict[UUID, Silence]:
    if study is not None and study.until is not None and study.until > now:
        whole = Silence("pause", "messages of the study are paused", study.until)
        return dict.fromkeys(ids, whole)
    return {
        person: Silence("pause", "paused by the person", row.until)
        for (person, kind), row in rests.items()
        if kind == "pause" and row.until is not None and row.until > now
    }


def _put_off(rests: Rests, now: datetime) -> dict[UUID, Silence]:
    return {
        person: Silence("snooze", "the person asked to be reminded later", row.until)
        for (person, kind), row in rests.items()
        if kind == "snooze" and row.until is not None and row.until > now
    }


def _on_bad_days(
    session: Session, ids: Sequence[UUID], rests: Rests, now: datetime
) -> dict[UUID, Silence]:
    last = session.scalars(
        select(BadDay)
        .where(BadDay.participant_id.in_(ids), BadDay.at <= now)
        .ext(distinct_on(BadDay.participant_id))
        .order_by(BadDay.participant_id, BadDay.at.desc(), BadDay.kind.desc(), BadDay.id.desc())
    )
    begun = {each.participant_id: each.at for each in last if each.kind == "begun"}
    found: dict[UUID, Silence] = {}
    for person, version in followers.versions_of(session, begun).items():
        hours = publishing.of(version).bad_days.rest_hours
        until = _rests_until(begun[person], hours, rests.get((person, "bad_day")))
        if until is not None and until > now:
            found[person] = Silence("bad_day", "a bad day", until)
    return found


def _rests_until(begun: datetime, hours: float, chosen: ReminderRest | None) -> datetime | None:
    until = begun + timedelta(hours=hours)
    if chosen is None or chosen.until is None:
        return until
    return chosen.until if chosen.at >= begun else max(until, chosen.until)
