"""Decisions about quarantined rows: released with a reason into a new chunk version, or confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.errors import ReviewRefusedError
from hometrial.models import Batch, Participant, Payload, QuarantinedRow, Query
from hometrial.services import chunks, comparing, enrolling, measuring, storing, versioning
from hometrial.services.asking import settling
from hometrial.services.comparing import Origin
from hometrial.services.querying import steps
from hometrial_ingest.frame import schema_of
from hometrial_ingest.signals import Signal


@dataclass(frozen=True)
class Decision:
    """Who decides, and why; both are kept beside the row and in the audit trail."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ReviewRefusedError("a decision needs a reason; say why the row is right or wrong")


def confirm(session: Session, row_ids: Sequence[UUID], decision: Decision) -> int:
    """Confirm rows as errors: they stay out. Returns how many; closes queries that have no open row.

    Raises ReviewRefusedError for a row that is unknown or decided already.
    """
    rows = _open_rows(session, row_ids)
    _decide(session, rows, "confirmed", decision)
    return len(rows)


def release(
    session: Session, row_ids: Sequence[UUID], decision: Decision, at: datetime | None = None
) -> int:
    """Let rows into a new version of their day chunks, or answers into their form's score. Returns how many.

    `at` gives the instant of a row whose wall clock did not exist or happened twice; such a row is
    refused without it. Raises ReviewRefusedError for a row that is unknown or decided already.
    """
    rows = _open_rows(session, row_ids)
    if at is not None and len(rows) != 1:
        raise ReviewRefusedError(f"an instant can be given for one row, not for {len(rows)}")
    answers = [row for row in rows if row.signal == settling.KIND]
    if answers and at is not None:
        raise ReviewRefusedError("an answer of a form has its instant; release it without --at")
    samples = [row for row in rows if row.signal != settling.KIND]
    for (batch_id, signal), group in _by_batch(samples).items():
        _release_into_chunks(session, batch_id, signal, [_sample(session, r, at) for r in group])
    _decide(session, rows, "released", decision)
    for batch_id in {row.batch_id for row in answers}:
        _score_anew(session, batch_id)
    return len(rows)


def _score_anew(session: Session, batch_id: UUID) -> None:
    submission = settling.submission_of(session, batch_id)
    if submission is None:
        raise ReviewRefusedError(f"the submission that batch {batch_id} judged is not on record")
    settling.settle(session, submission)


def _open_rows(session: Session, row_ids: Sequence[UUID]) -> list[QuarantinedRow]:
    rows = session.scalars(
        select(QuarantinedRow)
        .where(among(QuarantinedRow.id, row_ids))
        .order_by(QuarantinedRow.signal, QuarantinedRow.row)
        .with_for_update()
    ).all()
    unknown = set(row_ids) - {row.id for row in rows}
    if unknown:
        raise ReviewRefusedError(f"there is no quarantined row {min(map(str, unknown))}")
    decided = [row for row in rows if row.status != "open"]
    if decided:
        raise ReviewRefusedError(
            f"row {decided[0].id} was {decided[0].status} by {decided[0].decided_by} already; "
            "a decision stands"
        )
    return list(rows)


def _by_batch(rows: list[QuarantinedRow]) -> dict[tuple[UUID, Signal], list[QuarantinedRow]]:
    groups: dict[tuple[UUID, Signal], list[QuarantinedRow]] = {}
    for row in rows:
        groups.setdefault((row.batch_id, Signal(row.signal)), []).append(row)
    return groups


def _sample(session: Session, row: QuarantinedRow, at: datetime | None) -> dict[str, Any]:
    """Return a quarantined sample as it will stand in its chunk."""
    sample = dict(row.sample)
    if sample["placement"] == "placed":
        return sample
    if at is None:
        raise ReviewRefusedError(
            f"row {row.row} has no instant ({row.reason}); release it with --at INSTANT, for example "
            "2016-03-13T07:00:00Z, or correct the zone history and import the archive again"
        )
    if at.tzinfo is None:
        raise ReviewRefusedError(f"{at.isoformat()} has no zone; end it with Z or an offset")
    history = enrolling.zone_rows(session, [row.participant_id])[row.participant_id]
    moment = np.array([clock.microseconds(at.astimezone(UTC))])
    offset, local = enrolling.zone_history(history).place_instant(moment)
    return sample | {
        "at": int(moment[0]),
        "offset": int(offset[0]),
        "day": int(local[0] // 86_400_000_000),
        "placement": "placed",
    }


def _release_into_chunks(
    session: Session, batch_id: UUID, signal: Signal, records: list[dict[str, Any]]
) -> None:
    """Add samples to their days, taking the place of any that stands there under the same key."""
    samples = _frame(records, signal)
    batch = session.get_one(Batch, batch_id)
    whole = session.get(Payload, batch.payload_id) if batch.payload_id else None
    owners = session.scalars(
        select(Participant).where(Participant.code.in_(samples["participant"].astype(str).unique()))
    )
    people = {owner.code: owner.id for owner in owners}
    before = storing.stored(session, signal, samples)
    as_of = batch.observed_until or batch.created_at
    origin = Origin(batch_id, whole.sha256 if whole else "", as_of, "released from quarantine")
    known = (
        comparing.match(samples, before.samples, chunks.key(signal)) >= 0
        if len(before.samples)
        else np.zeros(len(samples), bool)
    )
    fate = np.where(known, comparing.REVISION, comparing.NEW).astype(np.int8)
    store = versioning.ChunkStore(session, people, grow=False)
    store.merge(samples, fate, before, signal, origin)
    measuring.measure(session, {code for code, _, _ in store.result.written})


def _frame(records: list[dict[str, Any]], signal: Signal) -> pd.DataFrame:
    names = [*chunks.schema(signal).names, "participant", "day"]
    if not all("payload" in record for record in records):
        names.remove("payload")  # a batch of one payload, which is each row's
    samples = pd.DataFrame([{name: record.get(name) for name in names} for record in records])
    for name in ("code", "session", "source", "device", "participant"):
        samples[name] = samples[name].astype("category")
    for name in ("at", "offset", "duration", "row", "day"):
        samples[name] = samples[name].astype(np.int64)
    for name in ("value", "confidence", *_numbers(signal)):
        if name in samples:
            samples[name] = samples[name].astype(float)
    return samples


def _numbers(signal: Signal) -> list[str]:
    return [name for name in schema_of(signal).names if name.startswith("minutes_")]


def _decide(session: Session, rows: list[QuarantinedRow], status: str, decision: Decision) -> None:
    now = clock.now()
    for row in rows:
        row.status, row.decided_at = status, now
        row.decided_by, row.decision_reason = decision.actor, decision.reason
    session.flush()
    for query_id in sorted({row.query_id for row in rows}):
        _close_if_settled(session, query_id, decision)


def _close_if_settled(session: Session, query_id: UUID, decision: Decision) -> None:
    """A query opened by quarantined rows closes with the last of them (features.md C15)."""
    still_open = session.scalar(
        select(func.count())
        .select_from(QuarantinedRow)
        .where(QuarantinedRow.query_id == query_id, QuarantinedRow.status == "open")
    )
    query = session.get_one(Query, query_id)
    if not still_open and query.status != "closed":
        steps.shut(session, query, decision.reason, decision.actor)
