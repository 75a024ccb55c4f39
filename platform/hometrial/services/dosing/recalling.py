"""A lot is called back: one piece of work for everybody who ever had it, closed once they were told."""

from sqlalchemy.orm import Session

from hometrial.models import Lot, Participant
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Recalled
from hometrial.services import enrolling, working
from hometrial.services.dosing import accounting

WORK = "recall"


def open_work(session: Session, lot: Lot) -> tuple[Recalled, ...]:
    """Open an item for everybody who was ever given a lot, whatever is left of it; return them."""
    found = accounting.recall(session, lot)
    for each in found:
        person = enrolling.find_participant(session, each.participant)
        reason = (
            f"lot {lot.code} is called back: {written(each.dispensed)} units given, the last on"
            f" {each.last_on}, up to {written(each.on_hand)} may be left; tell the person"
        )
        working.open_item(session, person.id, WORK, lot.code, reason)
    return found


def told(session: Session, lot: Lot, person: Participant, because: str) -> None:
    """Close the item of a person who was told. Raises SupplyRefusedError if there is none, or without a word."""
    if not because.strip():
        raise SupplyRefusedError(f"{person.code}: say how they were told and what comes back")
    if not working.close_items(session, person.id, WORK, lot.code, because=because):
        raise SupplyRefusedError(
            f"lot {lot.code} of {person.code}: no recall is open; hometrial supply recall {lot.code} --open"
        )
