"""DataLock, LockSource, LockSignature, BoardDecision: a study's data as they were, named, signed and decided on.

Nothing of it is ever changed or removed.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TEXT

from hometrial.db import Base

LOCK_KINDS = ("interim", "final")
LOCK_ROLES = ("data_manager", "investigator")
"""As whom a lock is signed: one person each, and not the same."""
BOARD_DECISIONS = ("continue", "modify", "pause", "stop")
"""What a safety board can recommend."""


class DataLock(Base):
    """A snapshot under a name: what it was made of (`source`), how (`facts`), and the one hash of its folder.

    `cutoff` is the newest entry of the audit trail that it can hold. `facts` are the manifest's, word by word.
    """

    __tablename__ = "data_lock"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, LOCK_KINDS))})", name="kind_is_known"),
        CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'", name="name_is_plain"),
        CheckConstraint("number > 0", name="number_counts_from_1"),
        CheckConstraint("root ~ '^[0-9a-f]{64}$'", name="root_is_a_hash"),
        CheckConstraint("reason <> ''", name="says_why"),
        UniqueConstraint("id", "root"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    reason: Mapped[str]
    profile: Mapped[str]
    formats: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    streams: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    """The streams whose samples the folder holds."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    cutoff: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    root: Mapped[str]
    data_sets: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    """The rows of each data set, as the manifest tells them."""
    samples: Mapped[int | None] = mapped_column(BigInteger)
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("data_lock.id"))


class LockSource(Base):
    """A source table of a lock, as a Parquet file: the lock is rebuilt from these and nothing else."""

    __tablename__ = "lock_source"
    __table_args__ = (CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_a_hash"),)

    lock_id: Mapped[UUID] = mapped_column(ForeignKey("data_lock.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[int]
    sha256: Mapped[str]
    body: Mapped[bytes]


class LockSignature(Base):
    """Somebody signed a lock's root: what it means is said, and who proved who they are just before."""

    __tablename__ = "lock_signature"
    __table_args__ = (
        CheckConstraint(f"role IN ({', '.join(map(repr, LOCK_ROLES))})", name="role_is_known"),
        CheckConstraint("root ~ '^[0-9a-f]{64}$'", name="root_is_a_hash"),
        CheckConstraint("meaning <> ''", name="says_what_it_means"),
        ForeignKeyConstraint(
            ["lock_id", "root"],
            ["data_lock.id", "data_lock.root"],
            name="fk_lock_signature_lock_id_root_data_lock",
        ),
        UniqueConstraint("lock_id", "role"),
        UniqueConstraint("lock_id", "signed_by"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    lock_id: Mapped[UUID] = mapped_column(ForeignKey("data_lock.id"), index=True)
    role: Mapped[str]
    signed_by: Mapped[str]
    signed_name: Mapped[str]
    signed_at: Mapped[datetime]
    meaning: Mapped[str]
    root: Mapped[str]


class BoardDecision(Base):
    """What the safety board made of a lock, signed by one of it; a correction is a newer one."""

    __tablename__ = "board_decision"
    __table_args__ = (
        CheckConstraint(
            f"decision IN ({', '.join(map(repr, BOARD_DECISIONS))})", name="decision_is_known"
        ),
        CheckConstraint("root ~ '^[0-9a-f]{64}$'", name="root_is_a_hash"),
        CheckConstraint("btrim(because) <> ''", name="says_why"),
        ForeignKeyConstraint(
            ["lock_id", "root"],
            ["data_lock.id", "data_lock.root"],
            name="fk_board_decision_lock_id_root_data_lock",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    lock_id: Mapped[UUID] = mapped_column(ForeignKey("data_lock.id"), index=True)
    root: Mapped[str]
    met_on: Mapped[date]
    decision: Mapped[str]
    because: Mapped[str]
    decided_at: Mapped[datetime]
    signed_by: Mapped[str]
    signed_name: Mapped[str]
