"""`hometrial simulate`: a synthetic study's archives, for rehearsals and tests."""

from datetime import date
from pathlib import Path

import click

from hometrial_ingest import simulate as simulation


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", default=7, show_default=True)
@click.option("--people", default=12, show_default=True)
@click.option("--days", default=28, show_default=True)
@click.option("--first-day", default="2026-10-12", show_default=True, metavar="DAY")
def simulate(out: Path, seed: int, people: int, days: int, first_day: str) -> None:
    """Write a Fitabase-shaped export of a synthetic study, faults included, into OUT.

    The same seed gives the same bytes.

    \b
    Example:
      hometrial simulate rehearsal --people 20 --days 14
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
