"""`hometrial simulate`: doubles of the wearable clouds, and a synthetic study's archives."""

from datetime import date, timedelta
from pathlib import Path

import click

from hometrial import clock
from hometrial.db import Database
from hometrial_ingest import simulate as simulation
from hometrial_ingest.simulators import Simulators

_AHEAD = 60
"""Days for which the doubles know what will happen when they run on real time."""


@click.group()
def simulate() -> None:
    """Rehearse without people: simulated clouds to link and sync, or archives to import."""


@simulate.command()
@click.option("--port", default=8500, show_default=True, help="0 takes a free one.")
@click.option("--seed", default=7, show_default=True)
@click.option("--people", default=12, show_default=True)
@click.option("--days", default=28, show_default=True, help="Days of history.")
@click.option(
    "--heart-rate-every",
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="Seconds between heart-rate samples; 5 is the device's own.",
)
@click.option("--virtual", is_flag=True, help="A clock that stands still until /control moves it.")
@click.pass_obj
def serve(database: Database, /, virtual: bool, **options: int) -> None:  # noqa: FBT001
    """Serve doubles of Google Health and Fitbit on this machine until they are interrupted.

    They run on real time: devices sync a few times a day, and subscribers are told what changed.
    With --virtual time stands still until POST /control/clock moves it. The same seed gives the
    same people; every person's account is p1@example.org, p2@example.org and so on.

    \b
    Example:
      hometrial simulate serve --people 20 --days 14
    """
    board = database.settings.home / "simulators.clock"
    board.parent.mkdir(parents=True, exist_ok=True)
    with _made(options, board, virtual=virtual).start(options["port"]) as simulators:
        simulators.watch()
        click.echo(_how_to_use(simulators, board))
        simulators.wait()


def _made(options: dict[str, int], board: Path, *, virtual: bool) -> Simulators:
    days = options["days"]
    if options["people"] < 1 or days < 1:
        raise click.UsageError("the doubles need people and days: give 1 or more of each")
    simulators = Simulators(
        options["seed"],
        options["people"],
        clock.now().date() - timedelta(days=days - 1),
        days if virtual else days + _AHEAD,
        options["heart_rate_every"],
        board,
    )
    if not virtual:
        simulators.clock.real()
    return simulators


def _how_to_use(simulators: Simulators, board: Path) -> str:
    address, google, fitbit = simulators.base_url, simulators.google, simulators.fitbit
    return "\n".join(
        (
            f"Google Health: {address}/google, Fitbit: {address}/fitbit, control: {address}/control",
            f"the clock shows {simulators.clock.now():%Y-%m-%d %H:%M} UTC"
            f"{' (real time)' if simulators.clock.is_real else ' and stands still'}",
            "point a study at them with",
            f"  export HOMETRIAL_SIMULATORS={address}",
            f"  export HOMETRIAL_CLOCK_FILE={board}",
            f"  export HOMETRIAL_GOOGLE_CLIENT_ID={google.client_id}",
            f"  export HOMETRIAL_GOOGLE_CLIENT_SECRET={google.client_secret}",
            f"  export HOMETRIAL_FITBIT_CLIENT_ID={fitbit.client_id}",
            f"  export HOMETRIAL_FITBIT_CLIENT_SECRET={fitbit.client_secret}",
            f"  export HOMETRIAL_WEBHOOK_SECRET='{google.webhook_secret}'",
            "stop with Ctrl-C",
        )
    )


@simulate.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", default=7, show_default=True)
@click.option("--people", default=12, show_default=True)
@click.option("--days", default=28, show_default=True)
@click.option("--first-day", default="2026-10-12", show_default=True, metavar="DAY")
def archives(out: Path, seed: int, people: int, days: int, first_day: str) -> None:
    """Write a Fitabase-shaped export of a synthetic study, faults included, into OUT.

    The same seed gives the same bytes.

    \b
    Example:
      hometrial simulate archives rehearsal --people 20 --days 14
    """
    try:
        made = simulation.study(seed, people, days, date.fromisoformat(first_day))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    made.write_fitabase(out)
    click.echo(f"{people} people, {days} days from {first_day} in {out}; planted faults:")
    for fault in made.faults:
        click.echo(f"  {fault}")
