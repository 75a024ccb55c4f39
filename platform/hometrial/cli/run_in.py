"""`hometrial run-in`: the days before the drug, from which each person's own usual is known."""

import json
from datetime import date

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import enrolling, migrating
from hometrial.services.trial import running_in

_DAY = click.option("--on", "day", metavar="DAY", required=True, help="As 2026-03-02.")


@click.group("run-in")
def run_in() -> None:
    """See the days of a run-in, move its first day, and say which was its last."""


@run_in.command("show")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """Show a person's run-in: first, planned and last day, and what its days hold of what is asked.

    \b
    Example:
      hometrial run-in show P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = running_in.of_person(session, enrolling.find_participant(session, code))
    days = {"first": found.first, "planned_last": found.planned, "last": found.last}
    told = {name: None if day is None else day.isoformat() for name, day in days.items()}
    counted = {"diary_days": found.diary_days, "valid_wear_days": found.worn_days}
    if as_json:
        click.echo(json.dumps(told | counted | {"lacks": found.lacks}, indent=2))
        return
    for name, value in (told | counted).items():
        click.echo(f"{name:<16} {'not known' if value is None else value}")
    for each in found.lacks:
        click.echo(f"{'lacks':<16} {each}")


@run_in.command("begin")
@click.argument("code", metavar="PARTICIPANT")
@_DAY
@click.option("--because", default="", help="Why it begins on that day.")
@click.pass_obj
def begin(database: Database, code: str, day: str, because: str) -> None:
    """Record or move the first day of a run-in; it begins by itself the day after screening and signature.

    \b
    Example:
      hometrial run-in begin P-0001 --on 2026-03-02 --because "the watch came on the 1st"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), because or "a run-in begins") as session:
        person = enrolling.find_participant(session, code)
        running_in.begin(session, person, _day(day), because=because)
    click.echo(f"{code}: the run-in begins on {day}")


@run_in.command("end")
@click.argument("code", metavar="PARTICIPANT")
@_DAY
@click.option("--because", default="", help="Why it ends though its days are not all there.")
@click.pass_obj
def end(database: Database, code: str, day: str, because: str) -> None:
    """Record the last day of a run-in: the baseline is due and, where people are allocated, that.

    \b
    Example:
      hometrial run-in end P-0001 --on 2026-03-15
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), because or "a run-in ends") as session:
        person = enrolling.find_participant(session, code)
        found = running_in.end(session, person, _day(day), because=because)
    held = f"{found.diary_days} days of diary, {found.worn_days} of valid wear"
    click.echo(f"{code}: the run-in ends on {day}, with {held}")


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise TrialError(f"--on {said!r} is no day; write it as 2026-03-02") from None
