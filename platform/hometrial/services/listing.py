"""The rows of each record data set, from the database as Arrow tables in a fixed order."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.exports import dictionary
from hometrial.exports.dictionary import Variable
from hometrial.models import (
    Batch,
    DailyMetric,
    DayChunk,
    Finding,
    Gap,
    Participant,
    Payload,
    QuarantinedRow,
    Verdict,
)
from hometrial.services import metrics, storing
from hometrial.services.comparing import day_of
from hometrial.services.knowing import ALL


def participant_day_variables() -> list[Variable]:
    """Return the columns of `participant_day`: the fixed ones, then every metric by its name."""
    fixed = {variable.name for variable in dictionary.PARTICIPANT_DAY}
    return [
        *dictionary.PARTICIPANT_DAY,
        *(
            Variable(name, rule.label, "number", rule.unit, text=f"v{rule.version}: {rule.text}")
            for name, rule in metrics.RULES.items()
            if name not in fixed
        ),
    ]


_FROM_METRIC = {
    "steps": "steps",
    "rhr": "rhr_sleep",
    "sleep_min": "sleep_minutes",
    "wear_min": "wear_minutes",
}


def participant_days(session: Session, person: Participant) -> pa.Table:
    """Return one row for each local day from a person's first to the last with data."""
    variables = participant_day_variables()
    span = storing.span_of(session, person.id)
    days = [day_of(number) for number in span or ()]
    measured = _metrics(session, person)
    states, suites = _states(session, person), _suites(session, person)
    rows = []
    for day in days:
        values: dict[str, Any] = dict(measured.get(day, {}))
        values |= {name: values.get(metric) for name, metric in _FROM_METRIC.items()}
        valid = values.get("valid_day")
        values |= {
            "participant_id": person.code,
            "local_day": day,
            "valid_day": None if valid is None else bool(valid),
            "day_status": states.get(day, "none"),
            "rule_suite": "; ".join(suites.get(day, [])) or None,
        }
        rows.append({variable.name: values.get(variable.name) for variable in variables})
    return pa.Table.from_pylist(rows, dictionary.schema(variables))


def _metrics(session: Session, person: Participant) -> dict[date, dict[str, float]]:
    found: dict[date, dict[str, float]] = {}
    for row in session.scalars(select(DailyMetric).where(DailyMetric.participant_id == person.id)):
        found.setdefault(row.day, {})[row.metric] = row.value
    return found


def _states(session: Session, person: Participant) -> dict[date, str]:
    """Return `provisional` for a day with a provisional chunk, else `final`."""
    rows = session.execute(
        select(DayChunk.day, func.max(DayChunk.state))
        .where(DayChunk.participant_id == person.id, DayChunk.is_current, DayChunk.samples > 0)
        .group_by(DayChunk.day)
    )
    return dict(rows.all())


def _suites(session: Session, person: Participant) -> dict[date, list[str]]:
    rows = session.execute(
        select(DayChunk.day, Verdict.suite, Verdict.suite_version)
        .join(Verdict, Verdict.batch_id == DayChunk.batch_id)
        .where(DayChunk.participant_id == person.id, Verdict.signal == DayChunk.stream)
        .distinct()
        .order_by(DayChunk.day, Verdict.suite, Verdict.suite_version)
    )
    found: dict[date, list[str]] = {}
    for day, suite, version in rows:
        found.setdefault(day, []).append(f"{suite}:{version}")
    return found


def gaps(session: Session, person: Participant) -> pa.Table:
    """Return a person's gaps in order of stream and time."""
    rows = session.scalars(
        select(Gap).where(Gap.participant_id == person.id).order_by(Gap.stream, Gap.start_at)
    )
    return _table(
        dictionary.GAP,
        (
            {
                "participant_id": person.code,
                "stream": gap.stream,
                "local_day": gap.day,
                "start_at": gap.start_at,
                "end_at": gap.end_at,
                "hours": (gap.end_at - gap.start_at).total_seconds() / 3600,
                "cause": gap.cause,
                "rule_version": gap.rule_version,
            }
            for gap in rows
        ),
    )


