"""What people tell of doses and treatments before the trial: kept as coarsely as it was told, told back so."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant, ToldHistory
from hometrial.protocol.dosing.coarse import CoarseDate, Span
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.history import Effect, History, OtherTreatment, Told
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.model import Protocol
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.dosing import footing, storing
from hometrial.services.dosing.recording import Word
from hometrial.services.dosing.storing import Body
from hometrial.services.trial import following

_FINENESS = ("year", "month", "day")


def tell(session: Session, person: Participant, word: Word, history: History) -> ToldHistory:
    """Keep what a person tells of the time before; told again, it says why the words before do not hold.

    Raises RecordRefusedError before consent, after complete withdrawal, of what the protocol does not ask for, and
    of dates coarser than it takes.
    """
    key = {"key": f"hometrial.dosing.{person.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    _require_in(session, person)
    _require_asked(following.protocol_of(session, person), history)
    newest = session.scalar(
        select(func.max(ToldHistory.number)).where(ToldHistory.participant_id == person.id)
    )
    if newest is not None and not word.why.strip():
        raise RecordRefusedError(
            f"history of {person.code}: it is told already; say why it is told anew"
        )
    now = footing.local(enrolling.zones_of(session, person), clock.now())
    row = ToldHistory(
        participant_id=person.id,
        number=(newest or 0) + 1,
        body=_body(history),
        by=word.by,
        at=now,
        zone=storing.zone_name(now),
        why=word.why,
    )
    session.add(row)
    session.flush()
    return row


def told(session: Session, person: Participant) -> History | None:
    """Return what a person told of the time before, by the newest telling; None if nothing."""
    row = session.scalars(
        select(ToldHistory)
        .where(ToldHistory.participant_id == person.id)
        .order_by(ToldHistory.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else history_of(row)


def history_of(row: ToldHistory) -> History:
    """Return what one telling says."""
    return _history(row.body)


def _require_in(session: Session, person: Participant) -> None:
    consented_at: datetime | None = standing.consented_at(session, person)
    if consented_at is None:
        raise RecordRefusedError(
            f"{person.code} has signed no consent; nothing is recorded before that"
        )
    if standing.withdrawn_at(session, person) is not None:
        raise RecordRefusedError(f"{person.code} withdrew from everything; nothing new is recorded")


def _require_asked(protocol: Protocol, history: History) -> None:
    asked = protocol.history
    if history.told and not asked.doses:
        raise RecordRefusedError(f"history: {protocol.id} does not ask for earlier doses")
    if history.others and not asked.other_treatments:
        raise RecordRefusedError(f"history: {protocol.id} does not ask for earlier treatments")
    coarsest = _FINENESS.index(asked.coarsest_date)
    for when in _dates(history):
        if any(part.count("-") < coarsest for part in when.told.split("/")):
            raise RecordRefusedError(
                f"date {when}: {protocol.id} takes dates to the {asked.coarsest_date}, or none"
            )


def _dates(history: History) -> list[CoarseDate]:
    found = [each.when for each in history.told] + [each.when for each in history.effects]
    found += [date for each in history.others for date in (each.began, each.ended)]
    return [each for each in found if each is not None]


def _body(history: History) -> Body:
    return {
        "told_on": history.told_on.told,
        "told": [_told_body(each) for each in history.told],
        "effects": [
            {"what": each.what, "during": each.during, "when": _text(each.when)}
            for each in history.effects
        ],
        "others": [
            {
                "what": each.what,
                "began": _text(each.began),
                "ended": _text(each.ended),
                "why_ended": each.why_ended,
            }
            for each in history.others
        ],
    }


def _told_body(told: Told) -> Body:
    return {
        "id": told.id,
        "kind": told.kind,
        "when": _text(told.when),
        "dose": None if told.dose is None else storing.dose_body(told.dose),
        "why": told.why,
        "gradually": told.gradually,
        "since_start": _span_body(told.since_start),
        "lasted": _span_body(told.lasted),
        "missed": told.missed,
    }


def _text(when: CoarseDate | None) -> str | None:
    return None if when is None else when.told


def _span_body(span: Span | None) -> Body | None:
    return None if span is None else {"months": span.months, "give_or_take": span.give_or_take}


def _history(body: Body) -> History:
    return History(
        CoarseDate.of(body["told_on"]),
        tuple(map(_told, body["told"])),
        tuple(
            Effect(each["what"], each["during"], _when(each["when"])) for each in body["effects"]
        ),
        tuple(
            OtherTreatment(
                each["what"], _when(each["began"]), _when(each["ended"]), each["why_ended"]
            )
            for each in body["others"]
        ),
    )


def _told(body: Body) -> Told:
    missed = body["missed"]
    return Told(
        body["id"],
        Kind(body["kind"]),
        _when(body["when"]),
        storing.dose_of(body["dose"]),
        body["why"],
        body["gradually"],
        _span(body["since_start"]),
        _span(body["lasted"]),
        None if missed is None else Reason(missed),
    )


def _when(told: Any) -> CoarseDate | None:
    return None if told is None else CoarseDate.of(told)


def _span(body: Any) -> Span | None:
    return None if body is None else Span(body["months"], body["give_or_take"])
