"""`hometrial medication`: what people take besides the drug."""

import json
from typing import Any

import click

from hometrial.cli.dose import person_of
from hometrial.db import Database
from hometrial.models import Medication
from hometrial.services import enrolling, migrating
from hometrial.services.dosing import medicating
from hometrial.services.dosing.recording import Role, Word


@click.group()
def medication() -> None:
    """What people take besides the drug; an opioid calls for a clinician at once."""


@medication.command("add")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("name")
@click.option("--dose", default="", help="As it stands on the package: 50 mg twice a day.")
@click.option("--route", default="", help="Such as oral.")
@click.option("--for", "indication", default="", help="What it is taken for.")
@click.option("--began", metavar="DATE", help="As far as it is known: 2010, 2010-07, 2010-07-03.")
@click.option("--ended", metavar="DATE", help="Left out: it is still taken.")
@click.option("--corrects", type=int, metavar="NUMBER", help="The medicine that was wrong.")
@click.option("--why", default="", help="Of a correction.")
@click.pass_obj
def add(database: Database, /, code: str, name: str, **options: Any) -> None:
    """Record a medicine, or correct one.

    \b
    Example:
      hometrial medication add P-0001 "Vitamin D" --dose "20,000 IU every 2 weeks" --began 2009
    """
    word = Word(database.settings.who(), Role.SITE, options.pop("why"), options.pop("corrects"))
    told = medicating.Told(name, **options)
    with person_of(database, code, "medication") as (session, person):
        added = medicating.add(session, person, word, told)
    click.echo(f"{code}: medicine {added.medication.number}, {_line(added.medication)}")
    if added.advice is not None:
        click.echo(f"opioid: {added.advice}")


@medication.command("list")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """List what a person takes or took besides the drug.

    \b
    Example:
      hometrial medication list P-0001 --json
    """
    migrating.require_newest(database)
    columns = ("number", "name", "dose", "route", "indication", "began", "ended", "substance")
    with database.reading() as session:
        rows = medicating.medications(session, enrolling.find_participant(session, code))
    if as_json:
        told = [{name: getattr(row, name) for name in (*columns, "is_opioid")} for row in rows]
        click.echo(json.dumps(told, indent=2))
        return
    for row in rows:
        click.echo(f"{row.number:>3} {_line(row)}")
    if not rows:
        click.echo(f"{code} told of no medicine; hometrial medication add {code} NAME")


def _line(row: Medication) -> str:
    dates = f"{row.began or 'unknown'} to {row.ended or 'now'}"
    parts = (row.name, row.dose, row.route, row.indication, dates, "OPIOID" * row.is_opioid)
    return ", ".join(part for part in parts if part)
