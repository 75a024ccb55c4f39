"""`hometrial import`."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from hometrial.db import Database
from hometrial.services import auditing, importing, migrating
from hometrial.services.reporting import FileReport, ImportReport
from hometrial_ingest.readers import READERS


@click.command("import")
@click.argument("provider", type=click.Choice(sorted(READERS)))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--participant", metavar="P-0001", help="Whose archive it is.")
@click.option(
    "--create-participants",
    is_flag=True,
    help="Enrol everybody in the archive who is not a participant yet.",
)
@click.option("--zone", metavar="ZONE", help="IANA zone of stamps without one, e.g. Europe/Berlin.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.pass_obj
def import_command(  # noqa: PLR0913
    database: Database,
    provider: str,
    path: Path,
    participant: str | None,
    create_participants: bool,  # noqa: FBT001
    zone: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Take an archive in: every row is stored, known already, or set aside with a reason.

    PATH is a folder, a zip or one file. All of it is imported or nothing.

    \b
    Example:
      hometrial import fitabase "Fitabase Data 4.12.16-5.12.16" --create-participants \\
          --zone America/New_York
    """
    migrating.require_newest(database)
    options = importing.ImportOptions(participant, create_participants, zone)
    with ExitStack() as stack:
        progress = _bar(stack, path) if _on_terminal(as_json=as_json) else importing.silent
        session = stack.enter_context(
            database.transaction(database.settings.who(), f"import {provider} {path.name}")
        )
        report = importing.import_archive(session, provider, path, options, progress)
    _anchor(database)
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else _text(report))
    if any(file.status == "rejected" for file in report.files):
        sys.exit(1)


def _on_terminal(*, as_json: bool) -> bool:
    return sys.stderr.isatty() and not as_json


def _bar(stack: ExitStack, path: Path) -> importing.Progress:
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    total = max(1, sum(file.stat().st_size for file in files))
    bar = stack.enter_context(
        click.progressbar(length=total, label="importing", file=sys.stderr, width=30)
    )

    def show(what: str, done: int) -> None:
        bar.label = what[-40:]
        bar.update(min(done, total - bar.pos))

    return show


def _anchor(database: Database) -> None:
    """Note the head of the audit chain beside the database; copies of that file belong elsewhere."""
    with database.reading() as session:
        head = auditing.head(session)
    path = database.settings.home / "anchors.jsonl"
    if not path.exists() or head not in auditing.read_anchors(path):
        auditing.write_anchor(path, head)


def _text(report: ImportReport) -> str:
    lines = [
        f"{'file':<44} {'rows read':>11} {'accepted':>11} {'duplicate':>11} {'quarantined':>12} "
        f"{'unreadable':>11}"
    ]
    for file in report.files:
        lines.append(_line(file))
        lines += [f"    {text}" for text in _remarks(file)]
    lines += [
        "",
        f"{len(report.participants)} participants, {report.chunks_written:,} day chunks written, "
        f"{report.chunks_unchanged:,} unchanged",
    ]
    if report.ignored:
        lines.append(f"left alone (not a kept kind): {', '.join(report.ignored[:8])}")
    lines += [_sums(entry) for entry in report.reconciliation]
    return "\n".join(lines)


def _line(file: FileReport) -> str:
    name = file.path if len(file.path) <= 44 else "…" + file.path[-43:]
    return (
        f"{name:<44} {file.rows_read:>11,} {file.rows_accepted:>11,} {file.rows_duplicate:>11,} "
        f"{file.rows_quarantined:>12,} {file.rows_unreadable:>11,}"
    )


def _remarks(file: FileReport) -> list[str]:
    said = [f"{file.status}: {file.reason}"] if file.reason else []
    said += [f"quarantined by {rule}: {n:,}" for rule, n in file.quarantined_by_rule.items()]
    said += [
        f"unreadable row {row['row']}, field {row['field']}: {row['reason']} (found {row['value']})"
        for row in file.unreadable[:5]
    ]
    flags = [finding for finding in file.findings if finding["severity"] == "flag"]
    return said + [f"note, {each['rule']}: {each['message']}" for each in flags]


def _sums(entry: dict[str, object]) -> str:
    differing = entry["differing"]
    days = [f"{each['participant']} {each['day']}" for each in differing]  # type: ignore[attr-defined]
    shown = f": {', '.join(days[:6])}{' …' if len(days) > 6 else ''}" if days else ""
    return (
        f"{entry['sum']} against {entry['total']}: {entry['days_agree']} days agree, "
        f"{entry['days_differ']} differ, {entry['days_without_sum']} have no sum{shown}"
    )
