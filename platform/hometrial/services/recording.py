"""Daily metrics and gaps of many people written down: only rows that differ, one statement for all.

One statement also means one run of the audit trail's trigger.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Gap
from hometrial.services import metrics
from hometrial.services.comparing import day_number, day_of
from hometrial.services.metrics import GapSpan

Measured = Mapping[UUID, Mapping[int, Mapping[str, float]]]
"""Metrics by person and local day (days since 1970)."""
Missing = Mapping[UUID, Mapping[int, Sequence[GapSpan]]]
"""Gaps by person and local day."""

_KNOWN = """
    SELECT t.* FROM {table} t WHERE t.participant_id = ANY(CAST(:whole AS uuid[]))
    UNION ALL
    SELECT t.* FROM unnest(CAST(:people AS uuid[]), CAST(:days AS date[])) AS w (person, day)
    JOIN {table} t ON t.participant_id = w.person AND t.day = w.day
"""
_NEW_METRICS = text("""
    INSERT INTO daily_metric (id, participant_id, day, metric, value, rule, rule_version, computed_at)
    SELECT n.id, n.person, n.day, n.metric, n.value, n.metric, n.version, :now
    FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS uuid[]), CAST(:c2 AS date[]), CAST(:c3 AS text[]),
                CAST(:c4 AS float8[]), CAST(:c5 AS int[])) AS n (id, person, day, metric, value, version)
""")
_CHANGED_METRICS = text("""
    UPDATE daily_metric t SET value = n.value, rule_version = n.version, computed_at = :now
    FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS float8[]), CAST(:c2 AS int[])) AS n (id, value, version)
    WHERE t.id = n.id
""")
_NEW_GAPS = text("""
    INSERT INTO gap (id, participant_id, day, stream, start_at, end_at, cause, rule_version)
    SELECT n.id, n.person, n.day, n.stream, n.start_at, n.end_at, n.cause, :version
    FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS uuid[]), CAST(:c2 AS date[]), CAST(:c3 AS text[]),
                CAST(:c4 AS timestamptz[]), CAST(:c5 AS timestamptz[]), CAST(:c6 AS text[]))
        AS n (id, person, day, stream, start_at, end_at, cause)
""")


def save_metrics(session: Session, measured: Measured, whole: Collection[UUID] = ()) -> None:
    """Make the metrics of these days what was measured; of `whole` people no other day has any."""
    known = {
        (row.participant_id, day_number(row.day), row.metric): row
        for row in _known(session, "daily_metric", measured, whole)
    }
    new: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    for person, day, values in _days(measured):
        for name, value in values.items():
            version = metrics.RULES[name].version
            row = known.pop((person, day, name), None)
            if row is None:
                new.append((uuid4(), person, day_of(day), name, value, version))
            elif (row.value, row.rule_version) != (value, version):
                changed.append((row.id, value, version))
    _delete(session, "daily_metric", [row.id for row in known.values()])
    _write(session, _CHANGED_METRICS, changed, now=clock.now())
    _write(session, _NEW_METRICS, new, now=clock.now())


def save_gaps(session: Session, missing: Missing, whole: Collection[UUID] = ()) -> None:
    """Make the gaps of these days what was found; of `whole` people no other day has any."""
    known = {
        (row.participant_id, row.stream, row.start_at, row.end_at, row.cause, row.rule_version): row
        for row in _known(session, "gap", missing, whole)
    }
    new: list[tuple[Any, ...]] = []
    for person, day, found in _days(missing):
        for gap in found:
            start, end = clock.instant(gap.start_at), clock.instant(gap.end_at)
            key = (person, gap.stream, start, end, gap.cause, metrics.GAP_RULE_VERSION)
            if known.pop(key, None) is None:
                new.append((uuid4(), person, day_of(day), gap.stream, start, end, gap.cause))
    _delete(session, "gap", [row.id for row in known.values()])
    _write(session, _NEW_GAPS, new, version=metrics.GAP_RULE_VERSION)


def last_gaps(session: Session, people: Iterable[UUID]) -> dict[UUID, int]:
    """Return the last local day with a gap of each of these people that has any."""
    rows = session.execute(
        select(Gap.participant_id, func.max(Gap.day))
        .where(Gap.participant_id.in_(list(people)))
        .group_by(Gap.participant_id)
    )
    return {person: day_number(day) for person, day in rows}


def _days(found: Mapping[UUID, Mapping[int, Any]]) -> Iterable[tuple[UUID, int, Any]]:
    for person, days in found.items():
        for day, values in days.items():
            yield person, day, values


def _known(
    session: Session, table: str, found: Mapping[UUID, Mapping[int, Any]], whole: Collection[UUID]
) -> Iterable[Any]:
    """Return the rows that stand there of these days, and all rows of `whole` people."""
    days = [(person, day_of(day)) for person, day, _ in _days(found) if person not in whole]
    return session.execute(
        text(_KNOWN.format(table=table)),
        {
            "whole": list(whole),
            "people": [person for person, _ in days],
            "days": [day for _, day in days],
        },
    )


def _delete(session: Session, table: str, ids: Sequence[UUID]) -> None:
    if ids:
        statement = f"DELETE FROM {table} WHERE id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608
        session.execute(text(statement), {"ids": ids})


def _write(session: Session, statement: Any, rows: Sequence[tuple[Any, ...]], **more: Any) -> None:
    if rows:
        columns = {
            f"c{place}": list(values) for place, values in enumerate(zip(*rows, strict=True))
        }
        session.execute(statement, columns | more)
