"""StaffAccount, StaffGrant, StaffSession, AccessRecord: who of the staff may do what where, and what they looked at."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

ROLES = (
    "coordinator",
    "data_manager",
    "investigator",
    "statistician",
    "monitor",
    "dsmb",
    "admin",
)
"""What somebody of the staff is, in the words of a trial (features.md F6)."""
ANYWHERE = ("statistician", "monitor", "dsmb", "admin")
"""Roles that may be held at all sites at once: who sees all sites writes about nobody (trust.md TM5)."""
WITHOUT_SITE = ("dsmb", "admin")
"""Roles that serve the study as a whole."""
ACCESS_KINDS = (
    "log_in",
    "log_out",
    "refused_log_in",
    "refused",
    "viewed",
    "identity",
    "exported",
    "signed",
)


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


class StaffAccount(Base):
    """Somebody of the staff; `name` is what they log in with, and who acts in the audit trail."""

    __tablename__ = "staff_account"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9.-]{1,31}$'", name="name_is_plain"),
        CheckConstraint("btrim(full_name) <> ''", name="full_name_is_told"),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_because IS NULL)", name="disabled_for_a_reason"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None]


class StaffGrant(Base):
    """A role at a site (None: at all of them), asked for by one person and decided by another."""

    __tablename__ = "staff_grant"
    __table_args__ = (
        CheckConstraint(f"role IN ({_quoted(ROLES)})", name="role_is_known"),
        CheckConstraint(
            f"site_id IS NOT NULL OR role IN ({_quoted(ANYWHERE)})", name="who_writes_has_a_site"
        ),
        CheckConstraint(
            f"role NOT IN ({_quoted(WITHOUT_SITE)}) OR site_id IS NULL",
            name="who_serves_the_study_has_none",
        ),
        CheckConstraint("decided_by <> requested_by", name="decided_by_another"),
        CheckConstraint("btrim(reason) <> ''", name="reason_is_told"),
        CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)",
            name="decided_as_a_whole",
        ),
        CheckConstraint(
            "(ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (end_reason IS NULL)",
            name="ended_as_a_whole",
        ),
        CheckConstraint("ended_at IS NULL OR approved", name="only_an_approved_one_ends"),
        Index(
            "uq_staff_grant_held",
            "account_id",
            "role",
            "site_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("approved IS NOT FALSE AND ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    role: Mapped[str]
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    reason: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class StaffSession(Base):
    """A browser that has logged in; of its cookie only the hash is kept."""

    __tablename__ = "staff_session"
    __table_args__ = (
        CheckConstraint("octet_length(token_sha256) = 32", name="token_is_hashed"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended_for_a_reason"),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    opened_at: Mapped[datetime]
    used_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    """When whoever sits there last proved who they are: signatures ask for a fresh proof."""
    means: Mapped[str]
    address: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class AccessRecord(Base):
    """Something that was looked at, taken away, tried or refused (features.md E19); append-only."""

    __tablename__ = "access_record"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_quoted(ACCESS_KINDS)})", name="kind_is_known"),
        {"schema": "access"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    action: Mapped[str]
    """The action of the permission table, or the endpoint where none applies."""
    subject: Mapped[str | None] = mapped_column(index=True)
    """The pseudonym of whom it was about."""
    what: Mapped[str]
    address: Mapped[str]
