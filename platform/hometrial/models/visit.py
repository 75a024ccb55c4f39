"""VisitRecord and Contact: visits held and missed, and every attempt to reach a person."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

VISIT_MODES = ("video", "phone", "remote", "clinic", "system")
CONTACT_WAYS = ("phone", "video", "email", "sms", "letter", "message", "in_person")
CONTACT_OUTCOMES = ("reached", "no_answer", "left_message", "sent", "wrong_address", "refused")


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


class VisitRecord(Base):
    """A visit that was held on a day, or missed for a reason. Append-only.

    `number` counts repetitions from 1. `days_outside`: by how many days it missed its window when it was
    recorded, negative if too early; null for a missed or an unscheduled visit. A correction names
    what it corrects and why.
    """

    __tablename__ = "visit_record"
    __table_args__ = (
        CheckConstraint("outcome IN ('held', 'missed')", name="outcome_is_known"),
        CheckConstraint(_among("mode", VISIT_MODES), name="mode_is_known"),
        CheckConstraint(
            "(outcome = 'held') = (day IS NOT NULL) AND (outcome = 'held') = (mode IS NOT NULL)",
            name="held_says_when_and_how",
        ),
        CheckConstraint("(outcome = 'missed') = (reason IS NOT NULL)", name="missed_says_why"),
        CheckConstraint(
            "(days_outside IS NOT NULL) = (outcome = 'held' AND due IS NOT NULL)",
            name="held_says_how_far_outside",
        ),
        CheckConstraint("outcome = 'held' OR due IS NOT NULL", name="only_what_is_due_is_missed"),
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("(corrects_id IS NULL) = (because IS NULL)", name="correction_says_why"),
        UniqueConstraint("id", "participant_id", "visit", "number"),
        ForeignKeyConstraint(
            ["corrects_id", "participant_id", "visit", "number"],
            [
                "visit_record.id",
                "visit_record.participant_id",
                "visit_record.visit",
                "visit_record.number",
            ],
            name="fk_visit_record_corrects_id_visit_record",
        ),
        UniqueConstraint("corrects_id"),
        Index(
            "uq_visit_record_first",
            "participant_id",
            "visit",
            "number",
            unique=True,
            postgresql_where=text("corrects_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    visit: Mapped[str]
    number: Mapped[int]
    due: Mapped[date | None]
    outcome: Mapped[str]
    day: Mapped[date | None]
    days_outside: Mapped[int | None]
    mode: Mapped[str | None]
    reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    corrects_id: Mapped[UUID | None]
    because: Mapped[str | None]


class Contact(Base):
    """One attempt to reach a person, or one time that they called; and what comes next. Append-only."""

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint("direction IN ('to_person', 'from_person')", name="direction_is_known"),
        CheckConstraint(_among("way", CONTACT_WAYS), name="way_is_known"),
        CheckConstraint(_among("outcome", CONTACT_OUTCOMES), name="outcome_is_known"),
        CheckConstraint("(next_on IS NULL) = (next_step IS NULL)", name="next_says_when_and_what"),
        CheckConstraint("(corrects_id IS NULL) = (because IS NULL)", name="correction_says_why"),
        UniqueConstraint("id", "participant_id"),
        ForeignKeyConstraint(
            ["corrects_id", "participant_id"],
            ["contact.id", "contact.participant_id"],
            name="fk_contact_corrects_id_contact",
        ),
        UniqueConstraint("corrects_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    at: Mapped[datetime]
    direction: Mapped[str]
    way: Mapped[str]
    by: Mapped[str]
    outcome: Mapped[str]
    note: Mapped[str | None]
    next_on: Mapped[date | None]
    next_step: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    corrects_id: Mapped[UUID | None]
    because: Mapped[str | None]
