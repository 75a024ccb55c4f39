"""Units that somebody counted, held against those that ought to be there: the difference is kept, nothing is put right."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Lot, Participant, SupplyCount
from hometrial.protocol.dosing import supply
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.services.dosing import accounting


@dataclass(frozen=True)
class Counted:
    """How many units of a lot were counted, and what is known of a difference."""

    units: Decimal
    why: str = ""


def at_place(session: Session, lot: Lot, place: str, counted: Counted, *, by: str) -> SupplyCount:
    """Record what is on the shelf of a place. Raises SupplyRefusedError of a place that never had the lot."""
    book = accounting.movements(session, lot)
    places = sorted({each.place for each in book})
    if place not in places:
        listed = ", ".join(places) or "nowhere"
        raise SupplyRefusedError(f"lot {lot.code} was never at {place}; it was at {listed}")
    row = SupplyCount(place=place, expected=supply.place_balance(book, place, lot.code).on_hand)
    return _keep(session, lot, row, counted, by)


def with_person(
    session: Session, lot: Lot, person: Participant, counted: Counted, *, by: str
) -> SupplyCount:
    """Record what a person has left. Raises SupplyRefusedError of a lot that they were never given."""
    held = {each.lot.id: each.units for each in accounting.stock_of(session, person).on_hand}
    if lot.code not in held:
        listed = ", ".join(held) or "nothing"
        raise SupplyRefusedError(f"{person.code} was never given lot {lot.code}, but {listed}")
    row = SupplyCount(participant_id=person.id, expected=held[lot.code])
    return _keep(session, lot, row, counted, by)


def _keep(session: Session, lot: Lot, row: SupplyCount, counted: Counted, by: str) -> SupplyCount:
    if counted.units < 0:
        raise SupplyRefusedError(f"{counted.units} units of {lot.code}: count from 0")
    if counted.units != row.expected and not counted.why.strip():
        raise SupplyRefusedError(
            f"lot {lot.code}: {written(counted.units)} units were counted,"
            f" {written(row.expected)} ought to be there; say what is known of it: --why"
        )
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.supply'))"))
    row.number = (session.scalar(select(func.scope.highest("supply_count"))) or 0) + 1
    row.lot_id, row.counted, row.why = lot.id, counted.units, counted.why
    row.day, row.by, row.at = clock.now().date(), by, clock.now()
    session.add(row)
    session.flush()
    return row
