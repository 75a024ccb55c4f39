"""Where a value comes from: a wearable day back to the bytes that were sent, and the trail of any value beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session, defer

from hometrial.db import among
from hometrial.models import (
    Batch,
    ConsentEvent,
    ConsentSignature,
    DayChunk,
    Payload,
    Verdict,
    WearableAccount,
)
from hometrial.services.viewing import trail

_ROWS: Mapping[str, str] = {
    "consent": "SELECT 'public.consent_signature' AS t, id FROM consent_signature"
    " WHERE participant_id = :person AND (id::text = :key OR countersigns::text = :key)",
    "eligibility": "SELECT 'public.screening_answer', a.id FROM screening_answer a JOIN screening s ON s.id = a.screening_id"
    " WHERE s.participant_id = :person AND s.number || '/' || a.variable = :key",
    "dose": "WITH RECURSIVE chain AS (SELECT id, number FROM dose_event WHERE participant_id = :person"
    " AND number::text = :key UNION ALL SELECT e.id, e.number FROM dose_event e JOIN chain c ON e.corrects = c.number"
    " WHERE e.participant_id = :person) SELECT 'public.dose_event', id FROM chain",
    "adverse_event": "SELECT 'public.adverse_event_version', v.id FROM adverse_event_version v"
    " JOIN adverse_event e ON e.id = v.adverse_event_id WHERE e.participant_id = :person AND e.number::text = :key",
    "questionnaire": "SELECT 'public.answer', a.id FROM answer a JOIN response r ON r.id = a.response_id"
    " WHERE r.participant_id = :person AND r.form || ' ' || r.occasion = :key UNION ALL"
    " SELECT 'public.submission', s.id FROM submission s JOIN response r ON r.id = s.response_id"
    " WHERE r.participant_id = :person AND r.form || ' ' || r.occasion = :key",
    "visit": "SELECT 'public.visit_record', id FROM visit_record"
    " WHERE participant_id = :person AND visit || '#' || number = :key",
    "wearable_day": "SELECT 'public.day_chunk', id FROM day_chunk WHERE participant_id = :person AND day::text = :key",
}
_ENTRIES = text(
    "SELECT id, at, actor, reason, table_name, row_key, operation, old, new FROM audit.entry"
    " WHERE table_name IN :tables AND row_key IN :keys ORDER BY id"
).bindparams(bindparam("tables", expanding=True), bindparam("keys", expanding=True))


@dataclass(frozen=True)
class Entry:
    """One line of the trail: what a row became, by whom, when and why; `changed` names only what differs."""

    at: datetime
    actor: str
    reason: str | None
    table: str
    operation: str
    changed: Mapping[str, tuple[Any, Any]]


def trail_of(session: Session, person: UUID, kind: str, key: str) -> list[Entry]:
    """Return the trail of every row that a value rests on, the oldest first."""
    rows = session.execute(text(_ROWS[kind]), {"person": person, "key": key}).all()
    if not rows:
        return []
    found = session.execute(
        _ENTRIES,
        {"tables": sorted({row[0] for row in rows}), "keys": [str(row[1]) for row in rows]},
    )
    return [
        Entry(
            row.at,
            row.actor,
            row.reason,
            row.table_name,
            row.operation,
            trail.changes(row.old, row.new),
        )
        for row in found
    ]


@dataclass(frozen=True)
class Step:
    """A chunk of a day with all that it came through."""

    chunk: DayChunk
    batch: Batch
    payload: Payload | None
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Lineage:
    """A person's wearable day: every version of every stream, back to the bytes; and the accounts that send."""

    steps: Sequence[Step]
    accounts: Sequence[WearableAccount]


def of_day(session: Session, person: UUID, day: date) -> Lineage:
    """Return where a day comes from: chunk, batch, verdict, payload."""
    rows = session.execute(
        select(DayChunk, Batch, Payload)
        .options(defer(DayChunk.body))
        .join(Batch, Batch.id == DayChunk.batch_id)
        .outerjoin(Payload, Payload.id == Batch.payload_id)
        .where(DayChunk.participant_id == person, DayChunk.day == day)
        .order_by(DayChunk.stream, DayChunk.version.desc())
    ).all()
    verdicts: dict[UUID, list[Verdict]] = {}
    for verdict in session.scalars(
        select(Verdict)
        .options(defer(Verdict.report))
        .where(among(Verdict.batch_id, {batch.id for _, batch, _ in rows}))
        .order_by(Verdict.segment)
    ):
        verdicts.setdefault(verdict.batch_id, []).append(verdict)
    accounts = session.scalars(
        select(WearableAccount).where(WearableAccount.participant_id == person)
    ).all()
    steps = [
        Step(
            chunk,
            batch,
            payload,
            [each for each in verdicts.get(batch.id, []) if each.signal == chunk.stream],
        )
        for chunk, batch, payload in rows
    ]
    return Lineage(steps, accounts)


@dataclass(frozen=True)
class ConsentLine:
    """A signature, its countersignature, the copies' checksum, and what data it let in."""

    signature: ConsentSignature
    countersignature: ConsentSignature | None
    started: Sequence[ConsentEvent]


def consents(session: Session, person: UUID) -> list[ConsentLine]:
    """Return the signatures of a person in time, each with the kinds of data that were granted from then on."""
    rows = session.scalars(
        select(ConsentSignature)
        .where(ConsentSignature.participant_id == person)
        .order_by(ConsentSignature.signed_at)
    ).all()
    beside = {each.countersigns: each for each in rows if each.countersigns is not None}
    signed = [each for each in rows if each.part == "participant"]
    events = session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.participant_id == person, ConsentEvent.decision == "granted")
        .order_by(ConsentEvent.effective_at)
    ).all()
    ends = [*(each.signed_at for each in signed[1:]), None]
    return [
        ConsentLine(
            each,
            beside.get(each.id),
            [
                event
                for event in events
                if event.recorded_at >= each.signed_at and (end is None or event.recorded_at < end)
            ],
        )
        for each, end in zip(signed, ends, strict=True)
    ]
