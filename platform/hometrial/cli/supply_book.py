"""`hometrial supply show`, `count`, `recall`, `check`: where every unit is, who had a lot, what does not add up."""

import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.cli.supply_goods import number
from hometrial.db import Database
from hometrial.models import Lot, Participant, Product
from hometrial.protocol.dosing import supply as ledger
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Movement, PlaceBalance, Recalled
from hometrial.services import enrolling, migrating
from hometrial.services.dosing import accounting, counting, recalling, registering, supplying
from hometrial.services.dosing.counting import Counted

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_PARTS = ("received", "on_hand", "quarantined", "returned", "dispensed", "destroyed", "transferred")


def told(balance: PlaceBalance) -> str:
    """Return what is at a place now, in words."""
    shelf = f"{written(balance.on_hand)} on the shelf"
    quarantined = f"{written(balance.quarantined)} in quarantine" if balance.quarantined else ""
    back = f"{written(balance.returned)} given back" if balance.returned else ""
    return ", ".join(each for each in (shelf, quarantined, back) if each)


@click.command("show")
@click.argument("what", metavar="[LOT|PARTICIPANT]", required=False)
@_JSON
@click.pass_obj
def show(database: Database, what: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show stock by lot and place; or a lot with its movements; or what a person ought to have.

    \b
    Example:
      hometrial supply show
      hometrial supply show C05-17
      hometrial supply show P-0001 --json
    """
    migrating.require_newest(database)
    with database.reading() as session:
        lot = None if what is None else _lot(session, what)
        if what is None or lot is not None:
            found = {"lots": [_lot_row(session, each) for each in _lots(session, lot)]}
            if lot is not None:
                found["movements"] = [_movement(session, each) for each in _book(session, lot)]
        else:
            found = _person(session, _person_or_lot(session, what))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def _lot(session: Session, code: str) -> Lot | None:
    return session.scalars(select(Lot).where(Lot.code == code)).one_or_none()


def _lots(session: Session, only: Lot | None) -> list[Lot]:
    return [only] if only else list(session.scalars(select(Lot).order_by(Lot.use_by, Lot.code)))


def _book(session: Session, lot: Lot | None) -> tuple[Movement, ...]:
    return accounting.movements(session, lot)


def _person_or_lot(session: Session, code: str) -> Participant:
    found = session.scalars(select(Participant).where(Participant.code == code)).one_or_none()
    if found is None:
        raise SupplyRefusedError(
            f"there is neither a lot nor a participant {code}; `hometrial supply show` lists the lots"
        )
    return found


def _lot_row(session: Session, lot: Lot) -> dict[str, Any]:
    book = _book(session, lot)
    of = session.get_one(Product, lot.product_id)
    places = sorted({each.place for each in book})
    return {
        "lot": lot.code,
        "product": registering.written_product(of),
        "name": of.name,
        "excipients": of.excipients,
        "maker": lot.maker,
        "use_by": lot.use_by.isoformat(),
        "certificate_sha256": lot.certificate_sha256,
        "places": {place: _balance(book, place, lot) for place in places},
    }


def _balance(book: Iterable[Movement], place: str, lot: Lot) -> dict[str, str]:
    balance = ledger.place_balance(book, place, lot.code)
    return {part: written(getattr(balance, part)) for part in _PARTS}


def _movement(session: Session, each: Movement) -> dict[str, str | None]:
    code = None
    if each.participant is not None:
        code = session.scalar(select(Participant.code).where(Participant.id == each.participant))
    return {
        "movement": each.id,
        "move": each.move.value,
        "units": written(each.units),
        "on": each.on.isoformat(),
        "place": each.place,
        "participant": code,
        "by": each.by,
    }


def _person(session: Session, person: Participant) -> dict[str, Any]:
    stock = accounting.stock_of(session, person)
    return {
        "participant": person.code,
        "ought_to_have": {each.lot.id: written(each.units) for each in stock.on_hand},
        "last_days": {each.lot.id: each.lot.use_by.isoformat() for each in stock.on_hand},
        "days_left": accounting.days_left(session, person),
        "mg_no_lot_explains": written(stock.unexplained),
    }


def _lines(found: dict[str, Any]) -> Iterable[str]:
    if "lots" not in found:
        yield from _person_lines(found)
        return
    for row in found["lots"]:
        yield f"{row['lot']}  {row['product']} {row['name']}, last day {row['use_by']}"
        for place, parts in row["places"].items():
            amounts = (f"{name.replace('_', ' ')} {parts[name]}" for name in _PARTS)
            yield f"  {place}: {', '.join(amounts)}"
    for each in found.get("movements", ()):
        whom = f" {each['participant']}" if each["participant"] else ""
        yield (
            f"  {each['on']} {each['movement']}: {each['units']} {each['move']}{whom}"
            f" at {each['place']}, by {each['by']}"
        )
    if not found["lots"]:
        yield "there is no lot; hometrial supply lot add"


def _person_lines(found: dict[str, Any]) -> Iterable[str]:
    code, days = found["participant"], found["days_left"]
    for lot, units in found["ought_to_have"].items():
        yield f"{lot}: {units} units ought to be left, last day {found['last_days'][lot]}"
    if not found["ought_to_have"]:
        yield f"{code} was given nothing"
    yield f"days left: {'nothing is ordered' if days is None else days}"
    if found["mg_no_lot_explains"] != "0":
        yield f"{found['mg_no_lot_explains']} mg were told as taken that no lot explains"


@click.command("count")
@click.argument("lot", metavar="LOT")
@click.argument("units", metavar="UNITS")
@click.option("--at", "place", metavar="PLACE", help="On the shelf of this place.")
@click.option("--of", "code", metavar="PARTICIPANT", help="What this person has left.")
@click.option("--why", default="", help="What is known of a difference; needed if there is one.")
@click.pass_obj
def count(database: Database, /, **told: Any) -> None:
    """Record how many units were counted, and say by how many that differs from what ought to be.

    Nothing is put right by it: record what became of the units, then count again.

    \b
    Example:
      hometrial supply count C05-17 70 --at S-01
      hometrial supply count C05-17 11 --of P-0001 --why "one was dropped, she says"
    """
    lot, place, code = told["lot"], told["place"], told["code"]
    if (place is None) == (code is None):
        raise SupplyRefusedError("--at, --of: say either where it was counted or of whom")
    counted = Counted(number("UNITS", told["units"]), told["why"])
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "supply counted") as session:
        found = supplying.find_lot(session, lot)
        if code is None:
            row = counting.at_place(session, found, place, counted, by=who)
        else:
            person = enrolling.find_participant(session, code)
            row = counting.with_person(session, found, person, counted, by=who)
        expected, off = row.expected, row.counted - row.expected
    where = f"at {place}" if code is None else f"with {code}"
    click.echo(
        f"{written(counted.units)} units of {lot} {where}, {written(expected)} expected: {_off(off)}"
    )


def _off(difference: Decimal) -> str:
    if not difference:
        return "it adds up"
    return f"{written(abs(difference))} {'too many' if difference > 0 else 'missing'}"


@click.command("recall")
@click.argument("code", metavar="LOT")
@click.option("--open", "opens", is_flag=True, help="Open one work item for each person.")
@click.option("--told", "told_code", metavar="PARTICIPANT", help="Close the item of who was told.")
@click.option("--because", default="", help="How they were told, and what comes back.")
@_JSON
@click.pass_obj
def recall(
    database: Database,
    code: str,
    *,
    opens: bool,
    told_code: str | None,
    because: str,
    as_json: bool,
) -> None:
    """List everybody who ever had a lot, and what may be left; open work, and close what is done.

    \b
    Example:
      hometrial supply recall C05-17 --open
      hometrial supply recall C05-17 --told P-0001 --because "by phone; 12 come back by post"
    """
    migrating.require_newest(database)
    if opens and told_code is not None:
        raise SupplyRefusedError("--open and --told: give one of them")
    if not opens and told_code is None:
        with database.reading() as session:
            found = accounting.recall(session, supplying.find_lot(session, code))
    else:
        with database.transaction(database.settings.who(), f"recall of {code}") as session:
            found = _recalled(session, supplying.find_lot(session, code), told_code, because)
    rows = [_recalled_row(each) for each in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['participant']}: {row['given']} units given, the last on {row['last_on']};"
            f" up to {row['may_be_left']} left"
        )
    click.echo(f"{len(rows)} people had lot {code}" + (", an item is open for each" * opens))


def _recalled(
    session: Session, lot: Lot, told_code: str | None, because: str
) -> tuple[Recalled, ...]:
    if told_code is None:
        return recalling.open_work(session, lot)
    person = enrolling.find_participant(session, told_code)
    recalling.told(session, lot, person, because)
    return accounting.recall(session, lot)


def _recalled_row(each: Recalled) -> dict[str, str]:
    return {
        "participant": each.participant,
        "given": written(each.dispensed),
        "may_be_left": written(each.on_hand),
        "last_on": each.last_on.isoformat(),
    }


@click.command("check")
@_JSON
@click.pass_obj
def check(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """Say what does not add up; the exit code is 1 if anything does not.

    \b
    Example:
      hometrial supply check
    """
    migrating.require_newest(database)
    with database.reading() as session:
        faults = accounting.check(session)
    if as_json:
        click.echo(json.dumps([{"of": each.of, "says": each.says} for each in faults], indent=2))
    else:
        for each in faults:
            click.echo(f"{each.of}: {each.says}")
        if not faults:
            click.echo("everything adds up")
    if faults:
        sys.exit(1)
