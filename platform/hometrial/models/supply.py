"""Product, Lot, Shipment, SupplyMovement, SupplyCount: where each unit of the drug came from and went."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

SUPPLY_MOVES = (
    "received",
    "dispensed",
    "quarantined",
    "released",
    "destroyed",
    "quarantine_destroyed",
    "transferred",
    "returned",
    "returns_destroyed",
    "lost",
)
"""Names of `hometrial.protocol.dosing.supply.Move`, lower case."""
_MOVES = ", ".join(f"'{move}'" for move in SUPPLY_MOVES)


class Product(Base):
    """What the drug comes in: a formulation of a protocol in one strength (mg a capsule or a millilitre).

    `lowest_c` and `highest_c`: between which it is kept (degrees Celsius); null: it need not be.
    """

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("strength > 0", name="strength_is_above_nothing"),
        CheckConstraint("lowest_c < highest_c", name="kept_between"),
        UniqueConstraint("protocol", "formulation", "strength", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    protocol: Mapped[str]
    formulation: Mapped[str]
    strength: Mapped[Decimal] = mapped_column(Numeric)
    name: Mapped[str]
    excipients: Mapped[list[str]] = mapped_column(JSONB)
    lowest_c: Mapped[Decimal | None] = mapped_column(Numeric)
    highest_c: Mapped[Decimal | None] = mapped_column(Numeric)
    by: Mapped[str]
    at: Mapped[datetime]


class Lot(Base):
    """A lot of a product; `use_by` is its last day, `certificate_sha256` that of its certificate's file."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("made_on < use_by", name="is_used_after_it_was_made"),
        CheckConstraint("length(certificate_sha256) = 64", name="hash_is_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(unique=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), index=True)
    maker: Mapped[str]
    made_on: Mapped[date]
    use_by: Mapped[date]
    certificate_sha256: Mapped[str | None]
    by: Mapped[str]
    at: Mapped[datetime]


class Shipment(Base):
    """Units of a lot that came to a place, with what their temperature logger showed (null: there was none)."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint("received_on >= sent_on", name="is_received_after_it_was_sent"),
        CheckConstraint("lowest_c <= highest_c", name="temperatures_in_order"),
        CheckConstraint("(lowest_c IS NULL) = (highest_c IS NULL)", name="temperatures_are_both"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    place: Mapped[str]
    courier: Mapped[str]
    tracking: Mapped[str]
    sent_on: Mapped[date]
    received_on: Mapped[date]
    lowest_c: Mapped[Decimal | None] = mapped_column(Numeric)
    highest_c: Mapped[Decimal | None] = mapped_column(Numeric)
    condition: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class SupplyMovement(Base):
    """Units of a lot that moved (`hometrial.protocol.dosing.supply.Movement`), by number. Append-only.

    `place` is where they were, or where they came to.
    """

    __tablename__ = "supply_movement"
    __table_args__ = (
        CheckConstraint(f"move IN ({_MOVES})", name="move_is_known"),
        CheckConstraint("units > 0", name="units_are_above_nothing"),
        CheckConstraint(
            "(participant_id IS NOT NULL) = (move IN ('dispensed', 'returned', 'lost'))",
            name="names_the_person",
        ),
        CheckConstraint(
            "(shipment_id IS NOT NULL) = (move = 'received')", name="received_in_a_shipment"
        ),
        CheckConstraint(
            "(witnessed_by IS NOT NULL)"
            " = (move IN ('destroyed', 'quarantine_destroyed', 'returns_destroyed'))",
            name="destroyed_before_a_witness",
        ),
        CheckConstraint("witnessed_by <> by", name="witness_is_another"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(unique=True)
    move: Mapped[str]
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    units: Mapped[Decimal] = mapped_column(Numeric)
    day: Mapped[date]
    place: Mapped[str]
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"), index=True)
    shipment_id: Mapped[UUID | None] = mapped_column(ForeignKey("shipment.id"))
    witnessed_by: Mapped[str | None]
    why: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class SupplyCount(Base):
    """Units of a lot that somebody counted, at a place or with a person; `expected`: what ought to be there. Append-only.

    A count that was wrong is counted again: the newest holds.
    """

    __tablename__ = "supply_count"
    __table_args__ = (
        CheckConstraint("counted >= 0", name="counted_from_nothing"),
        CheckConstraint(
            "(place IS NULL) <> (participant_id IS NULL)", name="is_at_a_place_or_with_a_person"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(unique=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), index=True)
    place: Mapped[str | None]
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"), index=True)
    day: Mapped[date]
    counted: Mapped[Decimal] = mapped_column(Numeric)
    expected: Mapped[Decimal] = mapped_column(Numeric)
    why: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
