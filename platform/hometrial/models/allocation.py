"""Allocation: what was committed to, who came to which arm, and what stays sealed until the end."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class AllocationScheme(Base):
    """A trial's allocation: `commitment` is the SHA-256 of its sealed file, public from the start. Append-only."""

    __tablename__ = "allocation_scheme"
    __table_args__ = (
        CheckConstraint("commitment ~ '^[0-9a-f]{64}$'", name="commitment_is_a_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    protocol_version_id: Mapped[UUID] = mapped_column(
        ForeignKey("protocol_version.id"), unique=True
    )
    commitment: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]


class AllocationSeal(Base):
    """The sealed file of a scheme, encrypted; read only by the role that allocates. Append-only."""

    __tablename__ = "allocation_seal"
    __table_args__ = {"schema": "vault"}  # noqa: RUF012

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("allocation_scheme.id"), primary_key=True)
    file: Mapped[bytes]


class Allocation(Base):
    """A person's arm, once ever. `number`: the how-manieth of the stratum. Append-only.

    `levels`: the stratification factors as they stood in the locked answers.
    """

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("scheme_id", "stratum", "number"),
        CheckConstraint("number > 0", name="number_counts_from_one"),
        ForeignKeyConstraint(
            ["screening_id", "participant_id"],
            ["screening.id", "screening.participant_id"],
            name="fk_allocation_screening_id_screening",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("allocation_scheme.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), unique=True)
    screening_id: Mapped[UUID] = mapped_column(unique=True)
    arm: Mapped[str]
    stratum: Mapped[str]
    number: Mapped[int]
    levels: Mapped[dict[str, str]] = mapped_column(JSONB)
    allocated_at: Mapped[datetime]
    allocated_by: Mapped[str]


class AllocationDraw(Base):
    """What would betray the next allocation: how much of the stream is used up, and the imbalance. Append-only.

    It is read at the end, when the scheme is verified, by the role that allocates.
    """

    __tablename__ = "allocation_draw"
    __table_args__ = {"schema": "vault"}  # noqa: RUF012

    allocation_id: Mapped[UUID] = mapped_column(ForeignKey("allocation.id"), primary_key=True)
    drawn: Mapped[int]
    imbalance: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    preferred: Mapped[str | None]


class AllocationInError(Base):
    """An allocation that should not have been made, and why; the person keeps the arm. Append-only."""

    __tablename__ = "allocation_in_error"
    __table_args__ = (CheckConstraint("because ~ '\\S'", name="says_why"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    allocation_id: Mapped[UUID] = mapped_column(ForeignKey("allocation.id"), unique=True)
    marked_at: Mapped[datetime]
    marked_by: Mapped[str]
    because: Mapped[str]


class AllocationReveal(Base):
    """The sealed file made public at the end; nobody is allocated by its scheme any more. Append-only."""

    __tablename__ = "allocation_reveal"
    __table_args__ = (CheckConstraint("because ~ '\\S'", name="says_why"),)

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("allocation_scheme.id"), primary_key=True)
    file: Mapped[str]
    revealed_at: Mapped[datetime]
    revealed_by: Mapped[str]
    because: Mapped[str]
