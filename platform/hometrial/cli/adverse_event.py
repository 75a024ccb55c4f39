"""`hometrial adverse-event`: take events in, judge them, tell who must be told, import codings."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from hometrial import clock
from hometrial.cli.alert import told
from hometrial.cli.event_details import changes_of, instant, options, said_of
from hometrial.db import Database
from hometrial.models import AdverseEventVersion
from hometrial.protocol.safety.details import NAMES, Details
from hometrial.services import enrolling, migrating
from hometrial.services.safety import coding, duties, events, judged, reporting
from hometrial.services.safety.duties import Duty
from hometrial.services.safety.events import EventState


@click.group("adverse-event")
def adverse_event() -> None:
    """Take adverse events in, judge them version by version, keep the clocks of reports."""


@adverse_event.command("add")
@click.argument("code", metavar="PARTICIPANT")
@options
@click.pass_obj
def add(database: Database, /, code: str, **known: Any) -> None:
    """Take an event in; nothing but the person is needed.

    \b
    Example:
      hometrial adverse-event add P-0001 --words "could not sleep" --term trouble_sleeping --severity moderate --since 2026-03
    """
    migrating.require_newest(database)
    said, details = said_of(known, database.settings.who()), Details(**changes_of(known))
    with database.transaction(said.by, "adverse event told") as session:
        person = enrolling.find_participant(session, code)
        event = reporting.report(session, person, details, said)
        waiting = [each for each in duties.waiting(session) if _is_of(each, code, event.number)]
    click.echo(f"event {event.number} of {code} is recorded")
    _tell(waiting)


@adverse_event.command("amend")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("number", type=int)
@options
@click.option("--empty", multiple=True, type=click.Choice(NAMES), metavar="FIELD")
@click.option("--because", required=True, help="Why it is changed; kept with the version.")
@click.pass_obj
def amend(database: Database, /, code: str, number: int, **known: Any) -> None:
    """Write a new version of an event; the ones before stay on record.

    \b
    Example:
      hometrial adverse-event amend P-0001 1 --grade 2 --related yes --because "spoken with the person"
    """
    migrating.require_newest(database)
    because, said = known["because"], said_of(known, database.settings.who())
    changes = dict.fromkeys(known["empty"]) | changes_of(known)
    with database.transaction(said.by, because) as session:
        event = events.find(session, enrolling.find_participant(session, code), number)
        version = reporting.amend(session, event, changes, said, because=because)
        waiting = [each for each in duties.waiting(session) if _is_of(each, code, number)]
    click.echo(f"event {number} of {code} has version {version.version}")
    _tell(waiting)


@adverse_event.command("show")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show(database: Database, code: str, number: int, as_json: bool) -> None:  # noqa: FBT001
    """Show an event with its versions, its clocks, and what follows from it.

    \b
    Example:
      hometrial adverse-event show P-0001 1
    """
    migrating.require_newest(database)
    now = clock.now()
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        state = events.state_of(session, events.find(session, person, number))
        follows = judged.judge(session, person, state)
        clocks = duties.duties(session, [state])
    planned = follows.onset.planned_mg
    row = _row(state) | {
        "dose_at_onset_mg": None if planned is None else str(planned),
        "days_since_step": follows.onset.days_since_step,
        "against_run_in": follows.adjusted,
        "is_collected": follows.is_collected,
        "stop_rules_met": list(follows.stop_rules),
        "clocks": [_clock(each, now) for each in clocks],
        "versions": [_version(each) for each in state.versions],
    }
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    for name, value in row.items():
        for line in value if isinstance(value, list | tuple) else [value]:
            if line not in (None, ""):
                click.echo(f"{name.replace('_', ' ')}: {_line(line)}")


@adverse_event.command("list")
@click.option("--participant", metavar="P-0001")
@click.option("--waiting", is_flag=True, help="Reports that nobody has sent yet, by when due.")
@click.option("--uncoded", is_flag=True, help="Events whose words no coder has seen.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(
    database: Database, participant: str | None, *, waiting: bool, uncoded: bool, as_json: bool
) -> None:
    """List events by person and number, or the reports that wait.

    \b
    Example:
      hometrial adverse-event list --waiting
    """
    migrating.require_newest(database)
    now = clock.now()
    with database.reading() as session:
        person = enrolling.find_participant(session, participant) if participant else None
        found = events.states(session, person=person)
        clocks = [
            each for each in duties.duties(session, found) if each.running.reported_at is None
        ]
    if waiting:
        _print([_clock(each, now) for each in clocks], "reports wait", as_json=as_json)
        return
    rows = [_row(each) for each in found if not (uncoded and each.is_coded)]
    _print(rows, "events", as_json=as_json)


@adverse_event.command("sent")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("number", type=int)
@click.argument("name", metavar="CLOCK")
@click.option("--at", metavar="INSTANT", help="When it was sent; default is now.")
@click.option("--reference", required=True, help="Where the report is found.")
@click.pass_obj
def sent(database: Database, /, code: str, number: int, **how: Any) -> None:
    """Record that a report was sent; its clock stops, and a late one stays late.

    \b
    Example:
      hometrial adverse-event sent P-0001 1 serious_to_sponsor --reference "mail 2026-03-07"
    """
    migrating.require_newest(database)
    at = clock.now() if how["at"] is None else instant("--at", how["at"])
    who = database.settings.who()
    with database.transaction(who, "safety report sent") as session:
        event = events.find(session, enrolling.find_participant(session, code), number)
        duties.report_sent(
            session, event, how["name"], sent_at=at, by=who, reference=how["reference"]
        )
    click.echo(f"{how['name']} of event {number} of {code}: sent at {at.isoformat()}")


@adverse_event.command("baseline")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("term")
@click.argument("grade", type=click.IntRange(0, 4))
@click.option("--because", required=True, help="Where it is known from, or why it is corrected.")
@click.pass_obj
def baseline(database: Database, code: str, term: str, grade: int, because: str) -> None:
    """Record how bad a symptom is in the run-in, 0: not there.

    \b
    Example:
      hometrial adverse-event baseline P-0001 worse_fatigue 2 --because "baseline call"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, because) as session:
        person = enrolling.find_participant(session, code)
        reporting.record_baseline(session, person, term, grade, by=who, because=because)
    click.echo(f"{code}: {term} of grade {grade} in the run-in")