def quarantine(session: Session, person: Participant) -> pa.Table:
    """Return a person's quarantined rows in the order in which their files hold them."""
    rows = session.execute(
        select(QuarantinedRow, Payload.sha256)
        .join(Batch, Batch.id == QuarantinedRow.batch_id)
        .outerjoin(Payload, Payload.id == Batch.payload_id)
        .where(QuarantinedRow.participant_id == person.id)
        .order_by(
            QuarantinedRow.signal,
            func.coalesce(Payload.sha256, QuarantinedRow.sample["payload"].astext),
            QuarantinedRow.row,
            QuarantinedRow.sample_sha256,
        )
    )
    return _table(dictionary.QUARANTINE, (_set_aside(person, row, sha) for row, sha in rows))


def _set_aside(person: Participant, row: QuarantinedRow, payload: str | None) -> dict[str, Any]:
    sample = row.sample
    placed = sample["placement"] == "placed"
    return {
        "participant_id": person.code,
        "stream": row.signal,
        "local_day": row.day,
        "at": sample["at"] if placed else None,
        "local_at": sample["local"],
        "value": None if sample["value"] is None else float(sample["value"]),
        "code": sample["code"],
        "rule": row.rule,
        "suite": f"{row.suite}:{row.suite_version}",
        "reason": row.reason,
        "status": row.status,
        "decision_reason": row.decision_reason,
        "payload": payload or sample.get("payload"),  # of a read, each row says its page
        "row": row.row,
    }


def batches(session: Session) -> pa.Table:
    """Return every batch, in the order of provider, file and content."""
    rows = session.execute(_by_file(select(Batch, Payload.sha256)))
    counted = [each.name for each in dictionary.BATCH if each.name not in ("payload", "path")]
    return _table(
        dictionary.BATCH,
        (
            {name: getattr(batch, name) for name in counted} | _file(batch, sha)
            for batch, sha in rows
        ),
    )


def _file(batch: Batch, payload: str | None) -> dict[str, Any]:
    """Name a batch's file; not that of one person's archive, which may bear a name."""
    return {"payload": payload, "path": batch.path if batch.scope == ALL else None}


def validation(session: Session) -> pa.Table:
    """Return every verdict with its findings; one row for a verdict that found nothing."""
    rows = session.execute(
        _by_file(
            select(Batch, Payload.sha256, Verdict, Finding),
            Verdict.segment,
            Verdict.signal,
            Finding.rule,
        )
        .join(Verdict, Verdict.batch_id == Batch.id)
        .outerjoin(Finding, Finding.verdict_id == Verdict.id)
    )
    return _table(
        dictionary.VALIDATION,
        (_file(batch, sha) | _verdict(verdict, found) for batch, sha, verdict, found in rows),
    )


def _verdict(verdict: Verdict, found: Finding | None) -> dict[str, Any]:
    return {
        "segment": verdict.segment,
        "stream": verdict.signal,
        "suite": verdict.suite,
        "suite_version": verdict.suite_version,
        "evaluated": verdict.evaluated,
        "success": verdict.success,
        "rule": found.rule if found else None,
        "severity": found.severity if found else None,
        "rows": found.rows if found else None,
        "message": found.message if found else None,
    }


def _by_file(statement: Any, *further: Any) -> Any:
    return statement.outerjoin(Payload, Payload.id == Batch.payload_id).order_by(
        Batch.provider,
        Batch.path,
        Payload.sha256,
        Batch.kind,
        Batch.scope,
        Batch.reader_revision,
        Batch.created_at,  # of reads, which have no file
        Batch.id,
        *further,
    )


def _table(variables: Sequence[Variable], rows: Iterator[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), dictionary.schema(variables))
