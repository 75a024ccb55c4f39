"""`hometrial demo`: a seeded synthetic study, imported, gated and shown."""

import os
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from hometrial.cli.staff import serve
from hometrial.db import Database
from hometrial.services import enrolling, importing, migrating
from hometrial.settings import Settings
from hometrial_ingest import simulate as simulation

SEED, PEOPLE, DAYS, FIRST_DAY = 7, 12, 14, date(2026, 10, 25)
"""The demo's study: both clock changes of autumn 2026 (Berlin, New York) lie inside."""
WITH_GOOGLE = (2,)
"""Numbers of the people who also gave saved Google Health pages."""


@click.command()
@click.option("--port", default=8400, show_default=True, help="0 takes a free one.")
@click.option("--set-up-only", is_flag=True, help="Make the study and stop.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.pass_context
def demo(context: click.Context, port: int, set_up_only: bool, no_browser: bool) -> None:  # noqa: FBT001
    """Make a seeded study in ./.demo (or HOMETRIAL_HOME) and serve its staff site.

    \b
    Example:
      hometrial demo --port 8400
    """
    home = Path(os.environ.get("HOMETRIAL_HOME", ".demo"))
    database = Database(Settings(home=home, actor="demo"))
    context.call_on_close(database.close)
    migrating.require_newest(database)
    started = time.monotonic()
    _make(database)
    click.echo(f"the demo's study stands in {home} after {time.monotonic() - started:.0f} s")
    if not set_up_only:
        serve(database, "127.0.0.1", port, open_browser=not no_browser)


def _make(database: Database) -> None:
    study = simulation.study(SEED, PEOPLE, DAYS, FIRST_DAY)
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "fitabase"
        export.mkdir()
        click.echo(f"writing the export of {PEOPLE} synthetic people over {DAYS} days …")
        study.write_fitabase(export)
        pages = {number: Path(folder) / f"google-{number}" for number in WITH_GOOGLE}
        for number, place in pages.items():
            place.mkdir()
            study.write_google(study.people[number - 1], place)
        with database.transaction("demo", "make the demo's study") as session:
            codes = {person.number: _enrol(session, person) for person in study.people}
            _import(session, "fitabase", export, importing.ImportOptions())
            for number, place in pages.items():
                options = importing.ImportOptions(participant=codes[number])
                _import(session, "google-health", place, options)


def _enrol(session: Session, person: simulation.Person) -> str:
    """Enrol a synthetic person once, with the zones that they lived in."""
    account = str(person.fitabase_id)
    known = enrolling.accounts(session, "fitabase", [account]).get(account)
    if known is not None:
        return known.code
    enrolled = enrolling.add_participant(session)
    enrolling.link_account(session, enrolled.id, provider="fitabase", external_id=account)
    for period in person.zones:
        since = None if period.from_at is None else datetime.fromtimestamp(period.from_at, UTC)
        enrolling.set_zone(session, enrolled, period.zone, valid_from=since, source="demo")
    return enrolled.code


def _import(session: Session, provider: str, path: Path, options: importing.ImportOptions) -> None:
    report = importing.import_archive(session, provider, path, options)
    for file in report.files:
        click.echo(
            f"  {provider:<14} {file.path:<36} {file.rows_read:>10,} rows, "
            f"{file.rows_quarantined} quarantined, {file.rows_unreadable} unreadable"
        )
