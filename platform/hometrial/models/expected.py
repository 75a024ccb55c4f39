"""ExpectedForm: which forms a person is to fill in, and when each is open, as worked out from their calendar."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class ExpectedForm(Base):
    """One form that one person is asked on one occasion. Worked out anew when what it follows from has changed.

    `excused` says why it is not expected, as far as the calendar knows; pauses and what was handed in are looked
    up when somebody asks.
    """

    __tablename__ = "expected_form"
    __table_args__ = (
        CheckConstraint("kind IN ('visit', 'diary')", name="kind_is_known"),
        CheckConstraint("closes_at > opens_at", name="closes_after_it_opens"),
        Index("ix_expected_form_participant_id_day", "participant_id", "day"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    day: Mapped[date]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    excused: Mapped[str | None]
