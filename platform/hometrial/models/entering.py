"""How a participant gets in: the hash of an address, codes sent there, passkeys, and confirmations that it is them.

All are audited. What is secret stands here only as a keyed hash or as bytes, of which the trail keeps a hash.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

MEANS = ("passkey", "e-mail code")
"""What proves anew who somebody is; a link alone is none of them."""
VOUCHERS = (*MEANS, "invitation")
"""What stood behind a new passkey; an invitation only for who has no address on record."""
MOST_TRIES = 5
"""So often a code may be typed wrongly."""


class EntryAddress(Base):
    """The keyed hash of a person's e-mail address, by which they are found without reading the address."""

    __tablename__ = "entry_address"
    __table_args__ = (
        CheckConstraint("length(address_hmac) = 64", name="hash_is_whole"),
        UniqueConstraint("address_hmac"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    address_hmac: Mapped[str]
    recorded_at: Mapped[datetime]


class EntryCode(Base):
    """A code that somebody asked for. It is asked for an unknown address, too: then nobody's, and never sent.

    `browser_sha256` is of a secret that only the asking browser holds; `visit_sha256` of the visit that a code
    confirms, none where it opens one.
    """

    __tablename__ = "entry_code"
    __table_args__ = (
        CheckConstraint(f"tries BETWEEN 0 AND {MOST_TRIES}", name="tries_are_few"),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        CheckConstraint(
            "used_at IS NULL OR (participant_id IS NOT NULL AND tries > 0)", name="used_by_somebody"
        ),
        CheckConstraint(
            "visit_sha256 IS NULL OR participant_id IS NOT NULL", name="confirms_somebody"
        ),
        CheckConstraint("length(address_hmac) = 64", name="hash_is_whole"),
        UniqueConstraint("browser_sha256"),
        Index("ix_entry_code_participant_id", "participant_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    address_hmac: Mapped[str]
    browser_sha256: Mapped[str]
    visit_sha256: Mapped[str | None]
    code_hmac: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int]
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A passkey of a person, as it was registered. Append-only: uses and the removal are rows of their own.

    So nobody can exchange a key or turn its counter back, and the trail of a signature stays whole after the
    passkey is gone.
    """

    __tablename__ = "passkey"
    __table_args__ = (
        CheckConstraint(f"registered_by IN {VOUCHERS}", name="registered_by_is_known"),
        CheckConstraint("sign_count >= 0", name="counts_from_zero"),
        UniqueConstraint("credential_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]
    registered_by: Mapped[str]
    registered_at: Mapped[datetime]


class PasskeyUse(Base):
    """A passkey opened or confirmed a visit; its counter then. A counter that counts never shows a value twice."""

    __tablename__ = "passkey_use"
    __table_args__ = (
        CheckConstraint("purpose IN ('enter', 'confirm')", name="purpose_is_known"),
        CheckConstraint("sign_count >= 0", name="counts_from_zero"),
        Index("ix_passkey_use_passkey_id_used_at", "passkey_id", "used_at"),
        Index(
            "uq_passkey_use_count",
            "passkey_id",
            "sign_count",
            unique=True,
            postgresql_where=text("sign_count > 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    passkey_id: Mapped[UUID] = mapped_column(ForeignKey("passkey.id"))
    purpose: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[datetime]


class PasskeyRemoval(Base):
    """A passkey is worth nothing from then on."""

    __tablename__ = "passkey_removal"

    passkey_id: Mapped[UUID] = mapped_column(ForeignKey("passkey.id"), primary_key=True)
    removed_at: Mapped[datetime]


class PasskeyChallenge(Base):
    """What a passkey has to sign, made here, used once; bound to a browser, and to a visit where there is one."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'enter', 'confirm')", name="purpose_is_known"),
        CheckConstraint(
            "(purpose = 'enter') = (visit_sha256 IS NULL)", name="only_entering_has_no_visit"
        ),
        CheckConstraint("expires_at > created_at", name="expires_after_created"),
        CheckConstraint("(used_at IS NULL) = (outcome IS NULL)", name="use_has_an_outcome"),
        CheckConstraint("outcome IN ('accepted', 'refused')", name="outcome_is_known"),
        UniqueConstraint("browser_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    purpose: Mapped[str]
    browser_sha256: Mapped[str]
    visit_sha256: Mapped[str | None]
    challenge: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class VisitConfirmation(Base):
    """A person proved anew who they are; `visit_sha256` is of the cookie that the visit has since then."""

    __tablename__ = "visit_confirmation"
    __table_args__ = (
        CheckConstraint(f"means IN {MEANS}", name="means_are_known"),
        Index("ix_visit_confirmation_visit_sha256", "visit_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    visit_sha256: Mapped[str] = mapped_column(ForeignKey("sync.visitor.cookie_sha256"))
    means: Mapped[str]
    confirmed_at: Mapped[datetime]
