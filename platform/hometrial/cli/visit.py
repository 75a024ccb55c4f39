"""`hometrial visit`: what is due for whom, and what became of it."""

import json
from datetime import date
from typing import Any

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import VISIT_MODES
from hometrial.services import enrolling, migrating
from hometrial.services.trial import calendars, visiting
from hometrial.services.trial.calendars import Status, VisitLine
from hometrial.services.trial.visiting import Held, Missed

_NUMBER = click.option("--number", type=click.IntRange(1), help="Of a visit that comes again.")
_BECAUSE = click.option("--because", help="Why an earlier record is corrected.")


@click.group()
def visit() -> None:
    """See which visits are due, and record those held and missed; nothing recorded is ever lost."""


@visit.command("due")
@click.argument("code", metavar="[PARTICIPANT]", required=False)
@click.option("--all", "every", is_flag=True, help="Upcoming, held and missed ones, too.")
@click.option("--test", "is_test", is_flag=True, help="Of a rehearsal's people.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def due(
    database: Database,
    code: str | None,
    every: bool,  # noqa: FBT001
    is_test: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """List what is due or overdue, for one person or for all, in each person's own days.

    \b
    Example:
      hometrial visit due P-0001 --all
    """
    migrating.require_newest(database)
    with database.reading() as session:
        if code is None:
            found = calendars.agenda_of_all(session, is_test=is_test)
        else:
            found = calendars.agenda(session, enrolling.find_participant(session, code))
    lines = found.lines if every else found.of(Status.DUE, Status.OVERDUE)
    if as_json:
        told = {"visits": [_plain(line) for line in lines], "problems": found.problems}
        click.echo(json.dumps(told, indent=2))
        return
    for line in lines:
        click.echo(_line(line))
    for problem in found.problems:
        click.echo(f"cannot be told: {problem}")
    if not lines:
        click.echo("nothing is due")


@visit.command("held")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("name", metavar="VISIT")
@click.argument("day", metavar="DAY")
@click.option("--mode", type=click.Choice(VISIT_MODES), required=True)
@_NUMBER
@_BECAUSE
@click.pass_obj
def held(  # noqa: PLR0913 - one option each
    database: Database,
    code: str,
    name: str,
    day: str,
    mode: str,
    number: int | None,
    because: str | None,
) -> None:
    """Record a visit held on a day of the person's own calendar; outside its window it is flagged.

    \b
    Example:
      hometrial visit held P-0001 V1 2026-03-29 --mode phone
    """
    migrating.require_newest(database)
    who = database.settings.who()
    word = Held(_day(day), mode, who, because)
    with database.transaction(who, because or "a visit held") as session:
        person = enrolling.find_participant(session, code)
        row = visiting.hold(session, person, name, word, number)
    outside = f", {row.days_outside:+d} days outside its window" if row.days_outside else ""
    click.echo(f"{code}: {row.visit} number {row.number} held on {row.day}{outside}")


@visit.command("missed")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("name", metavar="VISIT")
@click.option("--reason", required=True, help="Why it did not take place.")
@_NUMBER
@_BECAUSE
@click.pass_obj
def missed(
    database: Database, code: str, name: str, reason: str, number: int | None, because: str | None
) -> None:
    """Record that a visit did not take place.

    \b
    Example:
      hometrial visit missed P-0001 V1 --reason "too ill"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    word = Missed(reason, who, because)
    with database.transaction(who, because or "a visit missed") as session:
        person = enrolling.find_participant(session, code)
        row = visiting.miss(session, person, name, word, number)
    click.echo(f"{code}: {row.visit} number {row.number} missed: {row.reason}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"{text!r} is no day; write 2026-03-29") from error


def _plain(line: VisitLine) -> dict[str, Any]:
    record = line.record
    return {
        "participant": line.code,
        "visit": line.due.visit,
        "number": line.due.number,
        "label": line.label,
        "due": line.due.due.isoformat(),
        "window": [line.due.window.first.isoformat(), line.due.window.last.isoformat()],
        "opens_at": line.opening.opens_at.isoformat(),
        "closes_at": line.opening.closes_at.isoformat(),
        "status": line.status,
        "day": None if record is None or record.day is None else record.day.isoformat(),
        "days_outside": line.days_outside,
        "reason": None if record is None else record.reason,
    }


def _line(line: VisitLine) -> str:
    name = line.due.visit if line.due.number == 1 else f"{line.due.visit} #{line.due.number}"
    outside = f" ({line.days_outside:+d} days outside)" if line.days_outside else ""
    window = f"{line.due.window.first} to {line.due.window.last}"
    return f"{line.code}  {name:<6} {line.status:<9} {window}  {line.label}{outside}"
