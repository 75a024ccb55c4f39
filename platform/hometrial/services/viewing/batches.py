"""Batches with their verdicts and findings, and GX's report of a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from hometrial.models import Batch, Finding, Payload, Pull, PullPage, Query, Verdict
from hometrial.services import reports

PER_PAGE = 100
PAGES_SHOWN = 200


@dataclass(frozen=True)
class BatchList:
    """One page of batches, newest first, of `total`."""

    batches: Sequence[Batch]
    total: int
    start: int


@dataclass(frozen=True)
class Judged:
    """A verdict with what it found, errors first."""

    verdict: Verdict
    findings: Sequence[Finding]


@dataclass(frozen=True)
class KeptPage:
    """One page of a read, as it was kept."""

    pull: Pull
    page: PullPage
    payload: Payload


@dataclass(frozen=True)
class BatchDetail:
    """One batch with the file it came in, or the first of the pages that its reads kept."""

    batch: Batch
    payload: Payload | None
    pages: Sequence[KeptPage]
    more_pages: int
    verdicts: Sequence[Judged]
    queries: Sequence[Query]


def newest(session: Session, start: int = 0) -> BatchList:
    """Return a page of batches, newest first."""
    found = (
        select(Batch).order_by(Batch.created_at.desc(), Batch.path).offset(start).limit(PER_PAGE)
    )
    total = session.scalar(select(func.count()).select_from(Batch)) or 0
    return BatchList(session.scalars(found).all(), total, start)


def detail(session: Session, batch_id: UUID) -> BatchDetail | None:
    """Return a batch with its verdicts, None if there is no such batch."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        return None
    queries = session.scalars(
        select(Query).where(Query.batch_id == batch_id).order_by(Query.status.desc(), Query.rule)
    ).all()
    payload = None if batch.payload_id is None else session.get_one(Payload, batch.payload_id)
    pages, more = ([], 0) if payload else _pages(session, batch_id)
    return BatchDetail(batch, payload, pages, more, _verdicts(session, batch_id), queries)


def _pages(session: Session, batch_id: UUID) -> tuple[list[KeptPage], int]:
    """Return the first pages of a batch's reads in the order of reading, and how many more there are."""
    found = select(Pull, PullPage, Payload).join(PullPage, PullPage.pull_id == Pull.id)
    found = found.join(Payload, Payload.id == PullPage.payload_id).where(Pull.batch_id == batch_id)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    rows = session.execute(
        found.order_by(Pull.started_at, Pull.stream, Pull.id, PullPage.number).limit(PAGES_SHOWN)
    ).all()
    return [KeptPage(*row) for row in rows], total - len(rows)


def _verdicts(session: Session, batch_id: UUID) -> list[Judged]:
    verdicts = session.scalars(
        select(Verdict)
        .where(Verdict.batch_id == batch_id)
        .order_by(Verdict.segment, Verdict.signal)
        .options(defer(Verdict.report))
    ).all()
    findings: dict[UUID, list[Finding]] = {}
    for each in session.scalars(
        select(Finding)
        .where(Finding.verdict_id.in_([verdict.id for verdict in verdicts]))
        .order_by(Finding.severity, Finding.rule)
    ):
        findings.setdefault(each.verdict_id, []).append(each)
    return [Judged(verdict, findings.get(verdict.id, [])) for verdict in verdicts]


def report_html(session: Session, verdict_id: UUID) -> bytes | None:
    """Return GX's own HTML report of a verdict, None if there is no such verdict.

    It is stored as eight bytes of length and the zstd-compressed page.
    """
    report = session.scalar(select(Verdict.report).where(Verdict.id == verdict_id))
    if report is None:
        return None
    return reports.unpacked(report)


def columns_of(examples: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of the values that examples hold, in the order in which they come."""
    return list(dict.fromkeys(name for example in examples for name in example))
