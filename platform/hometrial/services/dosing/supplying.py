"""The drug on its way: products, lots, shipments, and every unit that is dispensed, returned, lost or destroyed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Lot, Participant, Product, Shipment, SupplyMovement
from hometrial.protocol.dosing import supply
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Move
from hometrial.services.agreeing import reconsenting
from hometrial.services.dosing import accounting, footing

_DESTROYED = (Move.DESTROYED, Move.QUARANTINE_DESTROYED, Move.RETURNS_DESTROYED)


@dataclass(frozen=True)
class Moved:
    """Units of a lot that moved: what happened, where, to whom if it is a person's, and why.

    `witnessed_by`: who saw them destroyed.
    """

    move: Move
    units: Decimal
    place: str
    participant: Participant | None = None
    why: str = ""
    witnessed_by: str | None = None


@dataclass(frozen=True)
class Shipped:
    """A delivery as it came: where, how many, when it was sent, and what its temperature logger showed (Celsius).

    None of the latter: there was no logger.
    """

    place: str
    units: Decimal
    sent_on: date
    courier: str = ""
    tracking: str = ""
    lowest_c: Decimal | None = None
    highest_c: Decimal | None = None
    condition: str = ""


def find_lot(session: Session, code: str) -> Lot:
    """Return a lot by its code. Raises SupplyRefusedError that lists those there are."""
    found = session.scalars(select(Lot).where(Lot.code == code)).one_or_none()
    if found is None:
        known = ", ".join(session.scalars(select(Lot.code).order_by(Lot.code))) or "none"
        raise SupplyRefusedError(f"there is no lot {code}; there are {known}")
    return found


def receive(session: Session, lot: Lot, shipped: Shipped, *, by: str) -> Shipment:
    """Record a delivery; one that was too cold or too warm, or that nobody logged where it matters, is quarantined.

    Raises SupplyRefusedError of a lot that is past its last day, or of no units.
    """
    today = clock.now().date()
    if shipped.sent_on > today:
        raise SupplyRefusedError(f"lot {lot.code}: sent on {shipped.sent_on}, which is to come")
    product = session.get_one(Product, lot.product_id)
    shipment = Shipment(
        lot_id=lot.id,
        place=shipped.place,
        courier=shipped.courier,
        tracking=shipped.tracking,
        sent_on=shipped.sent_on,
        received_on=today,
        lowest_c=shipped.lowest_c,
        highest_c=shipped.highest_c,
        condition=shipped.condition,
        by=by,
        at=clock.now(),
    )
    session.add(shipment)
    session.flush()
    came = Moved(Move.RECEIVED, shipped.units, shipped.place, why="delivered")
    _store(session, lot, came, by=by, shipment=shipment)
    because = "past its last day" if lot.use_by < today else _excursion(product, shipped)
    if because:
        kept = Moved(Move.QUARANTINED, shipped.units, shipped.place, why=because)
        _store(session, lot, kept, by=by)
    return shipment


def kept_apart(session: Session, shipment: Shipment) -> str | None:
    """Return why a delivery went into quarantine as it came, None if it is on the shelf."""
    came = select(SupplyMovement.number).where(SupplyMovement.shipment_id == shipment.id)
    return session.scalar(
        select(SupplyMovement.why).where(
            SupplyMovement.number == came.scalar_subquery() + 1,
            SupplyMovement.lot_id == shipment.lot_id,
            SupplyMovement.move == "quarantined",
            SupplyMovement.at == shipment.at,
        )
    )


def _excursion(product: Product, shipped: Shipped) -> str | None:
    if product.lowest_c is None and product.highest_c is None:
        return None
    if shipped.lowest_c is None or shipped.highest_c is None:
        return "its temperature was not logged"
    too_cold = product.lowest_c is not None and shipped.lowest_c < product.lowest_c
    too_warm = product.highest_c is not None and shipped.highest_c > product.highest_c
    if not (too_cold or too_warm):
        return None
    return f"it was between {shipped.lowest_c} and {shipped.highest_c} degrees Celsius"


def move(session: Session, lot: Lot, what: Moved, *, by: str) -> SupplyMovement:
    """Record that units moved.

    Raises SupplyRefusedError of units that are not where they are taken from, of a lot past its last day that is to
    be dispensed, and of a person who may not have the drug; what came is recorded by `receive`.
    """
    if what.move is Move.RECEIVED:
        raise SupplyRefusedError(f"lot {lot.code}: record what came as a delivery")
    if what.move is Move.DISPENSED:
        _require_dispensable(session, lot, what)
    _require_witness(lot, what, by)
    return _store(session, lot, what, by=by)


def _require_witness(lot: Lot, what: Moved, by: str) -> None:
    """What is destroyed was seen by another than who destroyed it; nothing else has a witness."""
    if (what.move in _DESTROYED) != (what.witnessed_by is not None):
        raise SupplyRefusedError(f"lot {lot.code}: name who saw it if it was destroyed, only then")
    if what.witnessed_by is not None and what.witnessed_by.strip() in ("", by):
        raise SupplyRefusedError(
            f"lot {lot.code}: {by} destroys it; name another person who saw it as the witness"
        )


def _require_dispensable(session: Session, lot: Lot, what: Moved) -> None:
    if what.participant is None:
        raise SupplyRefusedError(f"lot {lot.code}: name the person it is dispensed to")
    stands_on = footing.footing_of(session, what.participant)
    if stands_on.takes_no_drug:
        raise SupplyRefusedError(f"{stands_on.code} chose to stop the drug; nothing is dispensed")
    if reconsenting.is_overdue(session, what.participant, is_on_drug=True):
        raise SupplyRefusedError(
            f"{stands_on.code} has not signed the new version in time; nothing is dispensed until they do: "
            "hometrial consent-document due"
        )
    today = stands_on.local(clock.now()).date()
    if lot.use_by < today:
        raise SupplyRefusedError(
            f"lot {lot.code}: its last day was {lot.use_by}; quarantine and destroy it"
        )
    product = session.get_one(Product, lot.product_id)
    if product.protocol != stands_on.protocol.id:
        raise SupplyRefusedError(
            f"lot {lot.code} is of {product.protocol}; {stands_on.code} is in {stands_on.protocol.id}"
        )


def _store(
    session: Session, lot: Lot, what: Moved, *, by: str, shipment: Shipment | None = None
) -> SupplyMovement:
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.supply'))"))
    newest = session.scalar(select(func.scope.highest("supply_movement"))) or 0
    person = what.participant
    row = SupplyMovement(
        number=newest + 1,
        move=what.move.name.lower(),
        lot_id=lot.id,
        units=what.units,
        day=clock.now().date(),
        place=what.place,
        participant_id=person and person.id,
        shipment_id=shipment and shipment.id,
        witnessed_by=what.witnessed_by,
        why=what.why,
        by=by,
        at=clock.now(),
    )
    supply.moved(accounting.movements(session, lot), accounting.movement_of(row, lot))
    session.add(row)
    session.flush()
    return row
