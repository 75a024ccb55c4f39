"""Alert and AlertEvent: what called for somebody, and all that was done about it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

ALERT_EVENTS = ("repeated", "acknowledged", "acted", "closed")


class Alert(Base):
    """What a rule found about a person, or about the study (no person). Append-only.

    `due_at`: by when somebody must have answered; null: in the next contact. `values`: what it was raised
    from, so that it can be judged again. What was done is in AlertEvent.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("level IN ('red', 'amber', 'blue')", name="level_is_known"),
        CheckConstraint("level = 'blue' OR due_at IS NOT NULL", name="has_a_clock"),
        CheckConstraint("due_at > created_at", name="due_is_after_created"),
        Index("ix_alert_participant_id_rule", "participant_id", "rule"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    rule: Mapped[str]
    rule_version: Mapped[str]
    level: Mapped[str]
    text: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    owner: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]


class AlertEvent(Base):
    """One thing that happened to an alert: found again, acknowledged, acted upon, closed. Append-only."""

    __tablename__ = "alert_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('repeated', 'acknowledged', 'acted', 'closed')", name="kind_is_known"
        ),
        CheckConstraint("(kind = 'repeated') = (values IS NOT NULL)", name="repeated_says_what"),
        CheckConstraint("(kind = 'acted') = (action IS NOT NULL)", name="acted_says_how"),
        CheckConstraint("(kind = 'closed') = (because IS NOT NULL)", name="closed_says_why"),
        Index(
            "uq_alert_event_acknowledged",
            "alert_id",
            unique=True,
            postgresql_where=text("kind = 'acknowledged'"),
        ),
        Index(
            "uq_alert_event_closed",
            "alert_id",
            unique=True,
            postgresql_where=text("kind = 'closed'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"), index=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    action: Mapped[str | None]
    because: Mapped[str | None]
    values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
