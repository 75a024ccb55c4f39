"""Pull and its pages: the sync log; what is known of each stream; budgets; notifications."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

PULL_STATES = ("fetching", "fetched", "done", "stopped", "failed")
"""`fetched`: its pages are kept and wait for the gate; `stopped`: consent or the link ended meanwhile."""


class Pull(Base):
    """One read of one stream of one account over a window: a line of the sync log (features.md C18)."""

    __tablename__ = "pull"
    __table_args__ = (
        CheckConstraint(f"state IN {PULL_STATES}", name="state_is_known"),
        Index("ix_pull_account_id_started_at", "account_id", "started_at"),
        Index("ix_pull_waiting", "account_id", postgresql_where=text("state = 'fetched'")),
        {"schema": "sync"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    provider: Mapped[str]
    kind: Mapped[str]  # hourly, nightly, backfill, hint, manual, push
    stream: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    device_synced_at: Mapped[datetime | None]
    state: Mapped[str]
    started_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    unchanged: Mapped[bool] = mapped_column(default=False)
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_accepted: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_duplicate: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_quarantined: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_unreadable: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_not_consented: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_absent: Mapped[int] = mapped_column(BigInteger, default=0)
    error_kind: Mapped[str | None]
    error: Mapped[str | None]
    request_id: Mapped[str | None]
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batch.id"), index=True)


class PullPage(Base):
    """One page of a pull, in the order of reading; its bytes are the payload's."""

    __tablename__ = "pull_page"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    pull_id: Mapped[UUID] = mapped_column(ForeignKey("sync.pull.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id"), index=True)
    name: Mapped[str]
    request: Mapped[str]
    request_id: Mapped[str | None]


class StreamState(Base):
    """What is known of one stream of one account.

    `known`: the time that was read completely after the device had handed its data over for it: where
    nothing is stored there, there is nothing. `data_until`: the end of the newest sample. `obstacle`: why
    the last read failed (a `ProviderError.kind`), null after a good one.
    """

    __tablename__ = "stream_state"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    known: Mapped[list[Range[datetime]]] = mapped_column(TSTZMULTIRANGE)
    read_at: Mapped[datetime | None]
    data_until: Mapped[datetime | None]
    obstacle: Mapped[str | None]
    obstacle_since: Mapped[datetime | None]
    obstacle_text: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]


class AccountPlan(Base):
    """When an account's recurring reads were last made: hourly by instant, nightly by local day."""

    __tablename__ = "account_plan"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"), primary_key=True)
    hourly_at: Mapped[datetime | None]
    nightly_on: Mapped[date | None]
    whole_since: Mapped[date | None]
    """The first local day of the stretch up to today that was read at least once: backfill goes on before."""


class RateBucket(Base):
    """A budget of calls that all workers share: tokens that refill with time (a token bucket)."""

    __tablename__ = "rate_bucket"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    key: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    refilled_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class WebhookEvent(Base):
    """A provider's notification as it came; a hint to read, never data."""

    __tablename__ = "webhook_event"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    provider: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[bytes]
    hints: Mapped[int]
    of_nobody: Mapped[int]
    """How many of its hints name an account that is nobody's here."""
