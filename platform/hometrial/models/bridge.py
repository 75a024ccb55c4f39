"""Bridge and PushReceipt: phones that push what they hold, and what was answered to each push."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class Bridge(Base):
    """A phone app of one participant that may push (Health Connect, Apple Health); hash of its token."""

    __tablename__ = "bridge"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PushReceipt(Base):
    """What a push under one key was answered: the same key with the same body gets it again."""

    __tablename__ = "push_receipt"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    bridge_id: Mapped[UUID] = mapped_column(ForeignKey("bridge.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    payload_id: Mapped[UUID | None] = mapped_column(ForeignKey("payload.id"))
    received_at: Mapped[datetime]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
