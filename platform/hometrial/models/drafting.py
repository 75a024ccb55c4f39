"""ProtocolDraft, ProtocolDraftRevision, ProtocolDraftSubmission: a protocol while it is written, and each state of it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class ProtocolDraft(Base):
    """A protocol that is being written. `origin`: what it began as, in words; `base_id`: the version, if it was one.

    It ends when it is set aside; what was submitted of it stays.
    """

    __tablename__ = "protocol_draft"
    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="name_is_told"),
        CheckConstraint("btrim(origin) <> ''", name="origin_is_told"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_because IS NULL)",
            name="ended_as_a_whole",
        ),
        CheckConstraint("btrim(ended_because) <> ''", name="ended_for_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    origin: Mapped[str]
    base_id: Mapped[UUID | None] = mapped_column(ForeignKey("protocol_version.id"))
    is_test: Mapped[bool]
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]


class ProtocolDraftRevision(Base):
    """A draft as somebody saved it: its file, and the words of its consent documents by their place. Append-only.

    Whoever saves says which revision they began with: the next number is taken once.
    """

    __tablename__ = "protocol_draft_revision"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("btrim(because) <> ''", name="because_is_told"),
        UniqueConstraint("draft_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_draft.id"))
    number: Mapped[int]
    body: Mapped[str]
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]
    because: Mapped[str]


class ProtocolDraftSubmission(Base):
    """A revision that was handed in for approval, and the version that it became. Append-only."""

    __tablename__ = "protocol_draft_submission"
    __table_args__ = (
        CheckConstraint("btrim(because) <> ''", name="because_is_told"),
        ForeignKeyConstraint(
            ["draft_id", "number"],
            ["protocol_draft_revision.draft_id", "protocol_draft_revision.number"],
            name="fk_protocol_draft_submission_draft_id_protocol_draft_revision",
        ),
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"), primary_key=True)
    draft_id: Mapped[UUID]
    number: Mapped[int]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[str]
    because: Mapped[str]
