"""`hometrial participant`: enrol, list, and say where people lived."""

import json
from datetime import UTC, datetime

import click
from sqlalchemy import select

from hometrial.cli.contact import contact, reindex
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.services import enrolling, identifying, migrating


@click.group()
def participant() -> None:
    """Enrol people under pseudonyms, bind their accounts, keep their zone history."""


participant.add_command(contact)
participant.add_command(reindex)


@participant.command("add")
@click.option("--code", metavar="P-0001", help="The pseudonym; default is the next free one.")
@click.option("--site", metavar="SITE", help="Who looks after the person, if there are several.")
@click.option("--zone", metavar="ZONE", help="IANA zone the person lives in.")
@click.option(
    "--account", metavar="PROVIDER:ID", multiple=True, help="A provider's id of the person."
)
@click.option("--name", help="Kept encrypted; `participant contact` asks for it instead.")
@click.option("--email", help="Kept encrypted; `participant contact` asks for it instead.")
@click.pass_obj
def add(  # noqa: PLR0913 - one option each
    database: Database,
    code: str | None,
    site: str | None,
    zone: str | None,
    account: tuple[str, ...],
    name: str | None,
    email: str | None,
) -> None:
    """Enrol a person and print the pseudonym.

    \b
    Example:
      hometrial participant add --zone Europe/Berlin --account fitabase:1503960366
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "enrol a participant") as session:
        at = None if site is None else enrolling.find_site(session, site)
        person = enrolling.add_participant(session, code=code, site=at)
        if zone:
            enrolling.set_zone(session, person, zone, source="enrolment")
        for text in account:
            provider, _, external_id = text.partition(":")
            if not external_id:
                raise TrialError(f"--account {text!r} is not PROVIDER:ID, e.g. fitabase:1503960366")
            enrolling.link_account(session, person.id, provider=provider, external_id=external_id)
        if name or email:
            key = database.settings.key("identity")
            identifying.keep(session, key, person.id, name=name, email=email)
    click.echo(person.code)


@participant.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List participants with status and present zone.

    \b
    Example:
      hometrial participant list --json
    """
    migrating.require_newest(database)
    with database.reading() as session:
        people = session.scalars(select(Participant).order_by(Participant.code)).all()
        zones = enrolling.zone_rows(session, [person.id for person in people])
        rows = [
            {
                "participant": person.code,
                "status": person.status,
                "zone": zones[person.id][-1].zone if person.id in zones else None,
            }
            for person in people
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['participant']}  {row['status']:<10} {row['zone'] or 'no zone on record'}"
        )
    if not rows:
        click.echo("no participants yet; `hometrial participant add` enrols one")


@participant.command("zone")
@click.argument("code")
@click.argument("zone")
@click.option(
    "--from", "since", metavar="INSTANT", help="Since when, e.g. 2026-03-07T18:00:00+01:00."
)
@click.pass_obj
def zone(database: Database, code: str, zone: str, since: str | None) -> None:
    """Say that a person lives in ZONE, since ever or since an instant; the history is kept.

    \b
    Example:
      hometrial participant zone P-0001 Asia/Kolkata --from 2026-03-07T18:00:00Z
    """
    migrating.require_newest(database)
    moment = None if since is None else _instant(since)
    with database.transaction(database.settings.who(), "record a zone") as session:
        person = enrolling.find_participant(session, code)
        enrolling.set_zone(session, person, zone, valid_from=moment, source="staff")
    click.echo(
        f"{code} lives in {zone} {'since ' + moment.isoformat() if moment else 'since ever'}"
    )


@participant.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8401, show_default=True, help="0 takes a free one.")
@click.pass_obj
def serve(database: Database, host: str, port: int) -> None:
    """Serve the participants' site: linking a watch, notifications of providers, pushes of phones.

    \b
    Example:
      hometrial participant serve --port 8401
    """
    from hometrial import participant as site  # Flask is loaded by the one command that serves
    from hometrial.tasks import engine, linking

    migrating.require_newest(database)
    app = site.create_app(
        database,
        on_linked=linking.first_reads,
        on_unlinked=linking.revoke_soon,
        tasks=engine.SiteTasks(),
    )
    click.echo(f"participant site: {database.settings.public_url}")
    site.serve(app, host, port, **database.settings.behind_proxies)


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"--from {text!r} is no instant; write 2026-03-07T18:00:00Z") from error
    if moment.tzinfo is None:
        raise TrialError(f"--from {text!r} has no zone; end it with Z or an offset such as +01:00")
    return moment.astimezone(UTC)
