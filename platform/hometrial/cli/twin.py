"""`hometrial twin`."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from hometrial.cli.data_sets import FORMATS, listed
from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.services import migrating


@click.command()
@click.argument("out", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--people", type=int, default=12, show_default=True, help="How many people.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other people.")
@click.option("--protocol", help="Of which protocol; the one in force here unless given.")
@click.option("--until", help="Last day of data, YYYY-MM-DD.")
@FORMATS
@click.option("--json", "as_json", is_flag=True, help="Print facts and root hash as JSON.")
@click.pass_obj
def twin(database: Database, /, out: Path, as_json: bool, **given: Any) -> None:  # noqa: FBT001
    """Write the data sets of a study like this one with invented people, to rehearse programs on.

    It takes the protocol and its questionnaires, and no data of anybody. One seed gives the same bytes anywhere.

    \b
    Example:
      hometrial twin rehearsal --people 24 --seed 7
    """
    # Only this command pays for loading its libraries.
    from hometrial.exports.twin.setting import UNTIL
    from hometrial.services import twinning
    from hometrial.services.locking.wanted import wanted

    migrating.require_newest(database)
    protocol, until = given["protocol"], given["until"]
    order = twinning.Order(
        given["people"],
        given["seed"],
        protocol,
        UNTIL if until is None else _day(until),
    )
    facts = twinning.write(
        database,
        order,
        wanted(listed(given["formats"]), streams=()),
        out,
        lambda step: click.echo(step, err=True),
    )
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
    else:
        click.echo(
            f"{facts['files']:,} files of {order.people} invented people in {out}, root {facts['root']}"
        )


def _day(told: str) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise ExportRefusedError(f"until: {told!r} is no day; write 2027-04-30") from error
