"""`hometrial quarantine`: look at what was set aside, and decide."""

import json
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy import select

from hometrial.db import Database
from hometrial.errors import ReviewRefusedError
from hometrial.models import Participant, QuarantinedRow
from hometrial.services import migrating, reviewing
from hometrial.services.reviewing import Decision


@click.group()
def quarantine() -> None:
    """List quarantined rows; release them with a reason or confirm them as errors."""


@quarantine.command("list")
@click.option("--status", type=click.Choice(["open", "released", "confirmed"]), default="open")
@click.option("--participant", metavar="P-0001")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(
    database: Database,
    status: str,
    participant: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """List quarantined rows with rule, value and reason.

    \b
    Example:
      hometrial quarantine list --participant P-0007 --json
    """
    migrating.require_newest(database)
    found = select(QuarantinedRow, Participant.code).join(
        Participant, Participant.id == QuarantinedRow.participant_id
    )
    found = found.where(QuarantinedRow.status == status)
    if participant:
        found = found.where(Participant.code == participant)
    with database.reading() as session:
        rows = [
            {
                "id": str(row.id),
                "participant": code,
                "signal": row.signal,
                "rule": row.rule,
                "value": row.sample["value"],
                "row": row.row,
                "reason": row.reason,
            }
            for row, code in session.execute(
                found.order_by(Participant.code, QuarantinedRow.signal, QuarantinedRow.row)
            )
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['id']}  {row['participant']}  {row['rule']}: {row['reason']}")
    click.echo(f"{len(rows)} rows are {status}")


@quarantine.command("release")
@click.argument("rows", nargs=-1, required=True, type=click.UUID)
@click.option("--reason", required=True, help="Why the row is right after all.")
@click.option("--at", metavar="INSTANT", help="The instant of a row that has none.")
@click.pass_obj
def release(database: Database, rows: tuple[UUID, ...], reason: str, at: str | None) -> None:
    """Let rows into a new version of their day.

    \b
    Example:
      hometrial quarantine release 6f0c… --reason "chest strap during exercise test"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, reason) as session:
        count = reviewing.release(session, rows, Decision(who, reason), _instant(at))
    click.echo(f"{count} rows released")


@quarantine.command("confirm")
@click.argument("rows", nargs=-1, required=True, type=click.UUID)
@click.option("--reason", required=True, help="Why the row is wrong.")
@click.pass_obj
def confirm(database: Database, rows: tuple[UUID, ...], reason: str) -> None:
    """Confirm rows as errors: they stay out.

    \b
    Example:
      hometrial quarantine confirm 6f0c… --reason "sensor fault, watch replaced"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, reason) as session:
        count = reviewing.confirm(session, rows, Decision(who, reason))
    click.echo(f"{count} rows confirmed as errors")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ReviewRefusedError(
            f"--at {text!r} is no instant; write 2016-03-13T07:00:00Z"
        ) from error
