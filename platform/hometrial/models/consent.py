"""ConsentEvent and Pause: what a person agreed to, data type by data type, and when they rest."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class ConsentEvent(Base):
    """One decision about one data type (`hometrial_ingest.data_types.DataType`). Append-only.

    From `effective_at` on it holds for what is observed. `keep_late` of a withdrawal says whether what was
    observed before it may still come in afterwards; of a grant it is null.
    """

    __tablename__ = "consent_event"
    __table_args__ = (
        CheckConstraint("decision IN ('granted', 'withdrawn')", name="decision_is_known"),
        CheckConstraint(
            "(decision = 'withdrawn') = (keep_late IS NOT NULL)",
            name="withdrawal_says_what_of_late",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    data_type: Mapped[str]
    decision: Mapped[str]
    effective_at: Mapped[datetime]
    keep_late: Mapped[bool | None]
    recorded_at: Mapped[datetime]
    source: Mapped[str]


class Pause(Base):
    """A stretch in which a person rests from the study: gaps in it are `paused` (features.md A27)."""

    __tablename__ = "pause"
    __table_args__ = (CheckConstraint("end_at > start_at", name="end_is_after_start"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    start_at: Mapped[datetime]
    end_at: Mapped[datetime | None]
    reason: Mapped[str]
