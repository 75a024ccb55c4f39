"""WorkItem and ProviderEnd: what waits for a person of the staff, and which provider is ending when."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

WORK_OF_THE_STUDY = ("stopping_rule", "accountability")
"""Kinds of work that may belong to the study, and to nobody in it."""
_OF_THE_STUDY = ", ".join(f"'{kind}'" for kind in WORK_OF_THE_STUDY)


class WorkItem(Base):
    """Something to do about one participant, or about the study; closes by itself when its cause is gone.

    `sleeps_until`: somebody has done what there was to do and waits for what comes of it; `message_id`: what they sent.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        Index(
            "uq_work_item_open",
            "participant_id",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            f"participant_id IS NOT NULL OR kind IN ({_OF_THE_STUDY})",
            name="is_of_somebody_or_of_the_study",
        ),
        CheckConstraint(
            "(sleeps_until IS NULL) = (asleep_because IS NULL)", name="what_sleeps_says_why"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"), index=True)
    kind: Mapped[str]
    """reconnect, relink_before_end, scope_missing, not_linked, retired, our_bug, revoke_pending, ..."""
    subject: Mapped[str]
    """The provider, or provider/stream."""
    reason: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str | None]
    sleeps_until: Mapped[datetime | None]
    asleep_because: Mapped[str | None]
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("message.id"))


class ProviderEnd(Base):
    """The day on which a provider ends its service, as staff recorded it (features.md N18)."""

    __tablename__ = "provider_end"

    provider: Mapped[str] = mapped_column(primary_key=True)
    ends_on: Mapped[date]
    note: Mapped[str]
    recorded_at: Mapped[datetime]
