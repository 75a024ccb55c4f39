"""How staff prove who they are: passkeys, a password with codes of an app, codes for an emergency, links to set up.

What is made and taken away is audited. What is merely used is not, so that nobody's log-in waits for an import.
What is secret stands here as a hash or sealed, always as bytes, of which the trail keeps a hash again.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

_ACCOUNT = "staff_account.id"
_OPEN_TOKEN = text("revoked_at IS NULL")


class StaffPasskey(Base):
    """A passkey of somebody of the staff; it asks its owner for finger, face or PIN."""

    __tablename__ = "staff_passkey"
    __table_args__ = (
        CheckConstraint("sign_count >= 0", name="counts_from_zero"),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]
    registered_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class StaffPasskeyUse(Base):
    """A passkey proved who sits there; its counter then. A counter that counts never shows a value twice."""

    __tablename__ = "staff_passkey_use"
    __table_args__ = (
        CheckConstraint("sign_count >= 0", name="counts_from_zero"),
        Index(
            "uq_staff_passkey_use_count",
            "passkey_id",
            "sign_count",
            unique=True,
            postgresql_where=text("sign_count > 0"),
        ),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    passkey_id: Mapped[UUID] = mapped_column(ForeignKey("access.staff_passkey.id"), index=True)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[datetime]


class StaffPassword(Base):
    """A password's hash and the sealed secret of the app beside it: there is never one without the other."""

    __tablename__ = "staff_password"
    __table_args__ = ({"schema": "access"},)

    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT), primary_key=True)
    password_hash: Mapped[bytes]
    app_secret: Mapped[bytes]
    set_at: Mapped[datetime]


class StaffCodeUse(Base):
    """A code of the app was used: its half minute opens nothing a second time."""

    __tablename__ = "staff_code_use"
    __table_args__ = ({"schema": "access"},)

    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    used_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code on paper that stands in once for a lost device."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        CheckConstraint("octet_length(code_hmac) = 32", name="code_is_hashed"),
        CheckConstraint("used_at IS NULL OR replaced_at IS NULL", name="used_or_replaced"),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT), index=True)
    code_hmac: Mapped[bytes]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]


class SetupLink(Base):
    """A link with which somebody sets up how they log in; of its token only the hash is kept."""

    __tablename__ = "setup_link"
    __table_args__ = (
        CheckConstraint("octet_length(token_sha256) = 32", name="token_is_hashed"),
        CheckConstraint(
            "expires_at BETWEEN made_at + interval '10 minutes' AND made_at + interval '7 days'",
            name="lasts_minutes_to_days",
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended_for_a_reason"),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT), index=True)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class StaffToken(Base):
    """A token with which a program reads as its owner; of it only the hash is kept."""

    __tablename__ = "staff_token"
    __table_args__ = (
        CheckConstraint("octet_length(token_sha256) = 32", name="token_is_hashed"),
        CheckConstraint("length(btrim(name)) BETWEEN 1 AND 64", name="name_is_told"),
        CheckConstraint(
            "expires_at > made_at AND expires_at <= made_at + interval '366 days'",
            name="lasts_a_year_at_most",
        ),
        Index(
            "uq_staff_token_name",
            "account_id",
            "name",
            unique=True,
            postgresql_where=_OPEN_TOKEN,
        ),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(_ACCOUNT))
    name: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class StaffChallenge(Base):
    """What a passkey has to sign, made here, used once; bound to a browser, and to its session or link if it has one."""

    __tablename__ = "staff_challenge"
    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'enter', 'confirm')", name="purpose_is_known"),
        CheckConstraint(
            "(purpose = 'enter') = (bound_sha256 IS NULL)", name="only_entering_is_unbound"
        ),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        CheckConstraint("(used_at IS NULL) = (outcome IS NULL)", name="use_has_an_outcome"),
        CheckConstraint("outcome IN ('accepted', 'refused')", name="outcome_is_known"),
        {"schema": "access"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    purpose: Mapped[str]
    browser_sha256: Mapped[bytes] = mapped_column(unique=True)
    bound_sha256: Mapped[bytes | None]
    challenge: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
