"""DataRequest: data sets that somebody asked for, while they are made, kept and taken away."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, TEXT, BigInteger, CheckConstraint, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

DELIVERY_STATES = ("waiting", "running", "ready", "failed", "expired")
DELIVERY_KINDS = ("draft", "lock", "rebuild")
"""What is asked for: what is stored now, a new lock of it, or the files of a lock again."""


class DataRequest(Base):
    """One export that was asked for on the staff site, of the people of `sites`; its file is kept for some days."""

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint(
            f"state IN ({', '.join(repr(state) for state in DELIVERY_STATES)})",
            name="state_is_known",
        ),
        CheckConstraint(
            "(state IN ('ready', 'expired')) = (sha256 IS NOT NULL)", name="a_ready_one_has_a_file"
        ),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="a_failed_one_says_why"),
        CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in DELIVERY_KINDS)})", name="kind_is_known"
        ),
        CheckConstraint("kind <> 'rebuild' OR lock_id IS NOT NULL", name="a_rebuild_names_a_lock"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    sites: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    kind: Mapped[str] = mapped_column(server_default="draft")
    profile: Mapped[str] = mapped_column(server_default="study")
    formats: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    streams: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default="{}")
    """The streams whose samples are wanted."""
    lock_name: Mapped[str | None]
    lock_kind: Mapped[str | None]
    reason: Mapped[str | None]
    lock_id: Mapped[UUID | None] = mapped_column(ForeignKey("data_lock.id"))
    """The lock that came of it, or whose files are made again."""
    done: Mapped[int] = mapped_column(server_default="0")
    steps: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str]
    step: Mapped[str]
    """What is being written, or was last."""
    error: Mapped[str | None]
    files: Mapped[int | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
