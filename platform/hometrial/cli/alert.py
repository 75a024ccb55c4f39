"""`hometrial alert`: what calls for somebody, by when, and what was done about it."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click

from hometrial import clock
from hometrial.db import Database
from hometrial.services import enrolling, migrating
from hometrial.services.safety import alerting, alerts
from hometrial.services.safety.alerts import AlertLoad, AlertState


@click.group()
def alert() -> None:
    """List alerts with the time left, acknowledge them by name, close them with a reason."""


@alert.command("list")
@click.option("--participant", metavar="P-0001")
@click.option("--all", "closed_too", is_flag=True, help="Closed ones too.")
@click.option("--overdue", is_flag=True, help="Only what nobody answered in time.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(
    database: Database,
    participant: str | None,
    *,
    closed_too: bool,
    overdue: bool,
    as_json: bool,
) -> None:
    """List alerts, the gravest and the soonest due first.

    \b
    Example:
      hometrial alert list --overdue
    """
    migrating.require_newest(database)
    now = clock.now()
    with database.reading() as session:
        person = enrolling.find_participant(session, participant) if participant else None
        found = alerts.states(session, person=person, only_open=not closed_too)
    found = [each for each in found if not overdue or each.is_overdue(now)]
    if as_json:
        click.echo(json.dumps([_row(each, now) for each in found], indent=2))
        return
    for each in found:
        alert_ = each.alert
        click.echo(
            f"{alert_.id}  {each.code or 'the study'}  {alert_.level} {alert_.rule}: {alert_.text}; {_clock(each, now)}"
        )
    click.echo(f"{len(found)} alerts")


@alert.command("acknowledge")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.UUID)
@click.pass_obj
def acknowledge(database: Database, ids: tuple[UUID, ...]) -> None:
    """Say that you have seen alerts and answer for them.

    \b
    Example:
      hometrial alert acknowledge 6f0c2a52-6c0f-4a0e-9d6e-0e6f0a3c7b11
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "alert acknowledged") as session:
        for each in ids:
            alerting.acknowledge(session, alerting.find(session, each), by=who)
    click.echo(f"{len(ids)} alerts acknowledged by {who}")


@alert.command("close")
@click.argument("id_", metavar="ID", type=click.UUID)
@click.option("--because", required=True, help="Why it needs nobody any more.")
@click.option("--action", help="What was done about it, if anything was.")
@click.pass_obj
def close(database: Database, id_: UUID, because: str, action: str | None) -> None:
    """Close an alert with a reason; it stays on record.

    \b
    Example:
      hometrial alert close 6f0c2a52-6c0f-4a0e-9d6e-0e6f0a3c7b11 --because "spoken with, safe" --action "called"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, because) as session:
        alerting.close(session, alerting.find(session, id_), by=who, because=because, action=action)
    click.echo(f"alert {id_} closed")


@alert.command("load")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def load(database: Database, days: int, as_json: bool) -> None:  # noqa: FBT001
    """Show how heavy alerts were in the last days: how many, answered in time, acted upon.

    \b
    Example:
      hometrial alert load --days 90
    """
    migrating.require_newest(database)
    now = clock.now()
    with database.reading() as session:
        found = alerts.load(session, now - timedelta(days=days), now)
    row = _load(found)
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    for name, value in row.items():
        click.echo(f"{name.replace('_', ' ')}: {'none yet' if value is None else value}")


def _row(state: AlertState, now: datetime) -> dict[str, Any]:
    found = state.alert
    left = state.time_left(now)
    return {
        "id": str(found.id),
        "participant": state.code,
        "rule": found.rule,
        "rule_version": found.rule_version,
        "level": found.level,
        "text": found.text,
        "values": found.values,
        "owner": found.owner,
        "created_at": found.created_at.isoformat(),
        "due_at": found.due_at and found.due_at.isoformat(),
        "hours_left": None if left is None else round(left / timedelta(hours=1), 2),
        "overdue": state.is_overdue(now),
        "repeats": state.repeats,
        "acknowledged_by": state.acknowledged and state.acknowledged.by,
        "acknowledged_at": state.acknowledged and state.acknowledged.at.isoformat(),
        "actions": list(state.actions),
        "closed_at": state.closed and state.closed.at.isoformat(),
        "closed_because": state.closed and state.closed.because,
    }


def _load(found: AlertLoad) -> dict[str, float | bool | None]:
    return {
        "alerts": found.alerts,
        "per_participant_month": _rounded(found.per_participant_month),
        "ambers_per_participant_week": _rounded(found.ambers_per_participant_week),
        "share_acknowledged_in_time": _rounded(found.in_time),
        "share_acted_upon": _rounded(found.acted_upon),
        "needs_tuning": found.needs_tuning,
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)


def _clock(state: AlertState, now: datetime) -> str:
    if state.closed is not None:
        return f"closed by {state.closed.by}: {state.closed.because}"
    if state.acknowledged is not None:
        return f"acknowledged by {state.acknowledged.by}"
    left = state.time_left(now)
    if left is None:
        return "look at it in the next contact"
    return f"OVERDUE by {told(-left)}" if left < timedelta() else f"answer within {told(left)}"


def told(span: timedelta) -> str:
    """Return a length of time in hours and minutes."""
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min"
