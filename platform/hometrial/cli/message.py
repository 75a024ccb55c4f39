"""`hometrial message`: what people and staff were written, what became of each message, and pauses of all."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from hometrial import clock
from hometrial.db import Database
from hometrial.models.message import CHANNELS
from hometrial.services import enrolling, migrating
from hometrial.services.messaging import burden, channels, listing, silences, states
from hometrial.services.messaging.burden import Week
from hometrial.services.messaging.listing import Line
from hometrial.tasks import engine


@click.group()
def message() -> None:
    """See every message with all that became of it; send one again, try a channel, pause them all."""


@message.command("list")
@click.argument("code", metavar="[PARTICIPANT]", required=False)
@click.option("--most", type=click.IntRange(1), default=listing.MOST, show_default=True)
@click.option(
    "--json", "as_json", is_flag=True, help="Print as JSON, with how many went out a week."
)
@click.pass_obj
def list_(database: Database, code: str | None, *, most: int, as_json: bool) -> None:
    """List messages, the newest first, with how each stands.

    \b
    Example:
      hometrial message list P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code) if code else None
        found = listing.lines(session, person, most)
        weeks = burden.weeks(session, person)
    if as_json:
        told = {
            "messages": [_row(each) for each in found],
            "weeks": [_week(each) for each in weeks],
        }
        click.echo(json.dumps(told, indent=2))
        return
    for each in found:
        click.echo(_line(each))
    click.echo(f"{len(found)} messages")


@message.command("history")
@click.argument("id_", metavar="ID", type=click.UUID)
@click.pass_obj
def history(database: Database, id_: UUID) -> None:
    """Tell every step of a message: planned, held back, sent, refused, and why.

    \b
    Example:
      hometrial message history 6f0c2a52-6c0f-4a0e-9d6e-0e6f0a3c7b11
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = listing.find(session, id_)
        topics = states.topics(session, found.id)
        steps = states.history(session, found.id)
    click.echo(f"{found.kind} by {found.channel} in {found.language}, made by {found.created_by}")
    for topic in topics:
        form = f"{topic.form} of " if topic.form else ""
        click.echo(f"  about {form}{topic.occasion} ({topic.moment}) until {_at(topic.closes_at)}")
    for step in steps:
        code = "" if step.code is None else f" {step.code}"
        until = "" if step.next_at is None else f", to be sent at {_at(step.next_at)}"
        reason = f": {step.reason}" if step.reason else ""
        click.echo(f"{step.number}. {_at(step.at)} {step.state}{code}{until}{reason} ({step.by})")


@message.command("resend")
@click.argument("id_", metavar="ID", type=click.UUID)
@click.pass_obj
def resend(database: Database, id_: UUID) -> None:
    """Send a message once more, even in quiet hours; pauses and withdrawals hold it up all the same.

    \b
    Example:
      hometrial message resend 6f0c2a52-6c0f-4a0e-9d6e-0e6f0a3c7b11
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "message sent once more") as session:
        found = listing.find(session, id_)
        ways = channels.channels_of(database.settings)
        made = listing.resend(session, ways, found, by=who)
        engine.send_job(session)
    click.echo(
        f"{made.id} is queued; `hometrial message history {made.id}` tells what becomes of it"
    )


@message.command("test")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--channel", type=click.Choice(CHANNELS), default="email", show_default=True)
@click.pass_obj
def test(database: Database, code: str, channel: str) -> None:
    """Send a person a message that only says that messages arrive.

    \b
    Example:
      hometrial message test P-0001
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "message to try a channel") as session:
        person = enrolling.find_participant(session, code)
        ways = channels.channels_of(database.settings)
        made = listing.test(session, ways, person, channel, by=who)
        engine.send_job(session)
    click.echo(
        f"{made.id} is queued; `hometrial message history {made.id}` tells what becomes of it"
    )


@message.command("pause")
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M"]), required=True, help="In UTC.")
@click.option("--because", required=True)
@click.pass_obj
def pause(database: Database, until: datetime, because: str) -> None:
    """Have nobody in the study reminded until a moment; codes, and mails to staff, still go out.

    \b
    Example:
      hometrial message pause --until 2026-03-09T08:00 --because "the questions are being corrected"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    end = until.replace(tzinfo=clock.now().tzinfo)
    with database.transaction(who, because) as session:
        silences.rest(session, None, "pause", end, by=who, because=because)
    click.echo(f"nobody is reminded until {_at(end)}")


@message.command("go-on")
@click.pass_obj
def go_on(database: Database) -> None:
    """End a pause of the study; who has something open is reminded of it once.

    \b
    Example:
      hometrial message go-on
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "reminders go on") as session:
        silences.rest(session, None, "pause", None, by=who)
    click.echo("people are reminded again")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _line(line: Line) -> str:
    found, last = line.message, line.last
    reason = f": {last.reason}" if last.reason else ""
    whose = line.code or "staff"
    return (
        f"{found.id}  {whose}  {found.kind} by {found.channel}  {last.state} {_at(last.at)}{reason}"
    )


def _row(line: Line) -> dict[str, Any]:
    found, last = line.message, line.last
    return {
        "id": str(found.id),
        "participant": line.code,
        "kind": found.kind,
        "channel": found.channel,
        "language": found.language,
        "created_at": found.created_at.isoformat(),
        "state": last.state,
        "at": last.at.isoformat(),
        "code": last.code,
        "reason": last.reason,
    }


def _week(week: Week) -> dict[str, Any]:
    return {
        "participant": week.code,
        "week": week.first.isoformat(),
        "sent": week.sent,
        "not_sent": week.ended,
        "total": week.total,
    }
