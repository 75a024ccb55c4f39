"""A linked wearable account: its state, its tokens, the invitations and attempts that lead to it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

CONNECTION_STATES = (
    "active",
    "reconnect_needed",
    "not_linked",
    "retired",
    "unlinking",
    "unlinked",
)
"""`not_linked`: the account has no health profile at the provider; `unlinking`: nothing is read any more
and the provider has not confirmed the revocation yet; `retired`: the provider shut its service."""


class Connection(Base):
    """The state of one wearable account's link. One row an account, over all its re-links."""

    __tablename__ = "connection"
    __table_args__ = (
        CheckConstraint(f"status IN {CONNECTION_STATES}", name="status_is_known"),
        UniqueConstraint("account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    status: Mapped[str]
    status_since: Mapped[datetime]
    status_reason: Mapped[str]
    streams: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    """The provider's streams whose scope the person granted."""
    former_id: Mapped[str | None]
    linked_at: Mapped[datetime]


class Token(Base):
    """An account's tokens, sealed; in a schema that only the worker's role reads (D12).

    `version` rises with each refresh, so that whoever waited for the row's lock sees that it was done.
    """

    __tablename__ = "token"
    __table_args__ = {"schema": "vault"}  # noqa: RUF012

    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"), primary_key=True)
    access: Mapped[bytes]
    refresh: Mapped[bytes | None]
    expires_at: Mapped[datetime]
    refresh_expires_at: Mapped[datetime | None]
    version: Mapped[int]
    refreshed_at: Mapped[datetime]


class LinkInvitation(Base):
    """A single-use link to the participant's page for linking a watch; only its hash is kept."""

    __tablename__ = "link_invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LinkAttempt(Base):
    """One trip to a provider's sign-in page: state (hashed) bound to person and provider, PKCE verifier."""

    __tablename__ = "link_attempt"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    state_sha256: Mapped[str] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    provider: Mapped[str]
    verifier: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Visitor(Base):
    """A session of the participant site, opened by an invitation; only the cookie's hash is kept."""

    __tablename__ = "visitor"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    cookie_sha256: Mapped[str] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PairedDevice(Base):
    """A device as its account's provider lists it, with its battery and its last hand-over of data."""

    __tablename__ = "paired_device"
    __table_args__ = {"schema": "sync"}  # noqa: RUF012

    account_id: Mapped[UUID] = mapped_column(ForeignKey("wearable_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str]
    kind: Mapped[str]
    battery: Mapped[str | None]
    last_sync_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
