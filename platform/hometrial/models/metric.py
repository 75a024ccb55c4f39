"""DailyMetric and Gap: what a day amounts to, and which hours are missing and why."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

GAP_CAUSES = (
    "not_worn",
    "not_synced",
    "token_dead",
    "scope_missing",
    "not_consented",
    "paused",
    "provider_outage",
    "retired",
    "quarantined",
    "not_in_source",
    "unknown",
)
"""Why an hour is missing (features.md N2). `quarantined`: samples came and wait for a decision;
`not_in_source`: this source never carries the stream."""


class DailyMetric(Base):
    """One measure of one participant's local day, with the rule that made it."""

    __tablename__ = "daily_metric"
    __table_args__ = (
        UniqueConstraint("participant_id", "day", "metric"),
        Index("ix_daily_metric_metric_day", "metric", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    day: Mapped[date]
    metric: Mapped[str]
    value: Mapped[float]
    rule: Mapped[str]
    rule_version: Mapped[int]
    computed_at: Mapped[datetime]


class Gap(Base):
    """A stretch of whole local hours without a sample of a stream, and its cause."""

    __tablename__ = "gap"
    __table_args__ = (
        UniqueConstraint("participant_id", "stream", "start_at"),
        CheckConstraint(f"cause IN {GAP_CAUSES}", name="cause_is_known"),
        CheckConstraint("end_at > start_at", name="end_is_after_start"),
        Index("ix_gap_participant_id_day", "participant_id", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    stream: Mapped[str]
    day: Mapped[date]
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    cause: Mapped[str]
    rule_version: Mapped[int]
