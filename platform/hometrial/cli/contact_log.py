"""`hometrial contact`: every attempt to reach a person, and whom to reach next."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import click

from hometrial import clock
from hometrial.cli.dose import person_of
from hometrial.cli.event_details import instant
from hometrial.db import Database
from hometrial.models import CONTACT_OUTCOMES, CONTACT_WAYS, Contact
from hometrial.services import enrolling, migrating
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import ContactRefusedError, Correction, Spoke

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group("contact")
def contact_commands() -> None:
    """Log every attempt to reach a person, and see whom to reach next; no names in it."""


@contact_commands.command("log")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--way", type=click.Choice(CONTACT_WAYS), required=True)
@click.option("--outcome", type=click.Choice(CONTACT_OUTCOMES), required=True)
@click.option("--from-person", is_flag=True, help="They called, or wrote.")
@click.option("--at", "told_at", metavar="INSTANT", help="Default is now.")
@click.option("--by", help="Who spoke with them; default is who types it.")
@click.option("--note", help="What was said; no names, the log is of pseudonyms.")
@click.option("--next", "next_step", help="What is next; needs --on.")
@click.option("--on", "next_on", metavar="DAY", help="When it is next.")
@click.option("--corrects", type=click.UUID, metavar="ID", help="The contact that was wrong.")
@click.option("--because", default="", help="Of a correction.")
@click.pass_obj
def log(database: Database, /, code: str, **told: Any) -> None:
    """Log a contact; with somebody who is spoken with, a call that they asked for is done.

    \b
    Example:
      hometrial contact log P-0001 --way phone --outcome no_answer --next "call again" --on 2026-11-30
      hometrial contact log P-0001 --way phone --outcome reached --at 2026-11-28T14:00+01:00
    """
    who = database.settings.who()
    spoke = Spoke(
        at=clock.now() if told["told_at"] is None else instant("--at", told["told_at"]),
        way=told["way"],
        by=told["by"] or who,
        outcome=told["outcome"],
        direction="from_person" if told["from_person"] else "to_person",
        note=told["note"],
        next_on=None if told["next_on"] is None else _day("--on", told["next_on"]),
        next_step=told["next_step"],
    )
    wrong: UUID | None = told["corrects"]
    with person_of(database, code, "contact logged") as (session, person):
        correction = None
        if wrong is not None:
            correction = Correction(contacting.find(session, person, wrong), told["because"])
        row = contacting.log(session, person, spoke, recorded_by=who, correction=correction)
        line = _line(row)
    click.echo(f"{code}: {line}")


@contact_commands.command("list")
@click.argument("code", metavar="PARTICIPANT")
@_JSON
@click.pass_obj
def list_(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """List a person's contacts, oldest first; corrected ones are left out.

    \b
    Example:
      hometrial contact list P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        rows = contacting.contacts(session, enrolling.find_participant(session, code))
    if as_json:
        click.echo(json.dumps([_row(row) for row in rows], indent=2))
        return
    for row in rows:
        click.echo(f"{row.id}  {_line(row)}")
    if not rows:
        click.echo(f"nobody has tried to reach {code}; hometrial contact log {code}")


@contact_commands.command("next")
@_JSON
@click.pass_obj
def next_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List whom to reach next and why, the earliest day first.

    \b
    Example:
      hometrial contact next
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = contacting.next_steps(session)
    if as_json:
        told = [{"participant": code, **_row(row)} for code, row in found]
        click.echo(json.dumps(told, indent=2))
        return
    today = clock.now().date()
    for code, row in found:
        late = " OVERDUE" if row.next_on is not None and row.next_on < today else ""
        click.echo(f"{row.next_on}{late}  {code}: {row.next_step} (last: {row.outcome}, {row.way})")
    if not found:
        click.echo("nobody is to be reached")


def _row(row: Contact) -> dict[str, str | None]:
    return {
        "id": str(row.id),
        "at": row.at.isoformat(),
        "direction": row.direction,
        "way": row.way,
        "outcome": row.outcome,
        "by": row.by,
        "note": row.note,
        "next_on": None if row.next_on is None else row.next_on.isoformat(),
        "next_step": row.next_step,
        "recorded_by": row.recorded_by,
        "corrects": None if row.corrects_id is None else str(row.corrects_id),
        "because": row.because,
    }


def _line(row: Contact) -> str:
    whose = "they " if row.direction == "from_person" else ""
    following = "" if row.next_on is None else f"next on {row.next_on}: {row.next_step}"
    because = "" if row.because is None else f"corrected: {row.because}"
    spoken = f"{row.at:%Y-%m-%d %H:%M} UTC {whose}{row.way}, {row.outcome}, by {row.by}"
    return "; ".join(each for each in (spoken, row.note, following, because) if each)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContactRefusedError(f"{option} {text!r} is no day; write 2026-11-30") from error
