"""Payload, Batch, Verdict, Finding: what came, what was made of it, and what the gate said."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class Payload(Base):
    """One file or page as it was sent; its bytes are in PayloadPart."""

    __tablename__ = "payload"
    __table_args__ = (UniqueConstraint("provider", "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    provider: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime]


class PayloadPart(Base):
    """A stretch of a payload's bytes, compressed with zstd; the parts in order are the payload."""

    __tablename__ = "payload_part"

    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    body: Mapped[bytes]


class Batch(Base):
    """One validated unit of ingest: one payload read for one scope of participants, or some pulls.

    rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_unreadable + rows_not_consented,
    always. Rows that are not consented to are counted and nowhere kept.
    """

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint(
            "rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_unreadable"
            " + rows_not_consented",
            name="every_row_is_accounted_for",
        ),
        CheckConstraint("status IN ('accepted', 'partly', 'rejected')", name="status_is_known"),
        CheckConstraint("(payload_id IS NULL) = (kind = 'pull')", name="one_payload_or_pulls"),
        UniqueConstraint("payload_id", "kind", "scope", "reader_revision"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"), index=True)
    provider: Mapped[str]
    kind: Mapped[str]
    path: Mapped[str]
    scope: Mapped[str]
    reader_revision: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str | None]
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_accepted: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_duplicate: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_quarantined: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_unreadable: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_not_consented: Mapped[int] = mapped_column(BigInteger, default=0)
    quarantined_by_rule: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    unreadable: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    participants: Mapped[list[str]] = mapped_column(ARRAY(TEXT), default=list)
    chunks: Mapped[int] = mapped_column(default=0)
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    observed_from: Mapped[datetime | None]
    observed_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Verdict(Base):
    """What one suite said of one frame of a batch, with GX's own report (zstd HTML)."""

    __tablename__ = "verdict"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    segment: Mapped[int]
    signal: Mapped[str]
    suite: Mapped[str]
    suite_version: Mapped[int]
    success: Mapped[bool]
    evaluated: Mapped[int] = mapped_column(BigInteger)
    report: Mapped[bytes]


class Finding(Base):
    """One rule that some rows of a verdict broke."""

    __tablename__ = "finding"
    __table_args__ = (CheckConstraint("severity IN ('error', 'flag')", name="severity_is_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    verdict_id: Mapped[UUID] = mapped_column(ForeignKey("verdict.id"), index=True)
    rule: Mapped[str]
    severity: Mapped[str]
    rows: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[str]
    examples: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
