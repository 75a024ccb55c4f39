"""`hometrial doctor`: what is there of a person, what is missing, hour by hour, and why."""

import json
from datetime import date, datetime

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import doctoring, enrolling, migrating, sunsets
from hometrial.services.diagnosing.check import Check
from hometrial.services.viewing.completeness import CAUSE_MARKS

_MARK = {"present": "#", **CAUSE_MARKS}
_VERDICT = {"ok": "ok", "problem": "PROBLEM", "not_reached": "-"}
_PER_LINE = 6


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
    """Say why a person has no data: all checks in order, then what is missing, hour by hour.

    The first problem is the answer, and stands on top with its fix.

    \b
    Example:
      hometrial doctor P-0014 --from 2016-04-12
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        found = doctoring.examine(
            session, person, _day(first), _day(last), clouds=_clouds(database)
        )
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
        return
    click.echo(_text(found))


def _clouds(database: Database) -> sunsets.Clouds:
    from hometrial.services.syncing import clouds  # the vendors' libraries, for those who ask only

    return clouds.clouds(database.settings)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise TrialError(f"{text!r} is no day; write 2016-04-12") from error


def _text(found: doctoring.Examination) -> str:
    lines = [f"{found.participant}  {found.status}", "", found.answer, ""]
    lines += [_check(number, check) for number, check in enumerate(found.checks, 1)]
    lines += ["", *(f"zone     {zone}" for zone in found.zones or ("none on record",))]
    lines += [f"device   {device}" for device in found.devices]
    lines += ["", f"{'stream':<24} {'days':>5} {'samples':>11}  first day   last day"]
    lines += [
        f"{s.stream:<24} {s.days:>5} {s.samples:>11,}  {s.first}  {s.last}" for s in found.streams
    ]
    lines += ["", "heart rate, hour by hour from the day's first:"]
    for day in found.days:
        marks = "".join(_MARK.get(hour, "!") for hour in day.hours)
        lines.append(f"{day.day}  {marks:<25} {day.text}")
    lines += ["", *_legend(), ""]
    lines += [f"{number}. {finding}" for number, finding in enumerate(found.findings, 1)]
    return "\n".join(lines)


def _check(number: int, check: Check) -> str:
    fix = f"; {check.fix}" if check.fix else ""
    return f"{number:>2} {_VERDICT[check.verdict]:<8} {check.name:<20} {check.finding}{fix}"


def _legend() -> list[str]:
    marks = [f"{mark} {cause.replace('_', ' ')}" for cause, mark in _MARK.items()]
    return ["   ".join(marks[at : at + _PER_LINE]) for at in range(0, len(marks), _PER_LINE)]
