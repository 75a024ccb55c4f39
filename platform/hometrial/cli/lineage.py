"""`hometrial lineage`: from a cell of a data set back to the bytes that were sent."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hometrial.db import Database
from hometrial.services import migrating

if TYPE_CHECKING:
    from hometrial.services.lineage.cells import Traced
    from hometrial.services.lineage.chain import Chain, Step


@click.command()
@click.argument("lock")
@click.argument("data_set", metavar="DATASET")
@click.argument("row", type=click.IntRange(min=1))
@click.argument("variable")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def lineage(
    database: Database,
    lock: str,
    data_set: str,
    row: int,
    variable: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Walk a cell back: value, rule, chunk, batch and verdict, the bytes sent, device, consent in force.

    LOCK is the name or the number of a lock, or the folder of a lock or a draft; ROW counts from 1, in the order of
    the data set. Tidy tables are traced by the lock's name; samples by the place of their file.

    \b
    Example:
      hometrial lineage DSMB-1 VS 17 VSORRES
      hometrial lineage DSMB-1 samples/heart_rate/participant=P-0001/month=2026-03 17 value
    """
    from hometrial.services.lineage import (  # only this command pays for their libraries
        cells,
        locked,
        sampled,
    )
    from hometrial.services.locking import keeping

    migrating.require_newest(database)
    place = Path(lock)
    with database.reading() as session:
        if place.is_dir():
            found_in = sampled if sampled.is_of_samples(data_set) else cells
            cell = found_in.in_folder(place, data_set, row, variable)
            taken = cells.lock_of(session, place)
        else:
            asked = locked.Asked(data_set, row, variable)
            cell, taken = locked.in_lock(session, database, keeping.find(session, lock), asked)
        found = cells.traced(session, cell, taken)
    if as_json:
        click.echo(json.dumps(found.document(), indent=1, ensure_ascii=False))
    else:
        _tell(found)


def _tell(found: "Traced") -> None:
    cell = found.cell
    value = "" if cell.value is None else f" = {cell.value}"
    click.echo(f"{cell.data_set} row {cell.row}, {cell.variable}{value}")
    if cell.empty_because:
        click.echo(f"  empty because: {cell.empty_because}")
    for name, what in cell.how:
        click.echo(f"  {name}: {what}")
    for chain in found.chains:
        _tell_chain(chain)


def _tell_chain(chain: "Chain") -> None:
    click.echo(f"\n{chain.record}")
    for step in chain.steps:
        _tell_step(step, 1)


def _tell_step(step: "Step", depth: int) -> None:
    pad = "  " * depth
    click.echo(f"{pad}{step.title}")
    for name, what in step.facts:
        click.echo(f"{pad}  {name}: {what}")
    if step.raw is not None:
        place = "" if step.raw.offset is None else f" at byte {step.raw.offset}"
        click.echo(f"{pad}  bytes{place}: {step.raw.text or step.raw.why}")
    for each in step.below:
        _tell_step(each, depth + 1)
