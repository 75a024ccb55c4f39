"""`hometrial supply product` and `hometrial supply lot`: what may be delivered at all."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from hometrial.db import Database
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.services import migrating
from hometrial.services.dosing import registering
from hometrial.services.dosing.registering import NewLot, NewProduct


@click.group()
def product() -> None:
    """What the drug comes in."""


@click.group()
def lot() -> None:
    """Lots of a product."""


@product.command("add")
@click.argument("protocol")
@click.argument("formulation")
@click.argument("strength", metavar="MG")
@click.option("--name", required=True, help="As it stands on the label.")
@click.option("--excipient", "excipients", multiple=True, help="What else is in it; one each.")
@click.option("--lowest", metavar="CELSIUS", help="Not kept colder; left out: it need not be.")
@click.option("--highest", metavar="CELSIUS", help="Not kept warmer; left out: it need not be.")
@click.pass_obj
def add_product(database: Database, /, **told: Any) -> None:
    """Record a product: a formulation of a protocol in one strength (mg a capsule or millilitre).

    \b
    Example:
      hometrial supply product add ldn-mecfs cap 0.5 --name "naltrexone capsule" --excipient cellulose
      hometrial supply product add ldn-mecfs liq 1 --name "naltrexone solution" --lowest 2 --highest 8
    """
    new = NewProduct(
        told["protocol"],
        told["formulation"],
        number("MG", told["strength"]),
        told["name"],
        tuple(told["excipients"]),
        celsius("--lowest", told["lowest"]),
        celsius("--highest", told["highest"]),
    )
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "product added") as session:
        added = registering.add_product(session, new, by=who)
        name = registering.written_product(added)
    inside = ", ".join(new.excipients) or "no excipient"
    click.echo(f"{name}: {new.name}, with {inside}")


@lot.command("add")
@click.argument("lot", metavar="LOT")
@click.option("--product", "told_product", required=True, metavar="PROTOCOL/FORMULATION/MG")
@click.option("--maker", required=True, help="Who made or compounded it.")
@click.option("--made", required=True, metavar="DAY")
@click.option("--use-by", required=True, metavar="DAY", help="Its last day.")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of its certificate; kept with its checksum.",
)
@click.pass_obj
def add_lot(database: Database, /, **told: Any) -> None:
    """Record a lot of a product, and keep the file of its certificate.

    \b
    Example:
      hometrial supply lot add C05-17 --product ldn-mecfs/cap/0.5 --maker "Apotheke am Markt" \\
        --made 2026-11-02 --use-by 2027-05-01 --certificate c05-17.pdf
    """
    path: Path | None = told["certificate"]
    content = None if path is None else path.read_bytes()
    days = day("--made", told["made"]), day("--use-by", told["use_by"])
    new = NewLot(told["lot"], told["maker"], *days, content)
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "lot added") as session:
        found = registering.find_product(session, told["told_product"])
        added = registering.add_lot(session, found, new, by=who)
        sha256 = added.certificate_sha256
    kept = "no certificate" if sha256 is None else f"certificate kept, SHA-256 {sha256}"
    click.echo(f"lot {new.code}: {told['told_product']}, last day {new.use_by}; {kept}")


def number(name: str, text: str) -> Decimal:
    """Return a number. Raises SupplyRefusedError that names the option."""
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise SupplyRefusedError(f"{name} {text!r}: give a number, such as 30 or 2.5") from error
    if not found.is_finite():
        raise SupplyRefusedError(f"{name} {text!r}: give a number, such as 30 or 2.5")
    return found


def celsius(name: str, text: str | None) -> Decimal | None:
    """Return a temperature, None if none was given."""
    return None if text is None else number(name, text)


def day(name: str, text: str) -> date:
    """Return a day. Raises SupplyRefusedError that names the option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SupplyRefusedError(f"{name} {text!r} is no day; write 2026-11-02") from error
