"""`hometrial export schedule`: data sets that leave by themselves."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hometrial import clock
from hometrial.cli.data_sets import PROFILE, SAMPLES, formats, listed
from hometrial.db import Database
from hometrial.services import migrating

if TYPE_CHECKING:
    from hometrial.models import ExportRun, ExportSchedule

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def schedule() -> None:
    """Send data sets to a folder, an SFTP server or S3 at a time of day."""


@schedule.command("add")
@click.argument("name", metavar="NAME")
@click.option(
    "--to",
    "destination",
    required=True,
    help="/folder, sftp://user@host/folder, s3://bucket/folder.",
)
@click.option(
    "--credentials", type=click.Path(path_type=Path), help="JSON file (mode 600) that opens it."
)
@click.option("--at", required=True, help="Time of day, as 02:30.")
@click.option(
    "--zone", default="UTC", help="Whose time of day: UTC (the default), Europe/Berlin ..."
)
@click.option("--on", "days", default="", help="Weekdays: mon,thu; every day if not given.")
@formats("parquet,csv")
@PROFILE
@SAMPLES
@click.option("--incremental", is_flag=True, help="Send only what has changed since the last run.")
@click.pass_obj
def add(database: Database, /, name: str, **given: Any) -> None:
    """Have drafts of the whole study sent at a time of day; a worker must run.

    Each run makes a folder of its own, which appears when all of it is there. An incremental run sends the files that
    are not there yet, HELD.csv, which says in which folder every file lies, and changes-since.csv.

    \b
    Example:
      hometrial export schedule add nightly --to sftp://trial@files.example.org/in --credentials sftp.json --at 02:30
    """  # fmt: skip
    from hometrial.services.locking.wanted import wanted
    from hometrial.services.scheduling import schedules

    migrating.require_newest(database)
    asked = wanted(listed(given["formats"]), given["profile"], listed(given["samples"]))
    secret = given["credentials"]
    plan = schedules.Plan(
        at=given["at"],
        zone=given["zone"],
        on=listed([given["days"].lower()]),
        destination=given["destination"],
        credentials=None if secret is None else str(secret.resolve()),
        is_incremental=given["incremental"],
    )
    who = database.settings.who()
    with database.transaction(who, f"schedule {name}") as session:
        made = schedules.add(session, name, asked, plan, who)
        click.echo(_line(made, None))


@schedule.command("list")
@_JSON
@click.pass_obj
def list_schedules(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List the schedules, each with its last run.

    \b
    Example:
      hometrial export schedule list
    """
    from hometrial.services.scheduling import schedules

    migrating.require_newest(database)
    with database.reading() as session:
        found = [
            (each, next(iter(schedules.runs(session, each, 1)), None))
            for each in schedules.schedules(session)
        ]
    if as_json:
        click.echo(json.dumps([_told(each, run) for each, run in found], indent=2))
        return
    for each, run in found:
        click.echo(_line(each, run))


def _told(made: "ExportSchedule", run: "ExportRun | None") -> dict[str, Any]:
    return {
        "name": made.name,
        "at": f"{made.at:%H:%M}",
        "zone": made.zone,
        "weekdays": made.weekdays,
        "destination": made.destination,
        "credentials": made.credentials,
        "formats": made.formats,
        "profile": made.profile,
        "incremental": made.is_incremental,
        "last_run": None if run is None else _of_run(run),
    }


def _of_run(run: "ExportRun") -> dict[str, Any]:
    return {
        "state": run.state,
        "finished_at": run.finished_at.isoformat(timespec="seconds"),
        "folder": run.folder,
        "files": run.files,
        "sent": run.sent,
        "sent_bytes": run.sent_bytes,
        "root": run.root,
        "error": run.error,
    }


def _line(made: "ExportSchedule", run: "ExportRun | None") -> str:
    from hometrial.services.scheduling.schedules import DAYS

    days = ",".join(DAYS[each - 1] for each in made.weekdays) or "every day"
    kind = "what is new" if made.is_incremental else "all"
    line = f"{made.name}: {kind}, {days} at {made.at:%H:%M} {made.zone}, to {made.destination}"
    return line if run is None else f"{line}\n  {_outcome(run)}"


def _outcome(run: "ExportRun") -> str:
    if run.error is not None:
        return f"failed {run.finished_at:%Y-%m-%d %H:%M} UTC: {run.error}"
    size = f"{run.sent:,} of {run.files:,} files, {run.sent_bytes:,} bytes"
    return f"done {run.finished_at:%Y-%m-%d %H:%M} UTC: {run.folder}, {size}, root {run.root}"


@schedule.command("remove")
@click.argument("name", metavar="NAME")
@click.pass_obj
def remove(database: Database, name: str) -> None:
    """End a schedule; what it has sent stays there, and its runs stay on record.

    \b
    Example:
      hometrial export schedule remove nightly
    """
    from hometrial.services.scheduling import schedules

    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, f"end schedule {name}") as session:
        schedules.end(session, name, who)
    click.echo(f"{name} sends nothing any more")


@schedule.command("run")
@click.argument("name", metavar="NAME")
@click.pass_obj
def run(database: Database, name: str) -> None:
    """Run a schedule now, whatever the time. Exit code 1 if it fails.

    \b
    Example:
      hometrial export schedule run nightly
    """
    from hometrial.services.scheduling import running, schedules

    migrating.require_newest(database)
    with database.reading() as session:
        found = schedules.find(session, name)
    made = running.run(database, found, clock.now())
    click.echo(_outcome(made), err=made.error is not None)
    if made.error is not None:
        sys.exit(1)
