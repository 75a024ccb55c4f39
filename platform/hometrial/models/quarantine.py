"""QuarantinedRow and Query: what was set aside, why, and who decided about it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class Query(Base):
    """A question about data: opened by a rule, closed when all its rows are decided."""

    __tablename__ = "query"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed')", name="status_is_known"),
        UniqueConstraint("batch_id", "participant_id", "signal", "rule"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"), index=True)
    signal: Mapped[str]
    rule: Mapped[str]
    question: Mapped[str]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]


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
