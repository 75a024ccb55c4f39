"""`hometrial laboratory`: what laboratories found in people's samples."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import click

from hometrial.cli.dose import person_of
from hometrial.cli.event_details import instant
from hometrial.db import Database
from hometrial.models import LaboratoryResult
from hometrial.services import enrolling, migrating
from hometrial.services.trial import laboratory as service
from hometrial.services.trial.sampling import LaboratoryRefusedError, Result

_NUMBERS = ("value", "below", "above", "upper_limit")


@click.group()
def laboratory() -> None:
    """What laboratories found; a high liver value calls for a clinician at once."""


@laboratory.command("add")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("form")
@click.argument("analyte")
@click.argument("unit")
@click.option("--value", help="The number that was found; or one of the next two.")
@click.option("--below", help="Less than this limit of detection.")
@click.option("--above", help="More than this limit of detection.")
@click.option("--upper-limit", help="Of normal, in the same unit; alt, ast and bilirubin need it.")
@click.option("--sampled", "sampled_at", metavar="INSTANT", required=True, help="With its zone.")
@click.option("--laboratory", "where", required=True, help="Which laboratory found it.")
@click.option("--visit", help="That the sample belongs to.")
@click.option("--number", type=int, help="Of a visit that comes several times.")
@click.option("--corrects", type=click.UUID, metavar="ID", help="The result that was wrong.")
@click.option("--because", default="", help="Of a correction.")
@click.pass_obj
def add(database: Database, /, code: str, **options: Any) -> None:
    """Record a result in the protocol's unit, or correct one.

    \b
    Example:
      hometrial laboratory add P-0001 labs alt U/L --value 31 --upper-limit 45 --visit V0 \\
        --sampled 2026-11-27T08:30+01:00 --laboratory "Central laboratory"
    """
    wrong: UUID | None = options.pop("corrects")
    because, where = options.pop("because"), options.pop("where")
    options |= {name: _number(name, options[name]) for name in _NUMBERS}
    at = instant("--sampled", options.pop("sampled_at"))
    result = Result(**options, sampled_at=at, laboratory=where)
    by = database.settings.who()
    with person_of(database, code, because or "laboratory result") as (session, person):
        if wrong is None:
            if because:
                raise LaboratoryRefusedError("--because: of which result? give --corrects ID, too")
            made = service.record(session, person, result, by=by)
        else:
            made = service.correct(session, person, wrong, result, because=because, by=by)
    click.echo(f"{code}: {made.row.id}  {_line(made.row)}")
    for rule in made.alerts:
        click.echo(f"alert {rule}: a clinician answers; hometrial alert list")


@laboratory.command("list")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """List a person's results that stand, in the order of their samples.

    \b
    Example:
      hometrial laboratory list P-0001 --json
    """
    migrating.require_newest(database)
    with database.reading() as session:
        rows = service.results(session, enrolling.find_participant(session, code))
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], indent=2))
        return
    for row in rows:
        click.echo(f"{row.id}  {_line(row)}")
    if not rows:
        click.echo(f"{code} has no result; hometrial laboratory add {code} FORM ANALYTE UNIT")


def _number(name: str, told: str | None) -> Decimal | None:
    try:
        return None if told is None else Decimal(told)
    except InvalidOperation as error:
        option = name.replace("_", "-")
        raise LaboratoryRefusedError(f"--{option} {told!r} is no number; write 12.5") from error


def _plain(row: LaboratoryResult) -> dict[str, Any]:
    # A number stays the text that the laboratory told: 0.30 is not 0.3.
    numbers = {name: getattr(row, name) for name in _NUMBERS}
    names = ("form", "analyte", "unit", "visit", "visit_number", "laboratory", "recorded_by")
    return {
        "id": str(row.id),
        **{name: getattr(row, name) for name in names},
        **{name: None if each is None else str(each) for name, each in numbers.items()},
        "times_upper_limit": None if row.multiple is None else round(float(row.multiple), 3),
        "sampled_at": row.sampled_at.isoformat(timespec="minutes"),
        "recorded_at": row.recorded_at.isoformat(timespec="seconds"),
        "corrects": None if row.corrects_id is None else str(row.corrects_id),
        "because": row.because,
    }


def _line(row: LaboratoryResult) -> str:
    visit = "" if row.visit is None else f", {row.visit} number {row.visit_number}"
    at = f"{row.sampled_at:%Y-%m-%d %H:%M} UTC"
    return f"{row.form} {row.analyte} {service.told(row)}{visit}, sampled {at}, {row.laboratory}"
