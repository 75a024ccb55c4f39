"""`hometrial report`: the pilot report of a lock, as a page, as paper and as numbers."""

import json
from pathlib import Path

import click

from hometrial.db import Database
from hometrial.services import migrating


@click.command()
@click.argument("of", metavar="LOCK|DIR|now")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder to write; new, empty, or an earlier report.",
)
@click.option(
    "--pack",
    type=click.Choice(["open", "closed"]),
    help="A safety board's pack instead of the report.",
)
@click.option("--masked", is_flag=True, help="In the closed pack: arms as A and B.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON what was written.")
@click.pass_obj
def report(
    database: Database,
    of: str,
    out: Path,
    pack: str | None,
    masked: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Write the pilot report of a lock: report.html, report.pdf and report.json.

    A lock is given by its name, its number or its folder; the folder of a twin gives the twin's report, and `now` a
    draft of what is stored. Every page says which of these it is.

    With --pack it is the open or the closed pack of the safety board instead; the closed one tells by arm and is for
    the board alone.

    \b
    Example:
      hometrial report DSMB-1 --out report-1
      hometrial report DSMB-1 --pack open --out pack-1
    """
    from hometrial.services.locking import reporting

    migrating.require_newest(database)
    if masked and pack != "closed":
        raise click.UsageError("--masked belongs to --pack closed")
    if pack:
        made = reporting.write_pack(database, of, pack, out, masked=masked)
    else:
        made = reporting.write(database, of, out)
    if as_json:
        click.echo(
            json.dumps(
                {"folder": str(made.folder), "mark": made.mark, "files": list(made.files)}, indent=2
            )
        )
        return
    click.echo(f"{made.mark}: {', '.join(made.files)}\n{made.folder}")
