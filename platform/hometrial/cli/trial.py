"""`hometrial trial`: a protocol on its way into force: loaded, compared, approved by another, published."""

import json
from pathlib import Path
from typing import Any

import click

from hometrial.cli.consent_document import tell_kept
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import ProtocolVersion
from hometrial.protocol import loading
from hometrial.protocol.difference import Change
from hometrial.protocol.model import Protocol, missing_before_consent
from hometrial.services import migrating
from hometrial.services.agreeing import texts
from hometrial.services.trial import publishing

_TEST = click.option("--test", "is_test", is_flag=True, help="Of a rehearsal, beside the trial.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def trial() -> None:
    """Put the trial's protocol into force: a file, checked, approved by another person, published."""


@trial.command("check")
@click.argument("file", metavar="FILE")
def check(file: str) -> None:
    """Check a protocol without keeping it; every fault is named with its line and field.

    FILE may also be the name of a protocol that comes with the product.

    \b
    Example:
      hometrial trial check trial.yaml
    """
    protocol = publishing.read(*_text(file))
    click.echo(f"{protocol.id} {protocol.version} has no fault")
    _tell_missing(protocol)


@trial.command("load")
@click.argument("file", metavar="FILE")
@_TEST
@click.pass_obj
def load(database: Database, file: str, is_test: bool) -> None:  # noqa: FBT001
    """Keep a protocol as a draft; a draft of the same version is set aside.

    \b
    Example:
      hometrial trial load trial.yaml
    """
    migrating.require_newest(database)
    who, (body, name) = database.settings.who(), _text(file)
    with database.transaction(who, "load a protocol") as session:
        version = publishing.load(session, body, name, by=who, is_test=is_test)
        changed = publishing.changes(session, version)
    click.echo(f"{_named(version)} is a draft, sha256 {version.sha256}")
    _tell_changes(changed)
    _tell_missing(publishing.of(version))


@trial.command("list")
@_JSON
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List every version of every protocol, the oldest first.

    \b
    Example:
      hometrial trial list
    """
    migrating.require_newest(database)
    with database.reading() as session:
        rows = [_plain(each) for each in publishing.versions(session)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        kind = "rehearsal" if row["test"] else ""
        click.echo(f"{row['protocol']:<16} {row['version']:<8} {row['state']:<10} {kind}".rstrip())
    if not rows:
        shipped = ", ".join(loading.shipped())
        click.echo(f"no protocol yet; hometrial trial load FILE, or one of {shipped}")


@trial.command("show")
@click.argument("protocol", metavar="ID")
@click.argument("version", metavar="VERSION")
@click.option("--file", "as_file", is_flag=True, help="Print the file as it was loaded.")
@_TEST
@_JSON
@click.pass_obj
def show(
    database: Database,
    protocol: str,
    version: str,
    as_file: bool,  # noqa: FBT001
    is_test: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show a version: how far it has come, by whom, and what is missing before anybody can consent.

    \b
    Example:
      hometrial trial show ldn-mecfs 1.0.0
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = publishing.find(session, protocol, version, is_test=is_test)
    if as_file:
        click.echo(found.body, nl=False)
        return
    if as_json:
        missing = list(missing_before_consent(publishing.of(found)))
        click.echo(json.dumps(_plain(found) | {"missing_before_consent": missing}, indent=2))
        return
    _tell(found)


@trial.command("diff")
@click.argument("protocol", metavar="ID")
@click.argument("version", metavar="VERSION")
@_TEST
@_JSON
@click.pass_obj
def diff(
    database: Database,
    protocol: str,
    version: str,
    is_test: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Say what a version changes against the one in force, and what that asks of the people in it.

    \b
    Example:
      hometrial trial diff ldn-mecfs 1.1.0
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = publishing.find(session, protocol, version, is_test=is_test)
        changed = publishing.changes(session, found)
    if as_json:
        click.echo(json.dumps([_change(each) for each in changed], indent=2))
        return
    _tell_changes(changed)
    if not changed:
        click.echo(f"{_named(found)} changes nothing: no other version is in force")


@trial.command("approve")
@click.argument("protocol", metavar="ID")
@click.argument("version", metavar="VERSION")
@click.option("--because", required=True, help="Why it may come into force; kept in the trail.")
@_TEST
@click.pass_obj
def approve(
    database: Database,
    protocol: str,
    version: str,
    because: str,
    is_test: bool,  # noqa: FBT001
) -> None:
    """Approve a draft that somebody else has loaded (HOMETRIAL_ACTOR says who acts).

    \b
    Example:
      HOMETRIAL_ACTOR=bob hometrial trial approve ldn-mecfs 1.0.0 --because "ethics 2026-11"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, because) as session:
        found = publishing.find(session, protocol, version, is_test=is_test)
        publishing.approve(session, found, by=who, because=because)
    click.echo(f"{_named(found)} is approved; hometrial trial publish {protocol} {version}")


