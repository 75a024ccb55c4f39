"""QuarantinedRow, Query, QueryEvent: what was set aside or asked about, why, and who said and decided what."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


QUERY_STEPS = ("opened", "answered", "assigned", "reopened", "closed")
"""What happens to a query, step by step."""


class Query(Base):
    """A question about data, opened by a rule or by hand; its steps are in QueryEvent.

    One about quarantined `rows` has a batch and closes with the last of them. One about something else names
    that in `subject`, as `form/ldn_diary/ldn_diary@2026-03-04/pain`; where a rule opened it, the rule closes it
    as soon as it holds.
    """

    __tablename__ = "query"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'answered', 'closed')", name="status_is_known"),
        CheckConstraint("(batch_id IS NOT NULL) = (subject = 'rows')", name="asks_about_one_thing"),
        CheckConstraint(
            "subject = 'rows' OR participant_id IS NOT NULL", name="subject_is_of_a_person"
        ),
        CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (closed_by IS NULL)",
            name="closed_by_somebody",
        ),
        UniqueConstraint("batch_id", "participant_id", "signal", "rule"),
        Index(
            "uq_query_one_open_of_a_rule",
            "participant_id",
            "subject",
            "rule",
            unique=True,
            postgresql_where=text("closed_at IS NULL AND subject <> 'rows'"),
        ),
        Index("ix_query_waiting", "status", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batch.id"), index=True)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"), index=True)
    signal: Mapped[str]
    rule: Mapped[str]
    question: Mapped[str]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]
    subject: Mapped[str] = mapped_column(default="rows")
    day: Mapped[date | None]
    opened_by: Mapped[str | None]
    """Who opened it by hand; nobody did where a rule did."""
    assignee: Mapped[str | None]


class QueryEvent(Base):
    """One step of a query by hand, or by a rule that holds again, with what was said. Append-only."""

    __tablename__ = "query_event"
    __table_args__ = (
        CheckConstraint(_among("kind", QUERY_STEPS), name="kind_is_known"),
        CheckConstraint("btrim(text) <> '' AND btrim(by) <> ''", name="somebody_says_something"),
        CheckConstraint(
            "(kind = 'assigned') = (assignee IS NOT NULL)", name="assigned_to_somebody"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    query_id: Mapped[UUID] = mapped_column(ForeignKey("query.id"), index=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    text: Mapped[str]
    assignee: Mapped[str | None]


class QuarantinedRow(Base):
    """One sample that failed a rule, whole, with the rule, the value and the reason."""

    __tablename__ = "quarantined_row"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'released', 'confirmed')", name="status_is_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    query_id: Mapped[UUID] = mapped_column(ForeignKey("query.id"), index=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    signal: Mapped[str]
    row: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date | None]
    rule: Mapped[str]
    suite: Mapped[str]
    suite_version: Mapped[int]
    reason: Mapped[str]
    sample: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sample_sha256: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
