"""How far a study's data are settled: suites, open queries, rows left out by rule, provisional days."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial.models import Batch, DayChunk, QuarantinedRow, Query, Verdict

_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DATA = (
    "public.data_request", "public.data_lock", "public.lock_source", "public.lock_signature", "public.saved_view",
    "public.board_decision", "public.export_schedule", "public.export_run",
)  # fmt: skip
"""Tables that tell of data sets and of pages: asking for a draft does not change what is in it."""


def newest(session: Session) -> tuple[int, datetime]:
    """Return the newest entry of the audit trail about data that is seen, and its moment to the second."""
    row = session.execute(
        text(
            "SELECT id, at FROM audit.entry WHERE table_name <> ALL (:left_out) ORDER BY id DESC LIMIT 1"
        ),
        {"left_out": list(_NO_DATA)},
    ).one_or_none()
    if row is None:
        return 0, _NOTHING_YET
    return int(row.id), row.at.astimezone(UTC).replace(microsecond=0)


def state_of(session: Session) -> dict[str, Any]:
    """Return the standing of the data that the session sees, for the manifest. A query is open until it is closed."""
    open_rows = select(QuarantinedRow.rule, func.count()).where(QuarantinedRow.status != "released")
    excluded = session.execute(
        open_rows.group_by(QuarantinedRow.rule).order_by(QuarantinedRow.rule)
    )
    suites: dict[str, list[int]] = {}
    judged = select(Verdict.suite, Verdict.suite_version).distinct()
    for suite, version in session.execute(judged.order_by(Verdict.suite, Verdict.suite_version)):
        suites.setdefault(suite, []).append(version)
    rejected = session.scalars(
        select(Batch.rows_quarantined).where(Batch.status == "rejected")
    ).all()
    provisional = session.scalar(
        select(func.count()).select_from(
            select(DayChunk.participant_id, DayChunk.day)
            .where(DayChunk.is_current, DayChunk.state == "provisional", DayChunk.samples > 0)
            .distinct()
            .subquery()
        )
    )
    return {
        "suites": suites,
        "open_queries": session.scalar(
            select(func.count()).select_from(Query).where(Query.status != "closed")
        ),
        "quarantined_open": session.scalar(
            select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.status == "open")
        ),
        "excluded_samples_by_rule": {rule: count for rule, count in excluded},  # noqa: C416
        "rejected_batches": len(rejected),
        "rows_in_rejected_batches": sum(rejected),
        "provisional_days": provisional,
    }
