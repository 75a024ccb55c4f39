"""The rows of each data set, read from the database as Arrow tables in a fixed order."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
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
from hometrial.services.comparing import EPOCH, day_number, day_of
from hometrial_ingest.signals import Signal

_SECOND = 1_000_000
_ORDER = [("at", "ascending"), ("duration", "ascending"), ("row", "ascending")]


def people(session: Session) -> list[Participant]:
    """Return the participants in the order of their pseudonyms."""
    return list(session.scalars(select(Participant).order_by(Participant.code)))


def streams(session: Session) -> list[Signal]:
    """Return the streams that have samples."""
    found = session.scalars(
        select(DayChunk.stream).where(DayChunk.is_current, DayChunk.samples > 0).distinct()
    )
    return sorted((Signal(name) for name in found), key=str)


def months(session: Session, person: Participant, signal: Signal) -> list[tuple[date, date]]:
    """Return the first and last days of the months in which a person has samples of a stream."""
    days = session.scalars(
        select(func.date_trunc("month", DayChunk.day))
        .where(DayChunk.participant_id == person.id, DayChunk.stream == signal)
        .where(DayChunk.is_current, DayChunk.samples > 0)
        .distinct()
    )
    starts = sorted(moment.date() for moment in days)
    return [(start, _end_of_month(start)) for start in starts]


def _end_of_month(start: date) -> date:
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def samples(
    session: Session, person: Participant, signal: Signal, first: date, last: date
) -> pa.Table:
    """Return a person's current samples of a stream over some days, in order of time.

    Columns: those of the chunk plus participant_id, at (timestamp), local_at, chunk and local_day.
    """
    found = storing.current_chunks(
        session, signal, [person.code], day_number(first), day_number(last)
    )
    table = storing.load_table(found, signal)
    table = table.take(pc.sort_indices(table, sort_keys=_ORDER))
    at = table["at"]
    local = pc.add(at, pc.multiply(table["offset"].cast(pa.int64()), _SECOND))
    columns = {name: _plain(table[name]) for name in table.column_names}
    columns |= {
        "participant_id": columns["participant"],
        "at": _instants(at),
        "local_at": local.cast(pa.timestamp("us")),
        "local_day": table["day"].cast(pa.int32()).cast(pa.date32()),
    }
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _instants(microseconds: pa.ChunkedArray) -> pa.ChunkedArray:
    return microseconds.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def sleep_sessions(session: Session, person: Participant) -> pa.Table:
    """Return a person's sleep sessions as the variables of `sleep_session`."""
    table = _all_days(session, person, Signal.SLEEP_SESSION)
    length = pc.multiply(table["duration"], _SECOND)
    renamed = {
        "type": table["code"],
        "start_at": table["at"],
        "local_start_at": table["local_at"],
        "end_at": _instants(table["end_at"]),
        "local_end_at": pc.add(table["local_at"].cast(pa.int64()), length).cast(pa.timestamp("us")),
        "minutes_asleep": table["value"],
    }
    return _with(table, renamed)


def sleep_stages(session: Session, person: Participant) -> pa.Table:
    """Return a person's sleep stages as the variables of `sleep_stage`."""
    table = _all_days(session, person, Signal.SLEEP_STAGE)
    renamed = {
        "stage": table["code"],
        "start_at": table["at"],
        "local_start_at": table["local_at"],
    }
    return _with(table, renamed)


def _all_days(session: Session, person: Participant, signal: Signal) -> pa.Table:
    return samples(session, person, signal, EPOCH, date(2200, 1, 1))


def _with(table: pa.Table, columns: dict[str, pa.ChunkedArray]) -> pa.Table:
    kept = {name: table[name] for name in table.column_names if name not in columns}
    return pa.table(kept | columns)


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
            "rule_suite": "; ".join(suites.get(day, [])),
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
    return dict(rows.tuples().all())


def _suites(session: Session, person: Participant) -> dict[date, list[str]]:
    rows = session.execute(
        select(DayChunk.day, Verdict.suite, Verdict.suite_version)
        .join(Verdict, Verdict.batch_id == DayChunk.batch_id)
        .where(DayChunk.participant_id == person.id, DayChunk.is_current)
        .where(Verdict.signal == DayChunk.stream)
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
        .join(Payload, Payload.id == Batch.payload_id)
        .where(QuarantinedRow.participant_id == person.id)
        .order_by(
            QuarantinedRow.signal, Payload.sha256, QuarantinedRow.row, QuarantinedRow.sample_sha256
        )
    )
    return _table(dictionary.QUARANTINE, (_set_aside(person, row, sha) for row, sha in rows))


def _set_aside(person: Participant, row: QuarantinedRow, payload: str) -> dict[str, Any]:
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
        "payload": payload,
        "row": row.row,
    }


def batches(session: Session) -> pa.Table:
    """Return every batch, in the order of provider, file and content."""
    rows = session.execute(_by_file(select(Batch, Payload.sha256)))
    counted = [variable.name for variable in dictionary.BATCH if variable.name != "payload"]
    return _table(
        dictionary.BATCH,
        (
            {name: getattr(batch, name) for name in counted} | {"payload": sha}
            for batch, sha in rows
        ),
    )


def validation(session: Session) -> pa.Table:
    """Return every verdict with its findings; one row for a verdict that found nothing."""
    rows = session.execute(
        _by_file(
            select(Batch.path, Payload.sha256, Verdict, Finding),
            Verdict.segment,
            Verdict.signal,
            Finding.rule,
        )
        .join(Verdict, Verdict.batch_id == Batch.id)
        .outerjoin(Finding, Finding.verdict_id == Verdict.id)
    )
    return _table(dictionary.VALIDATION, (_verdict(*row) for row in rows))


def _verdict(path: str, payload: str, verdict: Verdict, found: Finding | None) -> dict[str, Any]:
    return {
        "path": path,
        "payload": payload,
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
    return statement.join(Payload, Payload.id == Batch.payload_id).order_by(
        Batch.provider,
        Batch.path,
        Payload.sha256,
        Batch.kind,
        Batch.scope,
        Batch.reader_revision,
        *further,
    )


def _table(variables: Sequence[Variable], rows: Iterator[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), dictionary.schema(variables))
