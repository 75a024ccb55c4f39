"""ExportSchedule, ExportRun: data sets that leave by themselves, when, where to, and what became of each time."""

from datetime import datetime, time
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TEXT

from hometrial.db import Base

RUN_STATES = ("done", "failed")


class ExportSchedule(Base):
    """Data sets of the whole study at a time of day. `destination` names a place, never a secret.

    `weekdays` from 1, Monday; empty: every day. `credentials`: the file on the server that opens the destination.
    """

    __tablename__ = "export_schedule"
    __table_args__ = (
        CheckConstraint("name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'", name="name_is_plain"),
        CheckConstraint("weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]", name="weekdays_are_known"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="somebody_ended_it"),
        Index(
            "uq_export_schedule_name_open", "name", unique=True, postgresql_where="ended_at IS NULL"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    formats: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    profile: Mapped[str]
    streams: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    at: Mapped[time]
    zone: Mapped[str]
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    destination: Mapped[str]
    credentials: Mapped[str | None]
    is_incremental: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class ExportRun(Base):
    """One time that a schedule was due, or asked for, and how it ended; only ever added."""

    __tablename__ = "export_run"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(map(repr, RUN_STATES))})", name="state_is_known"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="a_failed_one_says_why"),
        CheckConstraint("(state = 'done') = (root IS NOT NULL)", name="a_done_one_has_a_root"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("export_schedule.id"), index=True)
    due_at: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    state: Mapped[str]
    error: Mapped[str | None]
    folder: Mapped[str]
    """Its name at the destination."""
    files: Mapped[int]
    """Files that the manifest names; `sent` of them went, the others lie there since an earlier run."""
    sent: Mapped[int]
    sent_bytes: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str | None]
    cutoff: Mapped[int] = mapped_column(BigInteger)
    """The newest entry of the audit trail that it can hold."""
