"""`hometrial bridge`: let a participant's phone push what it holds (Health Connect, Apple Health)."""

from uuid import UUID

import click

from hometrial.db import Database
from hometrial.services import bridging, migrating
from hometrial_ingest.readers.bridge import BRIDGES


@click.group()
def bridge() -> None:
    """Let phones push what they hold: Health Connect, Apple Health."""


@bridge.command("add")
@click.argument("code")
@click.option("--kind", type=click.Choice(BRIDGES), required=True, help="What the phone reads.")
@click.pass_obj
def add(database: Database, code: str, kind: str) -> None:
    """Add a bridge for the participant CODE and print its token, once: only its hash is kept.

    \b
    Example:
      hometrial bridge add P-0001 --kind health-connect
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "add a phone bridge") as session:
        made, token = bridging.add(session, code, kind)
    click.echo(f"bridge {made.id} of {code}, {kind}")
    click.echo(f"token, shown only now: {token}")
    click.echo(f"it pushes to: {database.settings.public_url}/push/v1")


@bridge.command("list")
@click.pass_obj
def list_(database: Database) -> None:
    """List the bridges with their last push, the newest bridge first.

    \b
    Example:
      hometrial bridge list
    """
    migrating.require_newest(database)
    with database.reading() as session:
        lines = bridging.lines(session)
    for line in lines:
        last = f"last {line.last_push_at:%Y-%m-%d %H:%M} UTC" if line.last_push_at else "none yet"
        revoked = f", revoked {line.revoked_at:%Y-%m-%d}" if line.revoked_at else ""
        click.echo(
            f"{line.id}  {line.participant}  {line.kind}  pushes: {line.pushes}, {last}{revoked}"
        )
    if not lines:
        click.echo("no bridges yet; `hometrial bridge add P-0001 --kind health-connect` adds one")


@bridge.command("revoke")
@click.argument("bridge_id", metavar="BRIDGE", type=click.UUID)
@click.pass_obj
def revoke(database: Database, bridge_id: UUID) -> None:
    """Let the bridge with this id push no more; what it brought stays.

    \b
    Example:
      hometrial bridge revoke 5f0c2f9e-7d43-4c1e-9d3a-0a3c5a1c2b77
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "revoke a phone bridge") as session:
        code = bridging.revoke(session, bridge_id)
    click.echo(f"bridge {bridge_id} of {code} may push no more")