@trial.command("publish")
@click.argument("protocol", metavar="ID")
@click.argument("version", metavar="VERSION")
@_TEST
@click.pass_obj
def publish(
    database: Database,
    protocol: str,
    version: str,
    is_test: bool,  # noqa: FBT001
) -> None:
    """Put an approved version into force with its consent texts; people stay on the version they follow.

    \b
    Example:
      hometrial trial publish ldn-mecfs 1.0.0
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "publish a protocol") as session:
        found = publishing.find(session, protocol, version, is_test=is_test)
        changed = publishing.publish(session, found)
        kept, missing = texts.keep_shipped(session, found, by=who)
    click.echo(f"{_named(found)} is in force")
    _tell_changes(changed)
    tell_kept(kept, missing, protocol)
    _tell_missing(publishing.of(found))


def _text(file: str) -> tuple[str, str]:
    """Return a protocol's text and name, of a file or of what comes with the product."""
    path = Path(file)
    if not path.exists() and file in loading.shipped():
        return loading.shipped_text(file), f"{file}.yaml"
    try:
        return path.read_text(encoding="utf-8"), path.name
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise TrialError(
            f"{file}: {reason}; give a file, or one of {', '.join(loading.shipped())}"
        ) from error


def _named(version: ProtocolVersion) -> str:
    return f"{version.protocol} {version.version}{' (rehearsal)' if version.is_test else ''}"


def _plain(version: ProtocolVersion) -> dict[str, Any]:
    moments = {
        "loaded_at": version.loaded_at,
        "approved_at": version.approved_at,
        "published_at": version.published_at,
    }
    return {
        "protocol": version.protocol,
        "version": version.version,
        "test": version.is_test,
        "state": version.state,
        "sha256": version.sha256,
        "loaded_by": version.loaded_by,
        "approved_by": version.approved_by,
        "approved_because": version.approved_because,
    } | {name: None if at is None else at.isoformat() for name, at in moments.items()}


def _change(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "kind": change.kind,
        "old": change.old,
        "new": change.new,
        "impact": change.effect.impact,
        "affects": change.effect.affects,
    }


def _tell(version: ProtocolVersion) -> None:
    protocol = publishing.of(version)
    click.echo(f"{_named(version)}: {version.state}, sha256 {version.sha256}")
    click.echo(protocol.title)
    click.echo(f"loaded {version.loaded_at:%Y-%m-%d %H:%M} UTC by {version.loaded_by}")
    if version.approved_at is not None:
        click.echo(
            f"approved {version.approved_at:%Y-%m-%d %H:%M} UTC by {version.approved_by}: "
            f"{version.approved_because}"
        )
    if version.published_at is not None:
        click.echo(f"published {version.published_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"arms: {', '.join(f'{each.id} ({each.label})' for each in protocol.arms)}")
    click.echo(f"visits: {', '.join(each.id for each in protocol.visits)}")
    _tell_missing(protocol)


def _tell_changes(changed: tuple[Change, ...]) -> None:
    for each in changed:
        click.echo(f"  {each}")


def _tell_missing(protocol: Protocol) -> None:
    for each in missing_before_consent(protocol):
        click.echo(f"before anybody can consent: {each}")
