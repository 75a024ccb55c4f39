"""Adverse events: taken in as they are told, and judged version by version; nothing that was known is erased."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import AdverseEvent, AdverseEventVersion, BaselineSymptom, Participant
from hometrial.protocol.safety import alert_rules, causality, details, judging, vocabulary
from hometrial.protocol.safety.details import Details
from hometrial.services import working
from hometrial.services.safety import alerting, stopping
from hometrial.services.safety.alerting import Level, Values
from hometrial.services.safety.events import AdverseEventRefusedError, details_of, newest

Source = Literal["participant", "contact", "visit", "checklist", "laboratory", "other"]
Reporter = Literal["participant", "proxy", "staff", "other"]
WORK = "adverse_event"
JUDGED = "judged"
_FURTHEST_EAST = timedelta(hours=14)
_SPONSOR_CLOCK = timedelta(hours=24)
_AT_ONCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Said:
    """Who says something about an event, how it came, and when any person of the study learned of it.

    `learned_at` None: now. `key`: the sender's own name of a report. `seen`: the version that was on the
    screen of who changes it.
    """

    by: str
    source: Source
    reporter: Reporter
    learned_at: datetime | None = None
    key: str | None = None
    seen: int | None = None


def report(session: Session, person: Participant, known: Details, said: Said) -> AdverseEvent:
    """Take an event in under the person's next number; nothing that is missing stands in its way.

    It is taken in whatever the person has withdrawn: safety is followed to its end. The same `key` again
    returns the event that was kept. What staff say is held against the stopping rules at once; of what starts
    a clock they say when it was learned, that of a participant is learned as it comes. Raises AdverseEventRefusedError of what contradicts itself.
    """
    _hold(session, person)
    kept = _sent_before(session, person, said.key)
    if kept is not None:
        return kept
    _require_possible(known)
    if said.reporter == "staff":
        _require_learned(Details(), known, said)
    now = clock.now()
    last = session.scalar(
        select(func.max(AdverseEvent.number)).where(AdverseEvent.participant_id == person.id)
    )
    event = AdverseEvent(
        participant_id=person.id, number=(last or 0) + 1, key=said.key, recorded_at=now
    )
    session.add(event)
    session.flush()
    version = _write(session, event, 1, known, said, because="reported")
    _raise_alerts(session, person, event, version, before=frozenset())
    if said.reporter != "staff":
        reason = f"event {event.number}, told on {now:%Y-%m-%d %H:%M} UTC: look at it and grade it"
        working.open_item(session, person.id, WORK, _subject(event), reason)
    else:
        stopping.stopping(session)
    return event


def amend(
    session: Session,
    event: AdverseEvent,
    changes: Mapping[str, Any],
    said: Said,
    *,
    because: str,
) -> AdverseEventVersion:
    """Write a new version of an event with these fields changed; a field may be emptied with None.

    What makes it serious, or a pregnancy, says when that was learned: a clock starts there.
    Raises AdverseEventRefusedError.
    """
    person = session.get_one(Participant, event.participant_id)
    _hold(session, person)
    current = newest(session, event)
    known = _changed(event, current, changes, said, because)
    _require_possible(known)
    _require_learned(details_of(current), known, said)
    before = judging.alerts_of(details_of(current))
    version = _write(session, event, current.version + 1, known, said, because=because)
    _raise_alerts(session, person, event, version, before=before)
    if said.reporter == "staff":
        working.close_items(
            session, person.id, WORK, _subject(event), because=f"looked at by {said.by}"
        )
        stopping.stopping(session)
    else:
        reason = f"event {event.number}, told anew on {clock.now():%Y-%m-%d %H:%M} UTC: look at it"
        working.open_item(session, person.id, WORK, _subject(event), reason)
    return version


def record_baseline(
    session: Session, person: Participant, term: str, grade: int, *, by: str, because: str
) -> BaselineSymptom:
    """Record how bad a symptom was in the run-in, 0: not there; a later word corrects it.

    Raises UnknownTermError, AdverseEventRefusedError.
    """
    vocabulary.shipped().of(term)
    if not 0 <= grade <= 4:
        raise AdverseEventRefusedError(f"grade {grade} of {term}: give 0 (not there) to 4")
    if not because.strip():
        raise AdverseEventRefusedError(
            f"{term}: say where it is known from, or why it is corrected"
        )
    row = BaselineSymptom(
        participant_id=person.id,
        term=term,
        grade=grade,
        recorded_at=clock.now(),
        recorded_by=by,
        because=because,
    )
    session.add(row)
    session.flush()
    return row


def _write(
    session: Session,
    event: AdverseEvent,
    number: int,
    known: Details,
    said: Said,
    *,
    because: str,
) -> AdverseEventVersion:
    now = clock.now()
    learned = said.learned_at or now
    if learned > now:
        raise AdverseEventRefusedError(
            f"learned at {learned.isoformat()}: that is still to come; give when it was learned"
        )
    judged = known.expected is not None
    expected = known.expected if judged else judging.is_expected(known)
    by_list = None if expected is None else vocabulary.expected_events().name
    version = AdverseEventVersion(
        adverse_event_id=event.id,
        version=number,
        recorded_at=now,
        recorded_by=said.by,
        because=because,
        learned_at=learned,
        source=said.source,
        reporter=said.reporter,
        vocabulary=f"terms {vocabulary.shipped().version}",
        naranjo_score=None if known.naranjo is None else causality.naranjo(known.naranjo).score,
        expectedness=JUDGED if judged else by_list,
        **{name: getattr(known, name) for name in details.NAMES if name not in _SHAPED},
        expected=expected,
        serious=None if known.serious is None else list(known.serious),
        naranjo=None if known.naranjo is None else dict(known.naranjo),
    )
    session.add(version)
    session.flush()
    return version


_SHAPED = ("expected", "serious", "naranjo")
"""What a row holds in another shape."""


def _changed(
    event: AdverseEvent,
    current: AdverseEventVersion,
    changes: Mapping[str, Any],
    said: Said,
    because: str,
) -> Details:
    """Return the details with the changes. Raises AdverseEventRefusedError of no change, and of a stale one."""
    name = f"event {event.number}"
    if not because.strip():
        raise AdverseEventRefusedError(f"{name}: say why it is changed")
    if said.seen is not None and said.seen != current.version:
        raise AdverseEventRefusedError(
            f"{name}: {current.recorded_by} has written version {current.version} since you saw "
            f"version {said.seen}; look at it and change it again"
        )
    unknown = sorted(set(changes) - set(details.NAMES))
    if unknown:
        raise AdverseEventRefusedError(
            f"{name}: there is no field {unknown[0]}; there are {', '.join(details.NAMES)}"
        )
    stored = details_of(current)
    # What the list said is said anew, what a person judged stands.
    before = stored if current.expectedness == JUDGED else replace(stored, expected=None)
    after = replace(before, **{name: _emptied(name, each) for name, each in changes.items()})
    if after == before:
        raise AdverseEventRefusedError(f"{name}: version {current.version} says the same already")
    return after


def _emptied(name: str, value: Any) -> Any:
    """Return a field's new value; None is what it is of an event of which nothing is told."""
    return getattr(Details(), name) if value is None else value


