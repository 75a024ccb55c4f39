"""Identity: who a participant is, in a schema and under a role of its own, encrypted (D12)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class Identity(Base):
    """Name and addresses of one participant; each column is ciphertext bound to row and column."""

    __tablename__ = "identity"
    __table_args__ = {"schema": "identity"}  # noqa: RUF012

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    name: Mapped[bytes | None]
    email: Mapped[bytes | None]
    phone: Mapped[bytes | None]
    created_at: Mapped[datetime]
