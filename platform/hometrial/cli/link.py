"""`hometrial link`: invitations to a person's page, the accounts that are linked, and their end."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click
import segno
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import WORKER_ROLE, Database
from hometrial.errors import TrialError
from hometrial.models import Connection, Participant, WearableAccount
from hometrial.services import enrolling, migrating
from hometrial.services.standing import LIVE
from hometrial.services.syncing import accounts, clouds, invitations, unlinking, vault
from hometrial_ingest.provider import ProviderError


@click.group()
def link() -> None:
    """Invite people to their page, list the watches that are linked, and end a link."""


@link.command("invite")
@click.argument("code", metavar="P-0001")
@click.option("--reason", default="invited to their page", help="Kept beside the invitation.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 30))
@click.option(
    "--qr",
    metavar="FILE.svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the link as a QR code, which phones open, instead of printing it.",
)
@click.pass_obj
def invite(database: Database, code: str, reason: str, days: int, qr: Path | None) -> None:
    """Print a link that opens a person's page once. It is shown only here: send it to nobody else.

    \b
    Example:
      hometrial link invite P-0001 --reason "new watch"
      hometrial link invite P-0001 --qr P-0001.svg
    """
    migrating.require_newest(database)
    if qr is not None:
        _require_new(qr)
    with database.transaction(database.settings.who(), reason) as session:
        person = enrolling.find_participant(session, code)
        token = invitations.invite(session, person, reason, timedelta(days=days))
    address = f"{database.settings.public_url}/join/{token}"
    if qr is None:
        click.echo(address)
        return
    _write_qr(qr, address)
    click.echo(f"{qr} holds the link of {code}; it opens the page once, within {days} days")


def _require_new(file: Path) -> None:
    if file.suffix != ".svg":
        raise TrialError(f"--qr {file}: the code is written as SVG; end the name with .svg")
    if file.exists():
        raise TrialError(f"--qr {file}: this file exists, and may be another person's link")
    if not file.parent.is_dir():
        raise TrialError(f"--qr {file}: there is no folder {file.parent}; make it first")


def _write_qr(file: Path, address: str) -> None:
    """Write a QR code that nobody else on this machine can read: it opens a person's page."""
    file.touch(mode=0o600, exist_ok=False)
    code = segno.make_qr(address, error="m")
    code.save(str(file), kind="svg", scale=8, border=4, light="white")


@link.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List linked accounts with their state, since when, and what is shared.

    \b
    Example:
      hometrial link list --json
    """
    migrating.require_newest(database)
    with database.reading() as session:
        rows = [
            {
                "participant": code,
                "provider": provider,
                "account": external_id,
                "status": connection.status,
                "since": connection.status_since.isoformat(timespec="seconds"),
                "reason": connection.status_reason,
                "streams": connection.streams,
            }
            for connection, code, provider, external_id in session.execute(
                select(
                    Connection,
                    Participant.code,
                    WearableAccount.provider,
                    WearableAccount.external_id,
                )
                .join(Participant, Participant.id == Connection.participant_id)
                .join(WearableAccount, WearableAccount.id == Connection.account_id)
                .order_by(Participant.code, WearableAccount.provider, Connection.linked_at)
            )
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['participant']}  {row['provider']:<14} {row['status']:<17} since {row['since']}  "
            f"{len(row['streams'])} streams: {row['reason']}"
        )
    if not rows:
        click.echo("nothing is linked yet; `hometrial link invite P-0001` prints a person's link")


@link.command("remove")
@click.argument("code", metavar="P-0001")
@click.argument("provider")
@click.option("--reason", required=True, help="Kept in the audit trail.")
@click.pass_obj
def remove(database: Database, code: str, provider: str, reason: str) -> None:
    """Stop reading a person's account at PROVIDER at once, and take our access back there.

    \b
    Example:
      hometrial link remove P-0001 google-health --reason "asked by phone"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        account_id = _account(session, code, provider, LIVE)
        unlinking.unlink(session, account_id, reason)
    click.echo(f"{code}: nothing is read from {provider} any more")
    click.echo(_revoke(database, account_id, provider))


def _account(session: Session, code: str, provider: str, statuses: tuple[str, ...]) -> UUID:
    person = enrolling.find_participant(session, code)
    found = accounts.at(session, person.id, provider, *statuses)
    if not found:
        wanted = " or ".join(statuses)
        raise TrialError(
            f"{code} has no account at {provider} that is {wanted}; `hometrial link list` shows them"
        )
    return found[0].account_id


def _revoke(database: Database, account_id: UUID, provider: str) -> str:
    """Ask the provider once; the worker goes on asking if it does not confirm."""
    cloud = clouds.clouds(database.settings).get(provider)
    if cloud is None:
        return f"{provider} is not set up here: the access there is to be taken back by the person"
    try:
        with database.transaction(
            database.settings.who(), "revoke at the provider", role=WORKER_ROLE
        ) as session:
            unlinking.revoke(session, vault.keys(database.settings), cloud, account_id)
    except ProviderError as error:
        return f"{provider} has not confirmed yet ({error.text}); the worker goes on asking"
    return f"{provider} has confirmed that our access is gone"


@link.command("confirm")
@click.argument("code", metavar="P-0001")
@click.argument("provider")
@click.option("--reason", required=True, help="Who saw it gone, and where.")
@click.pass_obj
def confirm(database: Database, code: str, provider: str, reason: str) -> None:
    """Record that our access is gone at PROVIDER where the provider itself never confirmed it.

    \b
    Example:
      hometrial link confirm P-0001 google-health --reason "the person removed it, seen on screen"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), reason) as session:
        account_id = _account(session, code, provider, ("unlinking",))
        unlinking.confirm(session, account_id, reason)
    click.echo(f"{code}: the link with {provider} has ended")


@link.command("rotate-key")
@click.option("--forget-old", is_flag=True, help="Delete the older keys instead of making one.")
@click.pass_obj
def rotate_key(database: Database, forget_old: bool) -> None:  # noqa: FBT001
    """Seal all tokens with a new key. Processes at work go on; forget the old keys a day later.

    \b
    Example:
      hometrial link rotate-key
      hometrial link rotate-key --forget-old
    """
    migrating.require_newest(database)
    if not forget_old:
        vault.new_key(database.settings)
    with database.transaction(
        database.settings.who(), "seal tokens with the newest key", role=WORKER_ROLE
    ) as session:
        sealed = vault.rotate(session, vault.keys(database.settings))
    gone = vault.forget_old_keys(database.settings) if forget_old else 0
    click.echo(f"the tokens of {sealed} accounts are sealed with the newest key")
    if gone:
        click.echo(f"{gone} older keys are deleted; take a new backup of the keys")