@adverse_event.command("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def code_(database: Database, file: Path) -> None:
    """Import a licensed coder's MedDRA codings from a CSV file, all of it or nothing.

    \b
    Columns: participant, number, version, llt_code, pt_code, pt_name, soc_name, meddra_version.
    \b
    Example:
      hometrial adverse-event code codings.csv
    """
    migrating.require_newest(database)
    who = database.settings.who()
    text = coding.read(file.read_bytes(), file.name)
    with database.transaction(who, f"codings of {file.name}") as session:
        found = coding.import_codings(session, text, file.name, by=who)
    click.echo(f"{found.new} codings are new, {found.same} were there already")


def _row(state: EventState) -> dict[str, Any]:
    known = state.details
    return {
        "participant": state.code,
        "number": state.event.number,
        "version": state.current.version,
        "looked_at": state.is_looked_at,
        **{name: getattr(known, name) for name in NAMES},
        "naranjo_score": state.current.naranjo_score,
        "expectedness": state.current.expectedness,
        "meddra_pt": state.coding and state.coding.pt_name,
    }


def _version(version: AdverseEventVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "recorded_at": version.recorded_at.isoformat(),
        "by": version.recorded_by,
        "because": version.because,
        "learned_at": version.learned_at.isoformat(),
    }


def _clock(duty: Duty, now: datetime) -> dict[str, Any]:
    running = duty.running
    left = running.time_left(now)
    return {
        "participant": duty.code,
        "number": duty.number,
        "clock": running.clock.id,
        "due_at": running.due_at.isoformat(),
        "hours_left": None if left is None else round(left / timedelta(hours=1), 2),
        "sent_at": running.reported_at and running.reported_at.isoformat(),
        "late": running.is_late(now),
        "reminders_due": len(running.reminders_due(now)),
        "provisional": running.is_provisional,
        "still_holds": running.still_holds,
    }


def _is_of(duty: Duty, code: str, number: int) -> bool:
    return (duty.code, duty.number) == (code, number)


def _tell(waiting: list[Duty]) -> None:
    now = clock.now()
    for each in waiting:
        left = each.running.due_at - now
        within = f"LATE by {told(-left)}" if left < timedelta() else f"within {told(left)}"
        click.echo(f"  {each.running.clock.text}: {within}")


def _print(rows: list[dict[str, Any]], of_what: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(_line(row))
    click.echo(f"{len(rows)} {of_what}")


def _line(found: Any) -> str:
    if not isinstance(found, dict):
        return str(found)
    return "  ".join(
        f"{name.replace('_', ' ')}: {value}"
        for name, value in found.items()
        if value not in (None, "")
    )
