"""`hometrial supply`: products, lots, deliveries, and every unit that goes somewhere."""

from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial.cli import supply_book, supply_goods
from hometrial.cli.supply_goods import celsius, day, number
from hometrial.db import Database
from hometrial.models import Lot
from hometrial.protocol.dosing import supply as ledger
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Move
from hometrial.services import enrolling, migrating
from hometrial.services.dosing import accounting, supplying
from hometrial.services.dosing.supplying import Moved, Shipped

_DESTROYED = {
    "shelf": Move.DESTROYED,
    "quarantine": Move.QUARANTINE_DESTROYED,
    "returns": Move.RETURNS_DESTROYED,
}
_LOT = click.argument("lot", metavar="LOT")
_UNITS = click.argument("units", metavar="UNITS")
_PERSON = click.argument("code", metavar="PARTICIPANT")
_PLACE = click.option("--at", "place", required=True, metavar="PLACE", help="Such as S-01.")
_WHY = click.option("--why", required=True)


@click.group()
def supply() -> None:
    """Account for every unit of the drug: what came, where it is, who has it, what does not add up."""


for _command in (
    supply_goods.product,
    supply_goods.lot,
    supply_book.show,
    supply_book.count,
    supply_book.recall,
    supply_book.check,
):
    supply.add_command(_command)


@supply.command("deliver")
@_LOT
@_UNITS
@_PLACE
@click.option("--sent", required=True, metavar="DAY")
@click.option("--courier", default="")
@click.option("--tracking", default="")
@click.option("--lowest", metavar="CELSIUS", help="Of the logger; left out: there was none.")
@click.option("--highest", metavar="CELSIUS", help="Of the logger; left out: there was none.")
@click.option("--condition", default="", help="What the parcel looked like.")
@click.pass_obj
def deliver(database: Database, /, **told: Any) -> None:
    """Record a delivery; too cold, too warm or not logged where it matters, it is quarantined.

    \b
    Example:
      hometrial supply deliver C05-17 100 --at S-01 --sent 2026-11-26 --lowest 3.1 --highest 7.4
    """
    shipped = Shipped(
        told["place"],
        number("UNITS", told["units"]),
        day("--sent", told["sent"]),
        told["courier"],
        told["tracking"],
        celsius("--lowest", told["lowest"]),
        celsius("--highest", told["highest"]),
        told["condition"],
    )
    if (shipped.lowest_c is None) != (shipped.highest_c is None):
        raise SupplyRefusedError("--lowest, --highest: give both as the logger shows them, or none")
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "supply delivered") as session:
        found = supplying.find_lot(session, told["lot"])
        is_new = told["place"] not in {each.place for each in accounting.movements(session)}
        because = supplying.kept_apart(session, supplying.receive(session, found, shipped, by=who))
        stands = _stands(session, found, told["place"])
    units = f"{written(shipped.units)} units of {told['lot']}"
    if is_new:
        click.echo(f"{told['place']}: the first delivery to a place of this name")
    if because is None:
        click.echo(f"{units} are on the shelf at {told['place']}; {stands}")
        return
    click.echo(
        f"{units} are in QUARANTINE at {told['place']}, since {because}: do not give them out"
    )
    click.echo("once somebody has judged them: hometrial supply release, or supply destroy")


@supply.command("dispense")
@_LOT
@_UNITS
@_PERSON
@_PLACE
@click.option("--why", default="", help="Such as the words of the label.")
@click.pass_obj
def dispense(database: Database, /, code: str, **told: Any) -> None:
    """Give units to a person.

    \b
    Example:
      hometrial supply dispense C05-17 30 P-0001 --at S-01 --why "one capsule in the evening"
    """
    _moved(database, Move.DISPENSED, told, code)


@supply.command("returned")
@_LOT
@_UNITS
@_PERSON
@_PLACE
@click.option("--why", default="", help="Such as their condition.")
@click.pass_obj
def returned(database: Database, /, code: str, **told: Any) -> None:
    """Record units that a person gave back; they are kept apart and never given out again.

    \b
    Example:
      hometrial supply returned C05-17 4 P-0001 --at S-01 --why "blister intact"
    """
    _moved(database, Move.RETURNED, told, code)


@supply.command("lost")
@_LOT
@_UNITS
@_PERSON
@_PLACE
@_WHY
@click.pass_obj
def lost(database: Database, /, code: str, **told: Any) -> None:
    """Record units that a person lost, at the place that gave them.

    \b
    Example:
      hometrial supply lost C05-17 2 P-0001 --at S-01 --why "fell into the sink"
    """
    _moved(database, Move.LOST, told, code)


@supply.command("quarantine")
@_LOT
@_UNITS
@_PLACE
@_WHY
@click.pass_obj
def quarantine(database: Database, /, **told: Any) -> None:
    """Take units off the shelf until somebody has judged them.

    \b
    Example:
      hometrial supply quarantine C05-17 70 --at S-01 --why "refrigerator failed overnight"
    """
    _moved(database, Move.QUARANTINED, told)


@supply.command("release")
@_LOT
@_UNITS
@_PLACE
@_WHY
@click.pass_obj
def release(database: Database, /, **told: Any) -> None:
    """Put units from quarantine back on the shelf, with what was found.

    \b
    Example:
      hometrial supply release C05-17 70 --at S-01 --why "maker's letter of 28 November: stable"
    """
    _moved(database, Move.RELEASED, told)


@supply.command("destroy")
@_LOT
@_UNITS
@_PLACE
@click.option("--from", "whence", type=click.Choice([*_DESTROYED]), required=True)
@click.option("--witness", "witnessed_by", required=True, help="Another person who saw it.")
@_WHY
@click.pass_obj
def destroy(database: Database, /, whence: str, **told: Any) -> None:
    """Record units that were destroyed before a witness.

    \b
    Example:
      hometrial supply destroy C05-17 4 --at S-01 --from returns --witness bob --why "returned"
    """
    _moved(database, _DESTROYED[whence], told)


def _moved(database: Database, move: Move, told: dict[str, Any], code: str | None = None) -> None:
    units, place = number("UNITS", told["units"]), told["place"]
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, f"supply {move}") as session:
        person = None if code is None else enrolling.find_participant(session, code)
        found = supplying.find_lot(session, told["lot"])
        what = Moved(move, units, place, person, told["why"], told.get("witnessed_by"))
        row = supplying.move(session, found, what, by=who)
        moved, stands = row.number, _stands(session, found, place)
    whom = "" if code is None else f", {code}"
    click.echo(
        f"movement {moved}: {written(units)} units of {told['lot']} {move} at {place}{whom}; {stands}"
    )


def _stands(session: Session, found: Lot, place: str) -> str:
    balance = ledger.place_balance(accounting.movements(session, found), place, found.code)
    return supply_book.told(balance)
