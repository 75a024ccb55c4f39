"""DataRequest: data sets that somebody asked for, while they are made, kept and taken away."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, TEXT, BigInteger, CheckConstraint, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

DELIVERY_STATES = ("waiting", "running", "ready", "failed", "expired")


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
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    sites: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    formats: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
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
