"""`hometrial work`: what waits for somebody of the staff."""

import json
from typing import Any

import click

from hometrial import clock
from hometrial.cli.alert import told
from hometrial.db import Database
from hometrial.services import enrolling, migrating, working
from hometrial.services.working import OpenItem


@click.group()
def work() -> None:
    """What waits for somebody, about people and about the study."""


@work.command("list")
@click.option("--participant", metavar="P-0001")
@click.option("--kind", help="Such as red_alert or stopping_rule.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, participant: str | None, kind: str | None, *, as_json: bool) -> None:
    """List open work in the order of risk, the oldest first within a kind.

    \b
    Example:
      hometrial work list --participant P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, participant) if participant else None
        found = working.open_items(session, None if person is None else person.id)
    found = [each for each in found if kind in (None, each.item.kind)]
    if as_json:
        click.echo(json.dumps([_row(each) for each in found], indent=2))
        return
    now = clock.now()
    for each in found:
        item = each.item
        age = told(now - item.opened_at)
        click.echo(f"{each.of}  {item.kind.replace('_', ' ')}: {item.reason}; open for {age}")
    click.echo(f"{len(found)} items are open" if found else "nothing waits")


def _row(line: OpenItem) -> dict[str, Any]:
    item = line.item
    return {
        "participant": line.code,
        "kind": item.kind,
        "subject": item.subject,
        "reason": item.reason,
        "opened_at": item.opened_at.isoformat(),
    }
