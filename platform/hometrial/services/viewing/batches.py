"""Batches with their verdicts and findings, and GX's report of a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, select, true
from sqlalchemy.orm import Session, defer

from hometrial.models import (
    Batch,
    Finding,
    Participant,
    Payload,
    Pull,
    PullPage,
    Query,
    Verdict,
    VerdictLimits,
)
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
    """A verdict with what it found, errors first; `limits`: the version of the limits, 0 as the rules come."""

    verdict: Verdict
    findings: Sequence[Finding]
    limits: int


@dataclass(frozen=True)
class KeptPage:
    """One page of a read, as it was kept."""

    pull: Pull
    page: PullPage
    payload: Payload


@dataclass(frozen=True)
class BatchDetail:
    """One batch with the file it came in, or the first of the pages that its reads kept.

    `people` are those of its people whom the session sees; `is_whole`: it sees all of them. Of a batch that is
    not whole only counts are shown, for a finding quotes rows of anybody.
    """

    batch: Batch
    payload: Payload | None
    pages: Sequence[KeptPage]
    more_pages: int
    verdicts: Sequence[Judged]
    queries: Sequence[Query]
    people: Sequence[str]
    is_whole: bool


def newest(session: Session, start: int = 0, status: str | None = None) -> BatchList:
    """Return a page of the batches with anybody whom the session sees, newest first."""
    wanted = [_is_seen(), true() if status is None else Batch.status == status]
    found = select(Batch).where(*wanted).order_by(Batch.created_at.desc(), Batch.path)
    total = session.scalar(select(func.count()).select_from(Batch).where(*wanted)) or 0
    return BatchList(session.scalars(found.offset(start).limit(PER_PAGE)).all(), total, start)


def _is_seen() -> ColumnElement[bool]:
    """Ask for batches of somebody who is seen, and of nobody: a file that was refused before anybody was found."""
    somebody = select(Participant.id).where(Participant.code == any_(Batch.participants))
    return somebody.exists() | (func.cardinality(Batch.participants) == 0)


def _seen(session: Session, codes: Sequence[str]) -> list[str]:
    found = select(Participant.code).where(Participant.code.in_(codes)).order_by(Participant.code)
    return list(session.scalars(found))


def detail(session: Session, batch_id: UUID) -> BatchDetail | None:
    """Return a batch with its verdicts, None if there is none, or none of anybody who is seen."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        return None
    people = _seen(session, batch.participants)
    if batch.participants and not people:
        return None
    queries = session.scalars(
        select(Query).where(Query.batch_id == batch_id).order_by(Query.status.desc(), Query.rule)
    ).all()
    payload = None if batch.payload_id is None else session.get_one(Payload, batch.payload_id)
    pages, more = ([], 0) if payload else _pages(session, batch_id)
    whole = len(people) == len(set(batch.participants))
    verdicts = _verdicts(session, batch_id)
    return BatchDetail(batch, payload, pages, more, verdicts, queries, people, whole)


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
    made = session.execute(
        select(VerdictLimits.verdict_id, VerdictLimits.number).where(
            VerdictLimits.verdict_id.in_([verdict.id for verdict in verdicts])
        )
    )
    numbers = {verdict: number for verdict, number in made}  # noqa: C416
    return [
        Judged(verdict, findings.get(verdict.id, []), numbers.get(verdict.id, 0))
        for verdict in verdicts
    ]


def report_html(session: Session, verdict_id: UUID) -> bytes | None:
    """Return GX's own HTML report of a verdict, None if there is none, or if it is about people who are not seen.

    It is stored as eight bytes of length and the zstd-compressed page.
    """
    row = session.execute(
        select(Verdict.report, Batch.participants)
        .join(Batch, Batch.id == Verdict.batch_id)
        .where(Verdict.id == verdict_id)
    ).one_or_none()
    if row is None or len(_seen(session, row.participants)) < len(set(row.participants)):
        return None
    return reports.unpacked(row.report)


def columns_of(examples: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of the values that examples hold, in the order in which they come."""
    return list(dict.fromkeys(name for example in examples for name in example))
