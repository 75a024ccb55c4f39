"""`hometrial export`."""

import json
from pathlib import Path
from typing import Any

import click

from hometrial.cli.data_sets import PROFILE, SAMPLES, formats, listed
from hometrial.cli.schedule import schedule
from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.services import migrating


@click.group(invoke_without_command=True)
@click.option("--draft", is_flag=True, help="What is stored now, unlocked.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write.")
@formats("parquet,csv")
@PROFILE
@SAMPLES
@click.option("--json", "as_json", is_flag=True, help="Print the manifest's facts as JSON.")
@click.pass_context
def export(
    context: click.Context,
    /,
    draft: bool,  # noqa: FBT001
    out: Path | None,
    as_json: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Write data sets for a statistician: the same bytes as long as nothing changed.

    A draft is what is stored now. For data that are signed for and kept, make a lock (hometrial lock create).

    \b
    Example:
      hometrial export --draft --out draft-2026-11-24 --format xpt5,parquet,csv
    """
    if context.invoked_subcommand is not None:
        return
    database: Database = context.obj
    from hometrial.services.locking import (
        making,
    )  # only this command pays for loading its libraries
    from hometrial.services.locking.wanted import wanted

    if not draft:
        raise ExportRefusedError("add --draft for what is stored now, or use hometrial lock create")
    if out is None:
        raise click.UsageError("Missing option '--out': the folder to write.")
    migrating.require_newest(database)
    asked = wanted(listed(given["formats"]), given["profile"], listed(given["samples"]))
    with database.reading() as session:
        facts = making.draft(session, database, asked, out)
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
    else:
        click.echo(f"{facts['files']:,} files, {facts['samples']:,} samples in {out}")


export.add_command(schedule)
