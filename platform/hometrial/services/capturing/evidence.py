"""Source tables of how the data came about: batches, verdicts, samples set aside, questions about data."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import among, once
from hometrial.exports.source.reading import Row
from hometrial.models import Batch, Finding, Payload, QuarantinedRow, Query, Verdict
from hometrial.services import knowing
from hometrial.services.capturing.people import people

_COUNTED = (
    "provider", "kind", "status", "rows_read", "rows_accepted", "rows_duplicate", "rows_quarantined",
    "rows_unreadable", "rows_not_consented", "reason", "created_at",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def batches(session: Session) -> Iterator[Row]:
    """Yield every batch but those that hold only data of people who are not of the study, as of a rehearsal."""
    for batch, sha256 in _batches(session):
        counted = {name: getattr(batch, name) for name in _COUNTED}
        path = batch.path if batch.scope == knowing.ALL else None  # one person's may bear a name
        yield counted | {"id": str(batch.id), "payload_sha256": sha256, "path": path}


def _batches(session: Session) -> Sequence[tuple[Batch, str | None]]:
    def read() -> list[tuple[Batch, str | None]]:
        codes = {person.code for person in people(session).values()}
        rows = session.execute(
            select(Batch, Payload.sha256).outerjoin(Payload, Payload.id == Batch.payload_id)
        )
        return [
            (batch, sha256)
            for batch, sha256 in rows
            if not batch.participants or not codes.isdisjoint(batch.participants)
        ]

    return once(session, "capturing.batches", read)


def verdicts(session: Session) -> Iterator[Row]:
    """Yield every finding of every verdict, and once each verdict that found nothing."""
    mine = {batch.id for batch, _ in _batches(session)}
    columns = (
        Verdict.id, Verdict.batch_id, Verdict.segment, Verdict.signal, Verdict.suite, Verdict.suite_version,
        Verdict.evaluated, Verdict.success, Finding,
    )  # fmt: skip
    rows = session.execute(
        select(*columns)
        .outerjoin(Finding, Finding.verdict_id == Verdict.id)
        .where(among(Verdict.batch_id, mine))
    )
    for row in rows:
        found = row.Finding
        yield {
            "id": str(row.id if found is None else found.id),
            "batch": str(row.batch_id),
            "segment": row.segment,
            "stream": row.signal,
            "suite": row.suite,
            "suite_version": row.suite_version,
            "evaluated": row.evaluated,
            "success": row.success,
            "rule": None if found is None else found.rule,
            "severity": None if found is None else found.severity,
            "rows": None if found is None else found.rows,
            "message": None if found is None else found.message,
        }


def quarantined(session: Session) -> Iterator[Row]:
    """Yield every sample that was set aside, whatever was decided of it since."""
    known = people(session)
    rows = (
        select(QuarantinedRow, Payload.sha256)
        .join(Batch, Batch.id == QuarantinedRow.batch_id)
        .outerjoin(Payload, Payload.id == Batch.payload_id)
        .where(among(QuarantinedRow.participant_id, known))
    )
    for row, payload in session.execute(rows):
        value, local = row.sample.get("value"), row.sample.get("local")
        at = row.sample.get("at") if row.sample.get("placement") == "placed" else None
        yield {
            "id": str(row.id),
            "participant": known[row.participant_id].code,
            "batch": str(row.batch_id),
            "payload_sha256": payload
            or row.sample.get("payload"),  # of a read, each row says its page
            "row": row.row,
            "stream": row.signal,
            "day": row.day,
            "at": None if at is None else _moment(at),
            "at_local": None if local is None else _moment(local).replace(tzinfo=None).isoformat(),
            "value": None if value is None else float(value),
            "code": row.sample.get("code"),
            "rule": row.rule,
            "suite": row.suite,
            "suite_version": row.suite_version,
            "reason": row.reason,
            "status": row.status,
            "decision_reason": row.decision_reason,
        }


def _moment(microseconds: int) -> datetime:
    """Return a moment of a sample as it is kept: from 1970, as if the clock were UTC's."""
    return _EPOCH + timedelta(microseconds=microseconds)


def queries(session: Session) -> Iterator[Row]:
    """Yield every question about data of the study's people, and those about a file that is nobody's alone."""
    known = people(session)
    for row in session.scalars(select(Query)):
        if row.participant_id is not None and row.participant_id not in known:
            continue
        yield {
            "id": str(row.id),
            "participant": None if row.participant_id is None else known[row.participant_id].code,
            "subject": row.subject,
            "signal": row.signal,
            "rule": row.rule,
            "day": row.day,
            "status": row.status,
            "opened_at": row.opened_at,
            "closed_at": row.closed_at,
            "question": row.question,
            "close_reason": row.close_reason,
        }
