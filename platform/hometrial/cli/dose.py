"""`hometrial dose`: what was ordered, taken and missed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay, milligrams
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.events import Reason, Source
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.dosing.standing import Kind, gives
from hometrial.services import enrolling, migrating
from hometrial.services.dosing import ordering, reporting, stepping, storing, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.dosing.today import Today, today

_AWAY = {kind.name.lower(): kind for kind in Kind if not gives(kind) and kind is not Kind.WITHDRAW}
_BY_PLAN = {"down": ordering.step_down, "resume": ordering.resume}
_ROLE = click.Choice([role.value for role in Role if role is not Role.PARTICIPANT])
_TIME = click.Choice([each.value for each in TimeOfDay])
_REASON = click.Choice([reason.value for reason in Reason])


@click.group()
def dose() -> None:
    """Order the drug, record what was taken, and see both."""


@contextmanager
def person_of(database: Database, code: str, reason: str) -> Iterator[tuple[Session, Participant]]:
    """Open a transaction about a person. Raises UnknownParticipantError."""
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        yield session, enrolling.find_participant(session, code)


@dose.command("order")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("what", metavar="ACT|RULE|MG", required=True)
@click.option("--why", required=True)
@click.option("--as", "role", type=_ROLE, default="investigator", show_default=True)
@click.option("--on", metavar="DAY", help="From that day on; default is today.")
@click.option("--formulation", help="Of the drug, such as cap; needed to start and to order MG.")
@click.option("--time", "time_of_day", type=_TIME, default="evening", show_default=True)
@click.pass_obj
def order(database: Database, /, code: str, what: str, why: str, **options: Any) -> None:
    """Order start, up, down, resume, hold, stop, end; what a RULE of the plan asks for; or MG a day.

    A hold is resumed; a stop counts as the end of treatment unless a dose is ordered again; an end is for good.

    \b
    Example:
      hometrial dose order P-0001 start --formulation cap --why "first dose call"
      hometrial dose order P-0001 D2 --why "headache on 3 of 7 days"
      hometrial dose order P-0001 2.5 --formulation liq --why "investigator's decision"
    """
    word = Word(database.settings.who(), Role(options["role"]), why)
    with person_of(database, code, "dose order") as (session, person):
        row = _ordered(session, person, word, what, options)
    click.echo(f"{code}: event {row.number}, {row.body['order']} from {row.day}")


def _ordered(
    session: Session, person: Participant, word: Word, what: str, options: dict[str, Any]
) -> DoseEvent:
    on, formulation = _day("--on", options["on"]), options["formulation"]
    if what in _AWAY:
        return ordering.take_away(session, person, word, _AWAY[what], on=on)
    if what in _BY_PLAN:
        return _BY_PLAN[what](session, person, word, on=on)
    if what == "up":
        return stepping.step_up(session, person, word)
    if what == "start":
        form = _required(formulation)
        return ordering.start(session, person, word, formulation=form, on=on)
    if not what[:1].isdigit():
        return ordering.by_rule(session, person, word, what, on=on)
    part = Part(milligrams(what), TimeOfDay(options["time_of_day"]))
    made = DayDose((part,), _required(formulation))
    return ordering.order(session, person, word, made, on=on)


def _required(formulation: str | None) -> str:
    if formulation is None:
        raise RecordRefusedError("--formulation: say what the dose is made of, such as cap or liq")
    return formulation


@dose.command("taken")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--mg", help="Default is what was ordered.")
@click.option("--on", metavar="DAY", help="The day that it counts for; default is today.")
@click.option("--time", "time_of_day", type=_TIME, help="Default is the part not told yet.")
@click.option("--formulation", help="Default is that of the order.")
@click.option("--corrects", type=int, metavar="NUMBER", help="The event that was wrong.")
@click.option("--why", default="", help="Of a correction.")
@click.pass_obj
def taken(database: Database, /, code: str, mg: str | None, **options: Any) -> None:
    """Record a dose that somebody told the site of, or correct one.

    \b
    Example:
      hometrial dose taken P-0001 --on 2026-11-27
      hometrial dose taken P-0001 --mg 3 --corrects 12 --why "two capsules, not one"
    """
    word = Word(database.settings.who(), Role.SITE, options["why"], options["corrects"])
    told = telling.Told(
        mg=None if mg is None else milligrams(mg),
        on=_day("--on", options["on"]),
        time_of_day=_time(options["time_of_day"]),
        formulation=options["formulation"],
        source=Source.SITE,
    )
    act = telling.taken if word.corrects is None else telling.corrected
    with person_of(database, code, "dose taken") as (session, person):
        row = act(session, person, word, told)
    amount = "used" if row.body["mg"] is None else f"{row.body['mg']} mg"
    click.echo(f"{code}: event {row.number}, {amount} {row.body['time_of_day']} of {row.day}")


@dose.command("missed")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("reason", type=_REASON)
@click.option("--on", metavar="DAY", help="Default is today.")
@click.option("--time", "time_of_day", type=_TIME, help="Default is the part not told yet.")
@click.pass_obj
def missed(
    database: Database, code: str, reason: str, on: str | None, time_of_day: str | None
) -> None:
    """Record that a dose was not taken, and why.

    \b
    Example:
      hometrial dose missed P-0001 forgot --on 2026-11-27
    """
    word = Word(database.settings.who(), Role.SITE)
    told = telling.Told(on=_day("--on", on), time_of_day=_time(time_of_day), source=Source.SITE)
    with person_of(database, code, "dose missed") as (session, person):
        row = telling.missed(session, person, word, Reason(reason), told)
    click.echo(f"{code}: event {row.number}, missed {row.body['time_of_day']} of {row.day}")


@dose.command("show")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """Show what is due today, and every event with its number.

    \b
    Example:
      hometrial dose show P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        found = today(session, person)
        rows = storing.rows_of(session, person.id)
    events = [
        {
            "number": row.number,
            "kind": row.kind,
            "day": row.day and row.day.isoformat(),
            **row.body,
            "by": row.by,
            "at": storing.in_zone(row.at, row.zone).isoformat(timespec="minutes"),
            "why": row.why,
            "corrects": row.corrects,
        }
        for row in rows
    ]
    if as_json:
        click.echo(json.dumps({"today": _today_row(found), "events": events}, indent=2))
        return
    for name, value in _today_row(found).items():
        click.echo(f"{name:<10} {', '.join(value) if isinstance(value, list) else value}")
    for event in events:
        told = {name: value for name, value in event.items() if value not in (None, "", [])}
        click.echo(json.dumps(told))


