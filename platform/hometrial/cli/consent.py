"""`hometrial consent`: what a person agreed to, data type by data type, until the participant site asks it."""

import json
from datetime import UTC, datetime

import click

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import consenting, enrolling, migrating, withdrawing
from hometrial.services.syncing import planning
from hometrial.services.syncing.clouds import clouds
from hometrial.tasks import linking
from hometrial_ingest.data_types import DataType

_TYPES = click.Choice([*(each.value for each in DataType), "all"])


@click.group()
def consent() -> None:
    """Record consent by data type; nothing is read from a watch that is not consented to."""


@consent.command("grant")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("data_types", type=_TYPES, nargs=-1, required=True)
@click.option("--since", metavar="INSTANT", help="In force from then on; default is now.")
@click.pass_obj
def grant(database: Database, code: str, data_types: tuple[str, ...], since: str | None) -> None:
    """Record that a person consents to data types.

    \b
    Example:
      hometrial consent grant P-0001 heart_rate steps sleep --since 2026-11-01T00:00:00Z
    """
    migrating.require_newest(database)
    chosen, moment = _chosen(data_types), _instant("--since", since)
    with database.transaction(database.settings.who(), "consent given") as session:
        person = enrolling.find_participant(session, code)
        consenting.grant(session, person, chosen, since=moment, source="staff")
        planning.begin_anew(session, withdrawing.accounts_of(session, person.id))
    click.echo(f"{code} consents to {', '.join(chosen)}")


@consent.command("withdraw")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("data_types", type=_TYPES, nargs=-1, required=True)
@click.option(
    "--late",
    type=click.Choice(["keep", "refuse"]),
    required=True,
    help="May what was observed before now still come in?",
)
@click.pass_obj
def withdraw(database: Database, code: str, data_types: tuple[str, ...], late: str) -> None:
    """Withdraw consent from now on: the next write of such data is refused, its account unlinked.

    \b
    Example:
      hometrial consent withdraw P-0001 heart_rate --late refuse
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "consent withdrawn") as session:
        person = enrolling.find_participant(session, code)
        chosen = _chosen(data_types)
        if "all" in data_types:
            given = consenting.spells(session, person.id)
            present = clock.now()
            chosen = tuple(kind for kind in DataType if given.in_force(kind, present))
        done = withdrawing.withdraw(
            session,
            clouds(database.settings),
            person,
            chosen,
            keep_late=late == "keep",
            source="staff",
        )
        for account_id, _ in done.unlinked:
            linking.revoke_soon(session, account_id)
    click.echo(f"{code} withdrew {', '.join(done.data_types)} at {done.since:%Y-%m-%d %H:%M:%SZ}")
    for _, provider in done.unlinked:
        click.echo(f"{provider}: unlinked; the tokens are destroyed within a minute")
    if done.bridges:
        click.echo(f"phone bridges revoked: {done.bridges}")


@consent.command("show")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """Show what a person consents to, since when and until when.

    \b
    Example:
      hometrial consent show P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        given = consenting.spells(session, person.id).spells
    rows = [
        {
            "data_type": kind,
            "since": spell.start.isoformat(),
            "until": None if spell.end == consenting.FOR_EVER else spell.end.isoformat(),
            "late_data": None if spell.end == consenting.FOR_EVER else spell.keep_late,
        }
        for kind, spells in sorted(given.items())
        for spell in spells
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        end = f" until {row['until']}" if row["until"] else ""
        click.echo(f"{row['data_type']:<20} since {row['since']}{end}")
    if not rows:
        click.echo(f"{code} has consented to nothing; hometrial consent grant {code} all")


@consent.command("pause")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--from", "start", metavar="INSTANT", required=True)
@click.option("--to", "end", metavar="INSTANT", help="Default: until further notice.")
@click.option("--reason", required=True)
@click.pass_obj
def pause(database: Database, code: str, start: str, end: str | None, reason: str) -> None:
    """Record a rest from the study: gaps in it are excused.

    \b
    Example:
      hometrial consent pause P-0001 --from 2026-12-20T00:00:00Z --to 2027-01-03T00:00:00Z --reason holiday
    """
    migrating.require_newest(database)
    begins = _instant("--from", start)
    assert begins is not None  # noqa: S101  # the option is required
    with database.transaction(database.settings.who(), "pause") as session:
        person = enrolling.find_participant(session, code)
        consenting.pause(session, person, begins, _instant("--to", end), reason)
    click.echo(f"{code} rests from {start}{' to ' + end if end else ''}")


def _chosen(names: tuple[str, ...]) -> tuple[DataType, ...]:
    return tuple(DataType) if "all" in names else tuple(DataType(name) for name in names)


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"{option} {text!r} is no instant; write 2026-03-07T18:00:00Z") from error
    if moment.tzinfo is None:
        raise TrialError(
            f"{option} {text!r} has no zone; end it with Z or an offset such as +01:00"
        )
    return moment.astimezone(UTC)
