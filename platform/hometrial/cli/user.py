"""`hometrial user`: accounts of the staff, asked for and decided by two persons; whoever holds the machine is one."""

import json
from datetime import timedelta

import click
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Site, StaffGrant
from hometrial.services import enrolling, migrating
from hometrial.services.staffing import accounts, granting, links, tokens
from hometrial.services.viewing import rights
from hometrial.services.viewing.rights import Known
from hometrial.settings import Settings

_SITE = click.option("--site", metavar="SITE", help="Where; none for a role of the whole study.")
_REASON = click.option("--reason", required=True, help="Why, for the audit trail.")


@click.group()
def user() -> None:
    """Keep the accounts of the staff, their roles at sites, and links to set up how they log in."""


def _who(settings: Settings) -> str:
    """Return who acts: whatever name is set, whoever holds the machine is one person and no account."""
    who = settings.who()
    return who if who.startswith(granting.MACHINE) else f"{granting.MACHINE}{who}"


def _at(session: Session, site: str | None) -> Site | None:
    return None if site is None else enrolling.find_site(session, site)


@user.command("add")
@click.argument("name")
@click.option("--full-name", required=True, help="As it stands under a signature.")
@click.option("--role", help="Asked for at once; the first admin of a study is one at once.")
@_SITE
@click.option("--reason", default="a new account", show_default=True, help="Why the role.")
@click.pass_obj
def add(
    database: Database, name: str, full_name: str, role: str | None, site: str | None, reason: str
) -> None:
    """Make an account; with --role ask for a role, which an admin decides about on the site.

    \b
    Example:
      hometrial user add ada --full-name "Ada Lovelace" --role admin
      hometrial user add bea --full-name "Bea Smith" --role coordinator --site S-01
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        account = accounts.add(session, name, full_name)
        told = f"{name}: added"
        if role == "admin" and site is None and not granting.admins(session):
            granting.make_first_admin(session, account, _who(database.settings))
            told += "; the first admin of this study"
        elif role is not None:
            at = _at(session, site)
            granting.request(session, account, role, at, (_who(database.settings), reason))
            told += f"; {granting.told(role, at)} waits for an admin at System, Accounts"
    click.echo(
        f"{told}\n`hometrial user link {name}` prints the link with which they set up how they log in"
    )


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List accounts with their roles, and the roles that wait for a decision.

    \b
    Example:
      hometrial user list
    """
    migrating.require_newest(database)
    with database.reading() as session:
        known = rights.accounts(session)
    if as_json:
        rows = [
            {
                "name": each.name,
                "full_name": each.full_name,
                "disabled": each.disabled_because,
                "roles": [held.told for held in each.held],
                "waiting": [held.told for held in each.waiting],
            }
            for each in known
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for each in known:
        click.echo(f"{each.name:<12} {each.full_name}: {_state(each)}")
    if not known:
        click.echo("no account yet; `hometrial user add` makes the first admin")


def _state(known: Known) -> str:
    if known.disabled_because:
        return f"disabled: {known.disabled_because}"
    waiting = ", ".join(each.told for each in known.waiting)
    told = ", ".join(each.told for each in known.held) or "no role"
    return f"{told}; waiting: {waiting}" if waiting else told


@user.command("grant")
@click.argument("name")
@click.argument("role")
@_SITE
@_REASON
@click.pass_obj
def grant(database: Database, name: str, role: str, site: str | None, reason: str) -> None:
    """Ask for a role of an account; an admin decides about it on the site.

    \b
    Example:
      hometrial user grant bea investigator --site S-01 --reason "principal investigator"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        at, account = _at(session, site), accounts.find(session, name)
        granting.request(session, account, role, at, (_who(database.settings), reason))
        told = granting.told(role, at)
    click.echo(f"{name}: {told} waits for an admin at System, Accounts")


@user.command("approve")
@click.argument("name")
@click.argument("role")
@_SITE
@click.option("--decline", is_flag=True, help="Decline it instead.")
@click.pass_obj
def approve(database: Database, name: str, role: str, site: str | None, decline: bool) -> None:  # noqa: FBT001
    """Approve a role that an admin asked for on the site; what was asked for here is decided there.

    \b
    Example:
      hometrial user approve bea investigator --site S-01
    """
    migrating.require_newest(database)
    how = "declined" if decline else "approved"
    with database.transaction(database.settings.who(), f"a role is {how}") as session:
        found, told = _found(session, name, role, site)
        granting.decide(session, found, _who(database.settings), approve=not decline)
    click.echo(f"{name}: {told} {how}")


def _found(session: Session, name: str, role: str, site: str | None) -> tuple[StaffGrant, str]:
    at = _at(session, site)
    found = granting.find(session, accounts.find(session, name), role, at)
    return found, granting.told(role, at)


@user.command("end")
@click.argument("name")
@click.argument("role")
@_SITE
@_REASON
@click.pass_obj
def end(database: Database, name: str, role: str, site: str | None, reason: str) -> None:
    """End a role that an account holds; its sessions end at once.

    \b
    Example:
      hometrial user end bea investigator --site S-01 --reason "left the site"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        found, told = _found(session, name, role, site)
        granting.end(session, found, _who(database.settings), reason)
    click.echo(f"{name}: {told} ended")


@user.command("disable")
@click.argument("name")
@_REASON
@click.pass_obj
def disable(database: Database, name: str, reason: str) -> None:
    """Close an account for good: its sessions, links and tokens open nothing any more.

    \b
    Example:
      hometrial user disable bea --reason "left the study"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        accounts.disable(session, accounts.find(session, name), reason)
    click.echo(f"{name}: disabled")


@user.command("link")
@click.argument("name")
@click.option(
    "--minutes", default=24 * 60, show_default=True, help="So long it opens; 10 to 10080."
)
@click.pass_obj
def link(database: Database, name: str, minutes: int) -> None:
    """Print a link, for its owner alone, to set up how they log in; in a rehearsal it logs in at once.

    \b
    Example:
      hometrial user link bea --minutes 60
    """
    migrating.require_newest(database)
    settings = database.settings
    with database.transaction(settings.who(), "a link to set up a log-in") as session:
        account = accounts.find(session, name)
        token = links.make(session, account, _who(settings), timedelta(minutes=minutes))
    click.echo(links.address(settings, token))


@user.command("tokens")
@click.argument("name")
@click.option("--revoke", metavar="TOKEN", help="The name of a token that is to open nothing more.")
@click.pass_obj
def tokens_(database: Database, name: str, revoke: str | None) -> None:
    """List the tokens of an account, or revoke one; they are made by their owner on the site.

    \b
    Example:
      hometrial user tokens sam --revoke "nightly figures"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "tokens of an account") as session:
        account = accounts.find(session, name)
        found = tokens.mine(session, account.id)
        if revoke is not None:
            named = [each for each in found if each.name == revoke]
            if not named:
                raise TrialError(
                    f"no token {revoke!r} of {name}; `hometrial user tokens {name}` lists them"
                )
            tokens.revoke(session, account.id, named[0].id)
            found = [each for each in found if each not in named]
            click.echo(f"{revoke}: revoked")
    for each in found:
        click.echo(f"{each.name}: made {each.made_at:%Y-%m-%d}, ends {each.expires_at:%Y-%m-%d}")
    if not found:
        click.echo(f"{name} has no tokens")
