"""What calls for somebody now: alerts and clocks in the order of risk, events to judge, rules, opioids, laboratory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.db import among
from hometrial.models import (
    LIVER_ANALYTES,
    AdverseEvent,
    AdverseEventVersion,
    LaboratoryResult,
    Medication,
    Participant,
    Participation,
    ProtocolVersion,
)
from hometrial.protocol.model import Protocol
from hometrial.services.dosing import opioids
from hometrial.services.safety import alerts, duties, events, stopping
from hometrial.services.safety.alerts import AlertState
from hometrial.services.safety.duties import Duty
from hometrial.services.safety.events import EventState
from hometrial.services.safety.stopping import Standing
from hometrial.services.trial import publishing

HEART, AT_MOST = "HR", 100
_SINCE = timedelta(days=90)
_OPIOID_DAYS = timedelta(days=60)
"""No protocol waits longer after an opioid."""


@dataclass(frozen=True)
class ToJudge:
    """An event that somebody must look at, and what about it is open."""

    event: EventState
    open: tuple[str, ...]


@dataclass(frozen=True)
class OpioidConflict:
    """An opioid that may still be there, of whom; `free_on` None: it is taken."""

    code: str
    medication: Medication
    free_on: date | None


@dataclass(frozen=True)
class LiverValue:
    """A liver value above its upper limit of normal, of whom."""

    code: str
    result: LaboratoryResult


@dataclass(frozen=True)
class Overview:
    """All that calls for somebody about safety."""

    now: datetime
    alerts: Sequence[AlertState]
    to_judge: Sequence[ToJudge]
    clocks: Sequence[Duty]
    event_ids: dict[tuple[str, int], UUID]
    standing: Standing
    opioids: Sequence[OpioidConflict]
    liver: Sequence[LiverValue]

    @property
    def of_the_heart(self) -> list[AlertState]:
        """The alerts about heart rate, held against the person's own run-in."""
        return [each for each in self.alerts if each.alert.rule.startswith(HEART)]


def look(session: Session) -> Overview:
    """Return what calls for somebody now: a fixed number of queries."""
    weighty = events.states(session, ids=session.scalars(_with_clocks()).all())
    open_events = events.states(session, ids=session.scalars(_to_judge().limit(AT_MOST)).all())
    return Overview(
        clock.now(),
        alerts.states(session),
        sorted(_judging(open_events), key=_gravest),
        [each for each in duties.duties(session, weighty) if each.running.reported_at is None],
        {(each.code, each.event.number): each.event.id for each in weighty},
        stopping.stand(session),
        _conflicts(session, clock.now().date()),
        _liver(session),
    )


def _with_clocks() -> Select[UUID]:
    """Return the events of which a version may have started a clock."""
    version = AdverseEventVersion
    return (
        select(version.adverse_event_id)
        .where(or_(func.cardinality(version.serious) > 0, version.pregnancy))
        .distinct()
    )


def _to_judge() -> Select[UUID]:
    """Return the events that nobody graded, or whose cause nobody judged, the newest first."""
    now = aliased(AdverseEventVersion, events.newest_versions().subquery())
    return (
        select(AdverseEvent.id)
        .join(now, now.adverse_event_id == AdverseEvent.id)
        .where(or_(now.grade.is_(None), now.related.is_(None), now.serious.is_(None)))
        .order_by(
            func.coalesce(func.cardinality(now.serious), 0).desc(),
            now.grade.desc().nulls_last(),
            AdverseEvent.recorded_at,
        )
    )


def _judging(found: Sequence[EventState]) -> list[ToJudge]:
    names = {"grade": "grade", "serious": "seriousness", "related": "cause"}
    return [
        ToJudge(
            each, tuple(said for name, said in names.items() if getattr(each.details, name) is None)
        )
        for each in found
    ]


def _gravest(each: ToJudge) -> tuple[bool, int, datetime]:
    known = each.event.details
    return (not known.is_serious, -(known.level or 0), each.event.event.recorded_at)


def _conflicts(session: Session, today: date) -> list[OpioidConflict]:
    later = aliased(Medication)
    corrected = select(later.id).where(
        later.participant_id == Medication.participant_id, later.corrects == Medication.number
    )
    rows = session.execute(
        select(Participant, Medication)
        .join(Medication, Medication.participant_id == Participant.id)
        .where(
            Medication.is_opioid,
            Medication.is_void.is_(False),
            ~corrected.exists(),
            or_(Medication.last_on.is_(None), Medication.last_on > today - _OPIOID_DAYS),
            Participant.status != "withdrawn",
        )
        .order_by(Participant.code, Medication.number)
    ).all()
    protocols = _protocols(session, [person.id for person, _ in rows])
    return [
        OpioidConflict(person.code, each.medication, each.free_on)
        for person, medication in rows
        if person.id in protocols
        for each in opioids.conflicts([medication], protocols[person.id], today)
    ]


def _protocols(session: Session, people: Sequence[UUID]) -> dict[UUID, Protocol]:
    """Return the protocol that each follows."""
    rows = session.execute(
        select(Participation.participant_id, ProtocolVersion)
        .join(ProtocolVersion, ProtocolVersion.id == Participation.protocol_version_id)
        .where(among(Participation.participant_id, people))
        .ext(distinct_on(Participation.participant_id))
        .order_by(Participation.participant_id, Participation.number.desc())
    )
    return {person: publishing.of(version) for person, version in rows}


def _liver(session: Session) -> list[LiverValue]:
    """Return the values above the upper limit of the last months that no other corrects, the highest first."""
    later = aliased(LaboratoryResult)
    rows = session.execute(
        select(Participant.code, LaboratoryResult)
        .join(Participant, Participant.id == LaboratoryResult.participant_id)
        .where(
            LaboratoryResult.analyte.in_(LIVER_ANALYTES),
            LaboratoryResult.sampled_at > clock.now() - _SINCE,
            func.coalesce(LaboratoryResult.value, LaboratoryResult.above)
            > LaboratoryResult.upper_limit,
            ~select(later.id).where(later.corrects_id == LaboratoryResult.id).exists(),
        )
        .limit(AT_MOST)
    ).all()
    found = [LiverValue(code, row) for code, row in rows]
    return sorted(found, key=lambda each: -(each.result.multiple or 0))
