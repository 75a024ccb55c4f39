"""`hometrial system status`: how the system is, for people and for whatever watches it."""

import json
import sys

import click

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.services.viewing import system as viewing


@click.group()
def system() -> None:
    """How the system is."""


@system.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--needs-worker", is_flag=True, help="End with 1 also if no worker runs.")
@click.pass_obj
def status(database: Database, as_json: bool, needs_worker: bool) -> None:  # noqa: FBT001
    """Say what must be mended; it ends with 1 if anything must.

    \b
    Example:
      hometrial system status --json
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = viewing.look(session, database.settings)
    workers = found.readings.backlog.workers
    if as_json:
        click.echo(json.dumps(viewing.as_json(found), indent=2))
    else:
        for each in found.problems:
            way = f" {each.command}" if each.command else ""
            click.echo(f"{each.text} {each.way_out}{way}")
        made = "never" if found.backup is None else found.backup.at
        click.echo(
            f"{workers} workers, {found.readings.backlog.jobs} jobs due, audit trail at link {found.readings.chain},"
            f" last backup: {made}"
        )
    if found.problems or (needs_worker and not workers):
        sys.exit(1)
