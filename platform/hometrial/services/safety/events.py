"""Adverse events as they are known: every version, the coder's words, who has looked at them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.errors import TrialError
from hometrial.models import (
    AdverseEvent,
    AdverseEventCoding,
    AdverseEventVersion,
    BaselineSymptom,
    Participant,
)
from hometrial.protocol.safety import details
from hometrial.protocol.safety.clocks import Learned
from hometrial.protocol.safety.details import Details


class AdverseEventRefusedError(TrialError):
    """What cannot be true of an adverse event, or cannot be changed like this."""


@dataclass(frozen=True)
class EventState:
    """An event of a person, its versions from the first on, and its newest coding."""

    event: AdverseEvent
    code: str
    versions: tuple[AdverseEventVersion, ...]
    coding: AdverseEventCoding | None

    @property
    def current(self) -> AdverseEventVersion:
        """The version that holds."""
        return self.versions[-1]

    @property
    def details(self) -> Details:
        """What is known now."""
        return details_of(self.current)

    @property
    def learned(self) -> tuple[Learned, ...]:
        """What was known when, for the clocks."""
        return tuple(Learned(each.learned_at, details_of(each)) for each in self.versions)

    @property
    def is_looked_at(self) -> bool:
        """Whether anybody of the staff has said something about it."""
        return any(each.reporter == "staff" for each in self.versions)

    @property
    def is_coded(self) -> bool:
        """Whether the words that the coder saw still hold."""
        if self.coding is None:
            return False
        coded = next(each for each in self.versions if each.id == self.coding.version_id)
        now = self.current
        return (coded.verbatim, coded.term) == (now.verbatim, now.term)


def states(
    session: Session, *, person: Participant | None = None, ids: Iterable[UUID] | None = None
) -> list[EventState]:
    """Return the events of a person, those with these ids, or all, by person and number."""
    query = select(AdverseEvent, Participant.code).join(
        Participant, Participant.id == AdverseEvent.participant_id
    )
    if person is not None:
        query = query.where(AdverseEvent.participant_id == person.id)
    if ids is not None:
        query = query.where(among(AdverseEvent.id, ids))
    rows = [
        (event, code)
        for event, code in session.execute(query.order_by(Participant.code, AdverseEvent.number))
    ]
    versions = _versions(session, [event.id for event, _ in rows])
    codings = _codings(session, [each.id for found in versions.values() for each in found])
    return [
        EventState(event, code, tuple(found), _newest(codings, found))
        for event, code in rows
        for found in [versions[event.id]]
    ]


def state_of(session: Session, event: AdverseEvent) -> EventState:
    """Return one event."""
    person = session.get_one(Participant, event.participant_id)
    return next(
        each for each in states(session, person=person) if each.event.number == event.number
    )


def newest_versions() -> Select[AdverseEventVersion]:
    """Return the query of what is known now of every event."""
    return (
        select(AdverseEventVersion)
        .ext(distinct_on(AdverseEventVersion.adverse_event_id))
        .order_by(AdverseEventVersion.adverse_event_id, AdverseEventVersion.version.desc())
    )


def newest(session: Session, event: AdverseEvent) -> AdverseEventVersion:
    """Return what is known of an event now."""
    return session.scalars(
        select(AdverseEventVersion)
        .where(AdverseEventVersion.adverse_event_id == event.id)
        .order_by(AdverseEventVersion.version.desc())
        .limit(1)
    ).one()


def find(session: Session, person: Participant, number: int) -> AdverseEvent:
    """Return a person's event by its number. Raises AdverseEventRefusedError."""
    found = session.scalars(
        select(AdverseEvent).where(
            AdverseEvent.participant_id == person.id, AdverseEvent.number == number
        )
    ).one_or_none()
    if found is None:
        raise AdverseEventRefusedError(
            f"{person.code} has no adverse event {number}; "
            f"`hometrial adverse-event list --participant {person.code}` shows those there are"
        )
    return found


def details_of(version: AdverseEventVersion) -> Details:
    """Return what a version says."""
    said = {name: getattr(version, name) for name in details.NAMES}
    serious = None if version.serious is None else tuple(version.serious)
    return Details(**{**said, "serious": serious})


def baseline(session: Session, person: Participant) -> dict[str, int]:
    """Return the grade of each symptom in a person's run-in, by the newest word on it."""
    rows = session.scalars(
        select(BaselineSymptom)
        .where(BaselineSymptom.participant_id == person.id)
        .order_by(BaselineSymptom.number)
    )
    return {row.term: row.grade for row in rows}


def _versions(session: Session, events: Iterable[UUID]) -> dict[UUID, list[AdverseEventVersion]]:
    found: dict[UUID, list[AdverseEventVersion]] = defaultdict(list)
    rows = session.scalars(
        select(AdverseEventVersion)
        .where(among(AdverseEventVersion.adverse_event_id, events))
        .order_by(AdverseEventVersion.version)
    )
    for row in rows:
        found[row.adverse_event_id].append(row)
    return found


def _codings(session: Session, versions: Iterable[UUID]) -> dict[UUID, AdverseEventCoding]:
    rows = session.scalars(
        select(AdverseEventCoding)
        .where(among(AdverseEventCoding.version_id, versions))
        .order_by(AdverseEventCoding.coded_at, AdverseEventCoding.id)
    )
    return {row.version_id: row for row in rows}


def _newest(
    codings: dict[UUID, AdverseEventCoding], versions: Iterable[AdverseEventVersion]
) -> AdverseEventCoding | None:
    found = [codings[each.id] for each in versions if each.id in codings]
    return max(found, key=lambda each: each.coded_at, default=None)
