"""`hometrial doctor`: what is there of a person, what is missing, hour by hour, and why."""

import json
from datetime import date, datetime

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import doctoring, enrolling, migrating

_MARK = {
    "present": "#",
    "not_worn": ".",
    "quarantined": "q",
    "not_in_source": "-",
    "unknown": "?",
}


@click.command()
@click.argument("code", metavar="PARTICIPANT")
@click.option("--from", "first", metavar="DAY", help="First day to show; default is all.")
@click.option("--to", "last", metavar="DAY", help="Last day to show.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def doctor(
    database: Database,
    code: str,
    first: str | None,
    last: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Say what is there of a person, what is missing, hour by hour, and why.

    \b
    Example:
      hometrial doctor P-0014 --from 2016-04-12
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        found = doctoring.examine(session, person, _day(first), _day(last))
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
        return
    click.echo(_text(found))


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise TrialError(f"{text!r} is no day; write 2016-04-12") from error


def _text(found: doctoring.Examination) -> str:
    lines = [f"{found.participant}  {found.status}", ""]
    lines += [f"zone     {zone}" for zone in found.zones] or ["zone     none on record"]
    lines += [f"device   {device}" for device in found.devices]
    lines += ["", f"{'stream':<24} {'days':>5} {'samples':>11}  first day   last day"]
    lines += [
        f"{s.stream:<24} {s.days:>5} {s.samples:>11,}  {s.first}  {s.last}" for s in found.streams
    ]
    lines += ["", "heart rate, hour by hour from the day's first:"]
    for day in found.days:
        marks = "".join(_MARK.get(hour, "!") for hour in day.hours)
        lines.append(f"{day.day}  {marks:<25} {day.text}")
    lines += ["", "# there   . not worn   q in quarantine   - not in the source   ? unknown", ""]
    lines += [f"{number}. {finding}" for number, finding in enumerate(found.findings, 1)]
    return "\n".join(lines)
