"""The rules that pause the study, over everybody in it but those of a rehearsal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from hometrial.db import STAFF_ROLE, STUDY_ROLE
from hometrial.models import AdverseEventVersion, Participant, Participation, ProtocolVersion
from hometrial.protocol.safety import stopping as rules
from hometrial.protocol.safety.details import SEVERITIES
from hometrial.protocol.safety.stopping import Count, Event, Held
from hometrial.services.safety import alerting, alerts, events
from hometrial.services.trial import following


@dataclass(frozen=True)
class Standing:
    """Which stopping rules hold, of how many people treated, and how often the monitor must have met.

    `unjudged`: serious events, or of a grade that counts, whose cause nobody has judged: they may change it.
    """

    held: tuple[Held, ...]
    treated: int
    meetings_due: int
    unjudged: tuple[str, ...]
    counts: tuple[Count, ...]


def stand(session: Session) -> Standing:
    """Say what holds now, and raise nothing: counted over the whole study, whoever asks."""
    with _of_all_sites(session):
        found, treated = _events(session), _treated(session)
    shipped = rules.shipped()
    return Standing(
        rules.held(found, treated),
        len(treated),
        shipped.meetings_due(len(treated)),
        tuple(map(str, _unjudged(found))),
        rules.counts(found, treated),
    )


def stopping(session: Session) -> Standing:
    """Say what holds now, and raise a red alert of the study for each rule whose events are new.

    A rule that was alerted, with the same events, is not alerted again however often this is asked.
    """
    standing = stand(session)
    for each in standing.held:
        _alert(session, each)
    return standing


@contextmanager
def _of_all_sites(session: Session) -> Iterator[None]:
    """See everybody inside: by the people of one site a rule would hold too soon, and over all too late."""
    session.flush()
    role = session.scalar(text("SELECT current_user"))
    if role != STAFF_ROLE:
        yield
        return
    session.execute(text(f"SET LOCAL ROLE {STUDY_ROLE}"))
    yield
    session.execute(text(f"SET LOCAL ROLE {STAFF_ROLE}"))


def _alert(session: Session, held: Held) -> None:
    rule = f"ST1.{held.rule}"
    values = {"said": held.said, "events": ", ".join(map(str, held.events))}
    told = [each for each in alerts.states(session, only_open=False) if each.alert.rule == rule]
    before = [each.alert.values for each in told]
    before += [event.values or {} for each in told for event in each.events]
    if any(each.get("events") == values["events"] for each in before):
        return
    response = alerting.response_of("ST1")
    alerting.raise_alert(session, None, rule=rule, level="red", values=values, response=response)


def _events(session: Session) -> list[Event]:
    rehearsed = _rehearsed(session)
    return [
        Event(
            each.code,
            each.event.number,
            each.details,
            None if each.coding is None else each.coding.pt_name,
        )
        for each in events.states(session, ids=session.scalars(_of_weight()))
        if each.event.participant_id not in rehearsed
    ]


def _of_weight() -> Select[UUID]:
    """Return the events that a rule may count, or may once they are judged."""
    grade = rules.shipped().toxicity.grade
    now = aliased(AdverseEventVersion, events.newest_versions().subquery())
    return select(now.adverse_event_id).where(
        or_(
            func.cardinality(now.serious) > 0,
            now.grade >= grade,
            now.severity.in_(SEVERITIES[grade - 1 :]),
            now.action == "stopped_permanently",
            now.hys_law.is_(True),
        )
    )


def _treated(session: Session) -> frozenset[str]:
    """Return everybody with a first dose."""
    rehearsed = _rehearsed(session)
    codes: dict[UUID, str] = {
        person.id: person.code
        for person in session.scalars(select(Participant))
        if person.id not in rehearsed
    }
    anchors = following.anchors_of(session, codes)
    return frozenset(code for person, code in codes.items() if "first_dose" in anchors[person])


def _rehearsed(session: Session) -> frozenset[UUID]:
    """Return who follows a version of a test."""
    rows = session.execute(
        select(Participation.participant_id, ProtocolVersion.is_test)
        .join(ProtocolVersion, ProtocolVersion.id == Participation.protocol_version_id)
        .order_by(Participation.since, Participation.id.desc())
    )
    newest: dict[UUID, bool] = {person: is_test for person, is_test in rows}  # noqa: C416 - rows are no pairs to mypy
    return frozenset(person for person, is_test in newest.items() if is_test)


def _unjudged(found: list[Event]) -> list[Event]:
    grade = rules.shipped().toxicity.grade
    return [
        each
        for each in found
        if each.details.related is None
        and (each.details.is_serious or (each.details.level or 0) >= grade)
    ]
