"""`hometrial export`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.services import migrating


@click.command()
@click.option("--draft", is_flag=True, help="What is stored now, unlocked.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--format", "formats", default="parquet,csv", help="parquet, csv or both.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def export(
    database: Database,
    draft: bool,  # noqa: FBT001
    out: Path,
    formats: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Write data sets for a statistician: the same bytes as long as nothing changed.

    \b
    Example:
      hometrial export --draft --out draft-2026-11-24 --format parquet,csv
    """
    from hometrial.services import exporting  # only this command pays for loading its libraries

    if not draft:
        raise ExportRefusedError("only drafts can be exported so far; add --draft")
    migrating.require_newest(database)
    wanted = [name.strip() for name in formats.split(",") if name.strip()]
    with database.reading() as session:
        summary = exporting.export_draft(session, out, wanted)
    if as_json:
        click.echo(json.dumps(asdict(summary), indent=2, default=str))
    else:
        click.echo(f"{summary.files:,} files, {summary.samples:,} samples in {out}")
