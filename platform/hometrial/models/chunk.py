"""DayChunk: the accepted samples of one participant, stream and local day, version by version (D3)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class DayChunk(Base):
    """A Parquet blob of samples. Exactly one version of a day is current; all versions are kept.

    A version that is not current and has no later current one came late: its file was made before
    the one that is current, so that its differing values are history from the first moment.
    """

    __tablename__ = "day_chunk"
    __table_args__ = (
        UniqueConstraint("participant_id", "stream", "day", "version"),
        Index(
            "uq_day_chunk_current",
            "participant_id",
            "stream",
            "day",
            unique=True,
            postgresql_where=text("is_current"),
        ),
        Index(
            "ix_day_chunk_provisional",
            "day",
            postgresql_where=text("is_current AND state = 'provisional'"),
        ),
        CheckConstraint("state IN ('provisional', 'final')", name="state_is_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    stream: Mapped[str]
    day: Mapped[date]
    version: Mapped[int]
    is_current: Mapped[bool]
    state: Mapped[str]
    samples: Mapped[int]
    added: Mapped[int]
    revised: Mapped[int]
    as_of: Mapped[datetime]
    content_sha256: Mapped[str]
    body: Mapped[bytes]
    because: Mapped[str]
    """Why this version exists, in words: imported, read, device synced late, released, taken back, ..."""
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    created_at: Mapped[datetime]
