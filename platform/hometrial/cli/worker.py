"""`hometrial worker` and `hometrial sync`: jobs done, and reads asked for by hand."""

from datetime import date, timedelta

import click
from sqlalchemy import select

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Connection
from hometrial.services import enrolling, migrating
from hometrial.services.syncing import pulling
from hometrial.tasks import engine


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="Jobs at once.")
@click.option("--once", is_flag=True, help="Stop when no job is left.")
@click.pass_obj
def worker(database: Database, concurrency: int, once: bool) -> None:  # noqa: FBT001
    """Read wearable accounts, take pages in, keep the study tidy; any number of workers may run.

    \b
    Example:
      hometrial worker --concurrency 4
    """
    from hometrial import worker as process  # loads every provider

    migrating.require_newest(database)
    process.run(database, concurrency=concurrency, wait=not once)


@click.command()
@click.argument("code", metavar="PARTICIPANT")
@click.option("--from", "first", metavar="DAY", help="First local day; default is 14 days ago.")
@click.option("--to", "last", metavar="DAY", help="Last local day; default is today.")
@click.pass_obj
def sync(database: Database, code: str, first: str | None, last: str | None) -> None:
    """Ask for a read of a person's accounts now; a worker makes it.

    \b
    Example:
      hometrial sync P-0001 --from 2026-11-01
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "read asked for") as session:
        person = enrolling.find_participant(session, code)
        accounts = session.scalars(
            select(Connection.account_id).where(
                Connection.participant_id == person.id, Connection.status == "active"
            )
        ).all()
        if not accounts:
            raise TrialError(f"{code} has no active account; run: hometrial link invite {code}")
        today = pulling.today(enrolling.zones_of(session, person), clock.now())
        begin, end = _day(first) or today - timedelta(days=13), _day(last) or today
        if begin > end:
            raise TrialError(f"--from {begin} is after --to {end}")
        for account_id in accounts:
            engine.read_job(session, account_id, "manual", (begin, end), priority=engine.SOON)
    click.echo(f"{code}: {len(accounts)} account(s) will be read from {begin} to {end}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"{text!r} is no day; write 2026-11-01") from error