def _today_row(found: Today) -> dict[str, Any]:
    return {
        "today": found.on.isoformat(),
        "state": found.standing.state.value,
        "dose": str(found.standing.dose or "none"),
        "due": [f"{each.part}: {each.made_of} ({each.formulation})" for each in found.due],
        "recorded": [str(each.mg or each.formulation) for each in found.recorded],
        "beside": [each.medication.name for each in found.conflicts],
        "asked": [question.value for question in found.asked],
    }


@dose.command("adherence")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--from", "first", metavar="DAY", help="Default is the first order.")
@click.option("--to", "last", metavar="DAY", help="Default is yesterday.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with every day.")
@click.pass_obj
def adherence(
    database: Database,
    code: str,
    first: str | None,
    last: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show what was planned and taken, with the least and the most that it can be.

    \b
    Example:
      hometrial dose adherence P-0001 --from 2026-11-01
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        found = reporting.report(session, person, _day("--from", first), _day("--to", last))
    row = reporting.summary(found)
    if as_json:
        days = [reporting.day_row(day) for day in found.days]
        click.echo(json.dumps({**row, "table": days}, indent=2))
        return
    for name, value in row.items():
        click.echo(f"{name:<34} {'unknown' if value is None else value}")


def _day(option: str, told: str | None) -> date | None:
    if told is None:
        return None
    found = CoarseDate.of(told)
    if not found.is_exact:
        raise RecordRefusedError(f"{option} {told}: give the day, such as 2026-11-27")
    return found.first


def _time(told: str | None) -> TimeOfDay | None:
    return None if told is None else TimeOfDay(told)
