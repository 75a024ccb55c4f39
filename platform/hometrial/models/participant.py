"""Site and Participant: a pseudonym, a status, and the zones that the person has lived in."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

PHONE = r"^\+?[0-9][0-9 ()/-]{2,30}$"
"""How a telephone number is written, so that a telephone can dial it."""


class Site(Base):
    """A study centre, and how its people reach it: shown to them on every page. `country`: ISO 3166-1 alpha-3."""

    __tablename__ = "site"
    __table_args__ = (
        CheckConstraint(f"phone ~ '{PHONE}'", name="phone_is_a_number"),
        CheckConstraint("email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email_is_an_address"),
        CheckConstraint("btrim(hours) <> ''", name="hours_are_told"),
        CheckConstraint("country ~ '^[A-Z]{3}$'", name="country_is_a_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    hours: Mapped[str | None]
    country: Mapped[str | None]


class Participant(Base):
    """A person of the study, by pseudonym only."""

    __tablename__ = "participant"
    __table_args__ = (CheckConstraint("code ~ '^P-[0-9]{4,}$'", name="code_is_a_pseudonym"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="enrolled")
    created_at: Mapped[datetime]


class ParticipantZone(Base):
    """From `valid_from` on the person's wall clock is that of `zone`; null: since ever.

    Append-only: a correction is a newer row with the same `valid_from` (features.md R3).
    """

    __tablename__ = "participant_zone"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    zone: Mapped[str]
    valid_from: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    source: Mapped[str]


class WearableAccount(Base):
    """A person's account at a provider; one account belongs to one participant."""

    __tablename__ = "wearable_account"
    __table_args__ = (UniqueConstraint("provider", "external_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    provider: Mapped[str]
    external_id: Mapped[str]
    created_at: Mapped[datetime]


class Device(Base):
    """An instrument of a participant, with the local days on which it was first and last seen."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("participant_id", "provider", "source", "model"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    provider: Mapped[str]
    source: Mapped[str]
    model: Mapped[str]
    firmware: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
