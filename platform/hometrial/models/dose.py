"""DoseEvent and ToldHistory: what was ordered and taken, and what people tell of the years before."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

DOSE_EVENT_KINDS = ("order", "intake", "interruption", "resumption", "void")
_KINDS = ", ".join(f"'{kind}'" for kind in DOSE_EVENT_KINDS)


class DoseEvent(Base):
    """One event of a person's dose (`hometrial.protocol.dosing.events`). Append-only.

    `number` counts from 1 within the person; others name the event by it. `day`: from which an order, an
    interruption or its end holds, or for which a dose counts, in the person's own calendar. `body`: the rest,
    amounts as text. `corrects` and `ends`: the numbers of the event that it replaces and of the
    interruption that is over. `key`: what the sender gave it, so that the same thing sent twice is there once.
    """

    __tablename__ = "dose_event"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_is_known"),
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("(kind = 'void') = (day IS NULL)", name="only_void_has_no_day"),
        CheckConstraint("kind <> 'void' OR corrects IS NOT NULL", name="void_names_an_event"),
        CheckConstraint("corrects < number", name="corrects_what_came_before"),
        CheckConstraint("(kind = 'resumption') = (ends IS NOT NULL)", name="only_resumption_ends"),
        CheckConstraint("corrects IS NULL OR why <> ''", name="correction_says_why"),
        CheckConstraint("kind <> 'order' OR why <> ''", name="order_says_why"),
        CheckConstraint("by <> ''", name="says_by_whom"),
        UniqueConstraint("participant_id", "number"),
        ForeignKeyConstraint(
            ["participant_id", "corrects"],
            ["dose_event.participant_id", "dose_event.number"],
            name="fk_dose_event_corrects_dose_event",
        ),
        ForeignKeyConstraint(
            ["participant_id", "ends"],
            ["dose_event.participant_id", "dose_event.number"],
            name="fk_dose_event_ends_dose_event",
        ),
        Index("uq_dose_event_corrects", "participant_id", "corrects", unique=True),
        Index("uq_dose_event_key", "participant_id", "key", unique=True),
        Index(
            "ix_dose_event_orders",
            "participant_id",
            "number",
            postgresql_where=text("kind IN ('order', 'void')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    kind: Mapped[str]
    day: Mapped[date | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[str]
    at: Mapped[datetime]
    zone: Mapped[str]
    why: Mapped[str]
    corrects: Mapped[int | None]
    ends: Mapped[int | None]
    key: Mapped[str | None]


class ToldHistory(Base):
    """What a person tells of doses and treatments before the trial, as a whole. Append-only.

    The row with the highest `number` holds; each but the first says why the one before was wrong or not all.
    """

    __tablename__ = "told_history"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("number = 1 OR why <> ''", name="correction_says_why"),
        CheckConstraint("by <> ''", name="says_by_whom"),
        UniqueConstraint("participant_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[str]
    at: Mapped[datetime]
    zone: Mapped[str]
    why: Mapped[str]
