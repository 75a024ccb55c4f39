"""Consent by data type: recorded, and asked for every row, when it was observed and when it arrives (N4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ConsentEvent, Participant, Pause
from hometrial_ingest.data_types import DATA_TYPE_OF, DataType
from hometrial_ingest.signals import Signal

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Spell:
    """Consent in force for what is observed in [start, end).

    `keep_late`: what was observed in it may still come in after its end.
    """

    start: datetime
    end: datetime = FOR_EVER
    keep_late: bool = True

    def admits(self, arrival: datetime) -> bool:
        """Say whether what was observed in this spell may still come in at that moment."""
        return self.start <= arrival and (arrival < self.end or self.keep_late)


@dataclass(frozen=True)
class Consents:
    """One person's consent, data type by data type; what is not in it was never given."""

    spells: Mapping[DataType, tuple[Spell, ...]] = field(default_factory=dict)

    @property
    def on_record(self) -> bool:
        """Whether anything was ever decided."""
        return bool(self.spells)

    def in_force(self, data_type: DataType, at: datetime) -> bool:
        """Say whether consent holds for what is observed at that moment."""
        return any(spell.start <= at < spell.end for spell in self.spells.get(data_type, ()))

    def admitted(self, data_type: DataType, arrival: datetime) -> tuple[Spell, ...]:
        """Return the spells whose observations may come in at `arrival`, oldest first."""
        return tuple(s for s in self.spells.get(data_type, ()) if s.admits(arrival))

    def first(self) -> datetime | None:
        """Return when the first consent began."""
        return min((s.start for spells in self.spells.values() for s in spells), default=None)

    def covers(self, signal: Signal, begin: Int64, end: Int64, arrival: datetime) -> Bools:
        """Say of observations [begin, end) in µs UTC which are covered now; an instant has end = begin.

        A whole observation must lie in one spell: a night that began before consent is not covered.
        """
        covered = np.zeros(len(begin), bool)
        for spell in self.admitted(DATA_TYPE_OF[signal], arrival):
            first, last = clock.microseconds(spell.start), clock.microseconds(spell.end)
            covered |= (begin >= first) & (begin < last) & (end <= last)
        return covered


def spells(session: Session, participant_id: UUID) -> Consents:
    """Return one person's consent."""
    return of_people(session, [participant_id])[participant_id]


def of_people(session: Session, participant_ids: Iterable[UUID]) -> dict[UUID, Consents]:
    """Return each person's consent, in one query."""
    wanted = list(participant_ids)
    events: dict[UUID, list[ConsentEvent]] = {each: [] for each in wanted}
    for event in session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.participant_id.in_(wanted))
        .order_by(ConsentEvent.effective_at, ConsentEvent.recorded_at, ConsentEvent.id)
    ):
        events[event.participant_id].append(event)
    return {person: _consents(found) for person, found in events.items()}


def _consents(events: Sequence[ConsentEvent]) -> Consents:
    by_type: dict[DataType, list[ConsentEvent]] = {}
    for event in events:
        by_type.setdefault(DataType(event.data_type), []).append(event)
    return Consents({kind: _spells(found) for kind, found in by_type.items()})


def _spells(events: Sequence[ConsentEvent]) -> tuple[Spell, ...]:
    """Turn decisions in order of their effect into spells; the same decision twice changes nothing."""
    made: list[Spell] = []
    since: datetime | None = None
    for event in events:
        if event.decision == "granted":
            since = since or event.effective_at
        elif since is not None:
            made.append(Spell(since, event.effective_at, keep_late=bool(event.keep_late)))
            since = None
    if since is not None:
        made.append(Spell(since))
    return tuple(made)


def grant(
    session: Session,
    person: Participant,
    data_types: Iterable[DataType],
    *,
    since: datetime | None = None,
    source: str,
) -> None:
    """Record consent for data types, in force from `since` (default: now)."""
    _record(session, person, data_types, since, source, keep_late=None)


def withdraw(
    session: Session,
    person: Participant,
    data_types: Iterable[DataType],
    *,
    since: datetime | None = None,
    keep_late: bool,
    source: str,
) -> None:
    """Record a withdrawal: nothing observed from `since` on is stored any more, starting with the next write.

    `keep_late`: what was observed before may still come in. Raises TrialError for a data type that was
    not consented to.
    """
    given = spells(session, person.id)
    moment = since or clock.now()
    chosen = list(data_types)
    missing = [kind for kind in chosen if not given.in_force(kind, moment)]
    if missing:
        raise TrialError(
            f"{person.code} has no consent in force for {', '.join(missing)} at "
            f"{moment.isoformat(timespec='minutes')}; `hometrial consent show {person.code}` lists it"
        )
    _record(session, person, chosen, moment, source, keep_late=keep_late)


def _record(
    session: Session,
    person: Participant,
    data_types: Iterable[DataType],
    since: datetime | None,
    source: str,
    *,
    keep_late: bool | None,
) -> None:
    lock_to_change(session, person.id)
    now = clock.now()
    session.add_all(
        ConsentEvent(
            participant_id=person.id,
            data_type=kind,
            decision="granted" if keep_late is None else "withdrawn",
            effective_at=since or now,
            keep_late=keep_late,
            recorded_at=now,
            source=source,
        )
        for kind in data_types
    )
    session.flush()


def lock_to_change(session: Session, participant_id: UUID) -> None:
    """Wait for writes of this person's data that are under way, and keep later ones waiting."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), _key(participant_id))


def lock_to_write(session: Session, participant_ids: Iterable[UUID]) -> None:
    """Hold the consent of some people as it is until the end of the transaction that writes their data."""
    for each in sorted(participant_ids, key=str):
        session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext(:key))"), _key(each))


def _key(participant_id: UUID) -> dict[str, str]:
    return {"key": f"hometrial.consent.{participant_id}"}


def pause(
    session: Session,
    person: Participant,
    start: datetime,
    end: datetime | None,
    reason: str,
) -> None:
    """Record a rest from the study; `end` None: until further notice. Raises TrialError if it ends first."""
    if end is not None and end <= start:
        raise TrialError(f"a pause cannot end ({end.isoformat()}) before it begins")
    session.add(Pause(participant_id=person.id, start_at=start, end_at=end, reason=reason))
    session.flush()
