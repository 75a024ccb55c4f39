"""The state of the data in numbers, each with the page that tells more: a fixed few questions of the study."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Batch, DayChunk, QuarantinedRow, Query, RuleVersion
from hometrial.services.viewing import queries, syncs
from hometrial.services.viewing.syncs import Backlog

LATELY = timedelta(days=30)
RULES_SHOWN = 8


@dataclass(frozen=True)
class Overview:
    """What a person who answers for the data looks at first."""

    queries: dict[str, int]
    ages: Sequence[tuple[str, int, int]]
    open_rows: int
    oldest_row: datetime | None
    rows_by_rule: Sequence[tuple[str, int]]
    batches: dict[str, int]
    refused: int
    unreadable: int
    late_days: int
    rule_version: int
    backlog: Backlog


def overview(session: Session) -> Overview:
    """Return the numbers of now, and of the last 30 days where they are of what came in."""
    since = clock.now() - LATELY
    rows, oldest = session.execute(
        select(func.count(QuarantinedRow.id), func.min(Query.opened_at))
        .join(Query, Query.id == QuarantinedRow.query_id)
        .where(QuarantinedRow.status == "open")
    ).one()
    by_rule = session.execute(
        select(QuarantinedRow.rule, func.count())
        .where(QuarantinedRow.status == "open")
        .group_by(QuarantinedRow.rule)
        .order_by(func.count().desc(), QuarantinedRow.rule)
        .limit(RULES_SHOWN)
    ).all()
    batches = {
        status: (count, unreadable)
        for status, count, unreadable in session.execute(
            select(Batch.status, func.count(), func.coalesce(func.sum(Batch.rows_unreadable), 0))
            .where(Batch.created_at >= since)
            .group_by(Batch.status)
        )
    }
    return Overview(
        queries.counts(session, queries.Wanted()),
        queries.ages(session),
        rows,
        oldest,
        [(rule, count) for rule, count in by_rule],
        {status: count for status, (count, _) in batches.items()},
        batches.get("rejected", (0, 0))[0],
        sum(unreadable for _, unreadable in batches.values()),
        _late_days(session, since),
        session.scalar(select(func.coalesce(func.max(RuleVersion.number), 0))) or 0,
        syncs.backlog(session),
    )


def _late_days(session: Session, since: datetime) -> int:
    """Return how many days of people got a newer version lately that came a week or more after the day."""
    return (
        session.scalar(
            select(func.count()).where(
                DayChunk.is_current,
                DayChunk.stream == "heart_rate",
                DayChunk.day >= since.date(),
                DayChunk.version > 1,
                func.date(DayChunk.created_at) - DayChunk.day >= 7,
            )
        )
        or 0
    )
