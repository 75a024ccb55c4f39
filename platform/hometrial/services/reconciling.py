"""Sums against the source's own totals, day by day: where they differ, the report names the days."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Batch, DailyMetric, Participant

# (what is summed here, the source's own total, which signals' files call for the comparison)
CHECKS = (
    ("steps_hour_sum", "steps_daily"),
    ("steps_minute_sum", "steps_daily"),
    ("sleep_session_minutes", "minutes_asleep_daily"),
)
SHOWN = 500
"""How many differing days a report lists; the count is always whole."""


def reconcile(session: Session, batch_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Compare the days of these batches; one entry for each sum that they, or earlier ones, allow.

    An entry counts the days on which the sum equals the source's total, differs from it, or is missing,
    and lists the differing ones. A total is never corrected: sources know more than their minutes do.
    """
    values = _values(session, batch_ids)
    return [entry for check in CHECKS if (entry := _compare(values, *check)) is not None]


_Values = dict[tuple[str, str], dict[str, float]]


def _values(session: Session, batch_ids: Sequence[UUID]) -> _Values:
    """Return the metrics of every (participant, day) that the batches tell of."""
    names = {name for check in CHECKS for name in check}
    found: _Values = {}
    for batch in session.scalars(select(Batch).where(Batch.id.in_(list(batch_ids)))):
        if batch.first_day is None or batch.last_day is None:
            continue
        rows = session.execute(
            select(Participant.code, DailyMetric.day, DailyMetric.metric, DailyMetric.value)
            .join(Participant, Participant.id == DailyMetric.participant_id)
            .where(
                Participant.code.in_(batch.participants),
                DailyMetric.day.between(batch.first_day, batch.last_day),
                DailyMetric.metric.in_(names),
            )
        )
        for code, day, metric, value in rows:
            found.setdefault((code, day.isoformat()), {})[metric] = value
    return found


def _compare(values: _Values, summed: str, total: str) -> dict[str, Any] | None:
    days = {key: each for key, each in values.items() if total in each}
    with_sum = {key: each for key, each in days.items() if summed in each}
    if not with_sum:
        return None
    differing = [
        {"participant": code, "day": day, "total": each[total], "sum": each[summed]}
        for (code, day), each in sorted(with_sum.items())
        if each[total] != each[summed]
    ]
    return {
        "sum": summed,
        "total": total,
        "days_agree": len(with_sum) - len(differing),
        "days_differ": len(differing),
        "days_without_sum": len(days) - len(with_sum),
        "differing": differing[:SHOWN],
    }
