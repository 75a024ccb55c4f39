"""`hometrial provider`: what each provider delivers and until when, and what its end asks for."""

import json
from datetime import date, datetime

import click

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import migrating, sunsets, working
from hometrial.services.sunsets import RELINK, Capability, Funnel


@click.group()
def provider() -> None:
    """List the wearable clouds with what they deliver, and record when one of them ends."""


@provider.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List providers: streams, people linked, end of service, and how far re-linking is.

    \b
    Example:
      hometrial provider list
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = [
            (each, sunsets.funnel(session, each.provider))
            for each in sunsets.capabilities(session, _clouds(database))
        ]
    if as_json:
        click.echo(json.dumps([_plain(*each) for each in found], indent=2))
        return
    for capability, funnel in found:
        click.echo(_line(capability, funnel))
    if not found:
        click.echo(
            "no provider is set up: give HOMETRIAL_GOOGLE_CLIENT_ID and HOMETRIAL_GOOGLE_CLIENT_SECRET"
        )


@provider.command("end")
@click.argument("name", metavar="PROVIDER")
@click.argument("day", metavar="DAY")
@click.option("--note", required=True, help="Where the end was announced; kept beside the day.")
@click.pass_obj
def end(database: Database, name: str, day: str, note: str) -> None:
    """Record that PROVIDER ends on DAY, and ask for new links where nobody else delivers the same.

    Work opens 120 days before, for exactly the people concerned; a later record replaces this one.

    \b
    Example:
      hometrial provider end fitbit 2026-11-02 --note "vendor's banner of 30 Oct"
    """
    migrating.require_newest(database)
    ends_on = _day(day)
    with database.transaction(database.settings.who(), "record a provider's end") as session:
        known = {each.provider for each in sunsets.capabilities(session, _clouds(database))}
        if name not in known:
            raise TrialError(
                f"no provider {name!r} is set up or linked here; there are: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
        sunsets.record_end(session, name, ends_on, note)
        working.sweep(session)
        sunsets.open_relinks(session, clock.now().date())
        open_ = [each for each in working.open_items(session) if each.item.kind == RELINK]
        concerned = sorted(each.of for each in open_ if each.provider == name)
    click.echo(f"{name} ends on {ends_on}")
    click.echo(f"to be linked elsewhere: {', '.join(concerned) or 'nobody now'}")


def _clouds(database: Database) -> sunsets.Clouds:
    from hometrial.services.syncing import clouds  # the vendors' libraries, for those who ask only

    return clouds.clouds(database.settings)


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise TrialError(f"{text!r} is no day; write 2026-11-02") from error


def _plain(capability: Capability, funnel: Funnel) -> dict[str, object]:
    return {
        "provider": capability.provider,
        "streams": capability.streams,
        "ends_on": capability.ends_on and capability.ends_on.isoformat(),
        "note": capability.note,
        "linked": capability.linked,
        "configured": capability.configured,
        "funnel": vars(funnel),
    }


def _line(capability: Capability, funnel: Funnel) -> str:
    ends = (
        f"ends {capability.ends_on} ({capability.note})" if capability.ends_on else "no end known"
    )
    lines = [
        f"{capability.provider:<14} {capability.linked:>4} linked   {ends}",
        f"{'':<14} {', '.join(capability.streams)}",
    ]
    if funnel.affected:
        lines.append(
            f"{'':<14} re-linking: {funnel.affected} concerned, {funnel.invited} invited, "
            f"{funnel.opened} opened, {funnel.linked_again} linked again, {funnel.left} left"
        )
    return "\n".join(lines)
