"""SavedView and BulkAct: how somebody of the staff likes to see the list of people, and what was done for many at once."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

BULK_ACTIONS = ("remind", "relink", "contact")
LONGEST_VIEW_NAME = 60


class SavedView(Base):
    """A view of the list of people that an account keeps under a name: the query part of its address."""

    __tablename__ = "saved_view"
    __table_args__ = (
        CheckConstraint(
            f"btrim(name) <> '' AND length(name) <= {LONGEST_VIEW_NAME}", name="name_is_told"
        ),
        CheckConstraint("length(query) <= 1000", name="query_is_short"),
        UniqueConstraint("account_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str]
    query: Mapped[str]
    saved_at: Mapped[datetime]


class BulkAct(Base):
    """Something that an account did for many people at once: for whom, who was left out and why. Append-only.

    `done`: pseudonyms; `left_out`: pairs of a pseudonym and the reason.
    """

    __tablename__ = "bulk_act"
    __table_args__ = (
        CheckConstraint("action IN ('remind', 'relink', 'contact')", name="action_is_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    action: Mapped[str]
    at: Mapped[datetime]
    done: Mapped[list[str]] = mapped_column(JSONB)
    left_out: Mapped[list[Any]] = mapped_column(JSONB)
