"""`hometrial audit` and `hometrial db`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from hometrial.db import Database
from hometrial.services import auditing, migrating
from hometrial.services.viewing import system as viewing


@click.group()
def audit() -> None:
    """Verify the audit trail and export its anchors."""


@audit.command("verify")
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Anchors kept elsewhere; default is anchors.jsonl in the home folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def verify(database: Database, anchors: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Check every entry, the HMAC chain, the anchors, and each table against the trail.

    \b
    Example:
      hometrial audit verify --anchors /media/usb/anchors.jsonl
    """
    migrating.require_newest(database)
    own = database.settings.home / "anchors.jsonl"
    path = anchors or (own if own.exists() else None)
    known = auditing.read_anchors(path) if path else ()
    with database.reading() as session:
        report = auditing.verify(session, database.settings.key("audit"), known)
    viewing.note_verified(database.settings, report)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        for problem in report.problems:
            click.echo(f"broken: {problem}")
        click.echo(
            f"{report.entries:,} entries in {report.links:,} links, {len(known)} anchors: "
            + ("the audit trail is whole" if not report.problems else "THE AUDIT TRAIL IS BROKEN")
        )
    if report.problems:
        sys.exit(4)


@audit.command("anchor")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to append to.")
@click.pass_obj
def anchor(database: Database, out: Path) -> None:
    """Append the head of the chain to a file that is kept off this machine.

    \b
    Example:
      hometrial audit anchor --out /media/usb/anchors.jsonl
    """
    migrating.require_newest(database)
    with database.reading() as session:
        head = auditing.head(session)
    auditing.write_anchor(out, head)
    click.echo(f"link {head.seq} anchored in {out}")


@click.group("db")
def database_commands() -> None:
    """Bring the database's tables to this program's version."""


@database_commands.command("upgrade")
@click.pass_obj
def upgrade(database: Database) -> None:
    """Create or migrate the tables.

    \b
    Example:
      HOMETRIAL_DATABASE_URL=postgresql://me@host/trial hometrial db upgrade
    """
    migrating.upgrade(database)
    click.echo(f"the database is at revision {migrating.present(database)}")


@database_commands.command("status")
@click.pass_obj
def status(database: Database) -> None:
    """Print the database's revision and the one this program needs.

    \b
    Example:
      hometrial db status
    """
    click.echo(f"database {migrating.present(database)}, program {migrating.newest()}")
