"""ProtocolVersion, Participation, AnchorDay: the trial as it was published, and which of it a person is in."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

PROTOCOL_STATES = ("draft", "approved", "published", "superseded", "discarded")
_STATES = ", ".join(f"'{state}'" for state in PROTOCOL_STATES)


class ProtocolVersion(Base):
    """One version of a protocol (`hometrial.protocol`): its file as it was loaded, and how far it has come.

    `is_test`: a rehearsal; people in it never reach an export. `sha256` is that of what it declares.
    """

    __tablename__ = "protocol_version"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state_is_known"),
        CheckConstraint(
            "(state IN ('published', 'superseded')) = (published_at IS NOT NULL)",
            name="published_says_when",
        ),
        CheckConstraint("approved_by <> loaded_by OR is_test", name="approved_by_another"),
        Index(
            "uq_protocol_version_in_force",
            "protocol",
            "is_test",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        Index(
            "uq_protocol_version_version",
            "protocol",
            "version",
            "is_test",
            unique=True,
            postgresql_where=text("state <> 'discarded'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    protocol: Mapped[str]
    version: Mapped[str]
    is_test: Mapped[bool]
    state: Mapped[str]
    body: Mapped[str]
    sha256: Mapped[str]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    approved_because: Mapped[str | None]
    published_at: Mapped[datetime | None]


class Participation(Base):
    """From `since` on a person follows a version of a protocol; the newest row holds. Append-only.

    `number` counts the rows, so that two of the same instant have an order.
    """

    __tablename__ = "participation"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    since: Mapped[datetime]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))


class AnchorDay(Base):
    """A day of a person's own trial that visits are counted from (`protocol.arms.Anchor`). Append-only.

    A correction is a newer row of the same anchor, with its reason; no day: it never was.
    """

    __tablename__ = "anchor_day"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    anchor: Mapped[str]
    day: Mapped[date | None]
    recorded_at: Mapped[datetime]
    because: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
