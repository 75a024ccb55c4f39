"""Screening, ScreeningAnswer: who was looked at for the trial, what was answered, and how it was decided."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

SCREENING_OUTCOMES = ("eligible", "screen_failure", "declined")
ANSWER_SOURCES = ("participant", "staff", "laboratory", "document", "form", "consent")
"""Who or what an answer comes from; `form` and `consent` are taken from there, never typed."""


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


class Screening(Base):
    """One look at whether a person may take part; open until it is decided, and locked from then on.

    `failing`: the criteria that were not met, in the protocol's order; the first is the main reason.
    `answers_sha256`: of the answers that it was decided on (`screening.answers_hash`).
    """

    __tablename__ = "screening"
    __table_args__ = (
        CheckConstraint(_among("outcome", SCREENING_OUTCOMES), name="outcome_is_known"),
        CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL)"
            " AND (outcome IS NULL) = (answers_sha256 IS NULL)",
            name="decided_says_all",
        ),
        CheckConstraint(
            "(outcome IS NOT DISTINCT FROM 'screen_failure') = (cardinality(failing) > 0)",
            name="failure_says_why",
        ),
        CheckConstraint(
            "(outcome IS NOT DISTINCT FROM 'declined') = (because IS NOT NULL)",
            name="declined_says_why",
        ),
        UniqueConstraint("participant_id", "number"),
        UniqueConstraint("id", "participant_id", name="uq_screening_id_participant_id"),
        Index(
            "uq_screening_open",
            "participant_id",
            unique=True,
            postgresql_where=text("outcome IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"), index=True)
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    outcome: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    failing: Mapped[list[str]] = mapped_column(ARRAY(TEXT), default=list)
    because: Mapped[str | None]
    answers_sha256: Mapped[str | None]


class ScreeningAnswer(Base):
    """One answer to one of the protocol's variables; null: unknown. Append-only.

    A correction names what it corrects and why; so the answers to a variable form one line, and its
    last holds. Once the screening is decided there are no more.
    """

    __tablename__ = "screening_answer"
    __table_args__ = (
        CheckConstraint(
            "jsonb_typeof(value) IN ('boolean', 'number', 'string', 'null')", name="value_is_one"
        ),
        CheckConstraint(_among("source", ANSWER_SOURCES), name="source_is_known"),
        CheckConstraint("(corrects_id IS NULL) = (because IS NULL)", name="correction_says_why"),
        UniqueConstraint("id", "screening_id", "variable"),
        ForeignKeyConstraint(
            ["corrects_id", "screening_id", "variable"],
            ["screening_answer.id", "screening_answer.screening_id", "screening_answer.variable"],
            name="fk_screening_answer_corrects_id_screening_answer",
        ),
        UniqueConstraint("corrects_id"),
        Index(
            "uq_screening_answer_first",
            "screening_id",
            "variable",
            unique=True,
            postgresql_where=text("corrects_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    screening_id: Mapped[UUID] = mapped_column(ForeignKey("screening.id"), index=True)
    variable: Mapped[str]
    value: Mapped[bool | int | float | str | None] = mapped_column(JSONB, nullable=False)
    source: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    corrects_id: Mapped[UUID | None]
    because: Mapped[str | None]