def _require_possible(known: Details) -> None:
    latest_day = (clock.now() + _FURTHEST_EAST).date()
    found = details.faults(known, latest_day)
    if found:
        raise AdverseEventRefusedError("; ".join(found))


def _require_learned(before: Details, after: Details, said: Said) -> None:
    graver = set(after.serious or ()) - set(before.serious or ())
    pregnant = after.pregnancy and not before.pregnancy
    if (graver or pregnant) and said.learned_at is None:
        what = ", ".join(sorted(graver)) or "pregnancy"
        raise AdverseEventRefusedError(
            f"learned: {what} starts a clock; say when any person of the study learned of it: the "
            "instant of the report if its words told it already"
        )


def _raise_alerts(
    session: Session,
    person: Participant,
    event: AdverseEvent,
    version: AdverseEventVersion,
    *,
    before: frozenset[str],
) -> None:
    """Raise what this version meets and the one before did not."""
    known = details_of(version)
    values: Values = {
        "event": event.number,
        "version": version.version,
        "term": known.term,
        "severity": known.severity,
        "grade": known.grade,
    }
    for name in sorted(judging.alerts_of(known) - before):
        level = cast(Level, alert_rules.shipped().of(name).level)
        response = alerting.response_of(name)
        if name == "SE1":
            left = version.learned_at + _SPONSOR_CLOCK - clock.now()
            response = replace(response, within=max(left, _AT_ONCE))
        alerting.raise_alert(
            session, person, rule=name, level=level, values=values, response=response
        )


def _sent_before(session: Session, person: Participant, key: str | None) -> AdverseEvent | None:
    if key is None:
        return None
    return session.scalars(
        select(AdverseEvent).where(
            AdverseEvent.participant_id == person.id, AdverseEvent.key == key
        )
    ).one_or_none()


def _subject(event: AdverseEvent) -> str:
    return f"AE/{event.number}"


def _hold(session: Session, person: Participant) -> None:
    """One at a time writes the events of a person."""
    key = {"key": f"hometrial.adverse_event.{person.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
