"""`hometrial lock`: a study's data under a name, signed by two, verified offline, rebuilt, compared."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hometrial.cli.data_sets import FORMATS, PROFILE, SAMPLES, listed
from hometrial.db import Database
from hometrial.exports.differing import SCHEMA, Difference
from hometrial.services import migrating

if TYPE_CHECKING:
    from hometrial.exports.formats.proving import Proven
    from hometrial.exports.vouching import Verified
    from hometrial.models import DataLock
    from hometrial.services.locking.signing import Standing

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_OUT = click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to write; new or empty."
)


@click.group()
def lock() -> None:
    """Lock a study's data under a name: immutable, signed by two people, the same bytes for ever."""


@lock.command("create")
@click.argument("name", metavar="NAME")
@click.option("--reason", required=True, help="Why it is made; stands in its manifest.")
@click.option("--kind", default="interim", help="interim (the default) or final.")
@PROFILE
@FORMATS
@SAMPLES
@_OUT
@_JSON
@click.pass_obj
def create(database: Database, /, name: str, out: Path, **given: Any) -> None:
    """Make a lock of what is stored now, and its folder.

    It is a proposal until a data manager and an investigator have signed its root hash (lock sign).

    \b
    Example:
      hometrial lock create DSMB-1 --reason "first meeting of the board" --out dsmb-1
    """
    from hometrial.services.locking import making
    from hometrial.services.locking.wanted import new_lock, wanted

    migrating.require_newest(database)
    asked = wanted(listed(given["formats"]), given["profile"], listed(given["samples"]))
    new = new_lock(name, given["kind"], given["reason"], asked)
    made = making.make(
        database, new, out, database.settings.who(), lambda step: click.echo(step, err=True)
    )
    if given["as_json"]:
        click.echo(json.dumps(_told(made), indent=2))
    else:
        click.echo(f"lock {made.number}, {made.name}: root {made.root}\n{out}")


def _told(made: "DataLock") -> dict[str, object]:
    return {
        "number": made.number,
        "name": made.name,
        "kind": made.kind,
        "reason": made.reason,
        "profile": made.profile,
        "made_at": made.made_at.isoformat(),
        "made_by": made.made_by,
        "root": made.root,
    }


@lock.command("list")
@_JSON
@click.pass_obj
def list_locks(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List the locks, and who has signed them.

    \b
    Example:
      hometrial lock list
    """
    from hometrial.services.locking import keeping, signing

    migrating.require_newest(database)
    with database.reading() as session:
        found = signing.standings(session, keeping.locks(session))
    if as_json:
        click.echo(json.dumps([_with_signatures(each) for each in found], indent=2))
        return
    for each in found:
        signed = ", ".join(f"{one.signed_name} ({one.role})" for one in each.signatures)
        awaited = "" if each.stands else f"  not signed yet by {' and '.join(each.awaits)}"
        click.echo(
            f"{each.lock.number:>4}  {each.lock.name:<24} {each.lock.kind:<8} "
            f"{each.lock.made_at:%Y-%m-%d %H:%M}  {each.lock.root[:16]}  {signed}{awaited}"
        )


def _with_signatures(standing: "Standing") -> dict[str, object]:
    return {
        **_told(standing.lock),
        "stands": standing.stands,
        "awaits": list(standing.awaits),
        "signatures": [
            {"name": each.signed_name, "role": each.role, "at": each.signed_at.isoformat()}
            for each in standing.signatures
        ],
    }


@lock.command("sign")
@click.argument("name", metavar="LOCK")
@click.option("--as", "role", required=True, help="data_manager or investigator.")
@click.option("--root", required=True, help="The root hash that you have read: all 64 digits.")
@click.option("--account", required=True, help="Name of your account.")
@click.pass_obj
def sign(database: Database, name: str, role: str, root: str, account: str) -> None:
    """Sign for a lock's root hash, in a role that the account holds at every site: a lock holds everybody.

    Asks for the account's password and a code of its app: whoever holds this machine is nobody's signature. Who logs in
    by a passkey signs on the staff site.

    \b
    Example:
      hometrial lock sign DSMB-1 --as investigator --account okafor --root 5f0c...
    """
    from hometrial.services.locking import keeping, signing
    from hometrial.services.staffing import accounts, acting

    migrating.require_newest(database)
    with database.reading() as session:
        found = keeping.find(session, name)
    _prove(database, account)
    with database.transaction(database.settings.who(), f"sign lock {name} as {role}") as session:
        signer = acting.actor_of(session, accounts.find(session, account))
        signing.sign(session, found, role, signer, root)
        standing = signing.standing(session, found)
    awaited = f"; {' and '.join(standing.awaits)} yet to sign" if standing.awaits else "; it stands"
    click.echo(f"{signer.full_name} signed lock {found.name} as {role}{awaited}")


def _prove(database: Database, account: str) -> None:
    """Have somebody prove that an account is theirs. What was tried is kept, also where it was wrong."""
    from hometrial.services.entering.budgets import Wait
    from hometrial.services.locking.signing import LockRefusedError
    from hometrial.services.staffing import accounts, factors

    password, code = (
        click.prompt(what, hide_input=True, err=True) for what in ("Password", "Code")
    )
    tried = factors.Tried(password, code, "command line")
    keys = factors.keys_of(database.settings)
    with database.transaction(database.settings.who(), f"prove to be {account}") as session:
        found = factors.confirm(session, keys, accounts.find(session, account), tried)
    if isinstance(found, Wait):
        raise LockRefusedError(f"account: too many tries; try again in {found.seconds} seconds")
    if found is None:
        raise LockRefusedError(
            f"account: password and code are not {account}'s; try again, or sign on the staff site"
        )


@lock.command("verify")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--root", help="The root hash that it must have.")
@click.option(
    "--contents", is_flag=True, help="Also read every data set, and recompute its content hash."
)
@_JSON
def verify(folder: Path, root: str | None, contents: bool, as_json: bool) -> None:  # noqa: FBT001
    """Check every byte of a folder by itself: no database, no network. Exit 1 if anything was changed.

    \b
    Example:
      hometrial lock verify dsmb-1
      hometrial lock verify dsmb-1 --contents
    """
    from hometrial.exports import vouching

    found = vouching.verify(folder)
    problems = list(found.problems)
    if root and root != found.root:
        problems.append(f"the root is {found.root}, not {root}")
    proven = _proven(folder) if contents and not problems else None
    problems += proven.problems if proven else ()
    if as_json:
        told = {"contents": asdict(proven)} if proven else {}
        click.echo(json.dumps({**asdict(found), **told, "problems": problems}, indent=2))
    else:
        _say(found, problems, proven)
    if problems:
        sys.exit(1)


def _say(found: "Verified", problems: list[str], proven: "Proven | None") -> None:
    for each in problems:
        click.echo(each, err=True)
    click.echo(f"{found.kind} {found.name}: {found.files} files, root {found.root}")
    for who in found.signed:
        click.echo(f"signed by {who}")
    if found.key:
        click.echo(f"key of the installation: {found.key}")
    if found.is_proposal:
        click.echo("not signed by two people: a proposal, and no lock yet")
    if proven and not problems:
        click.echo(
            f"{proven.files} files hold the {proven.data_sets} data sets whose content hashes the manifest tells"
        )
    click.echo("changed" if problems else "as it was written")


def _proven(folder: Path) -> "Proven":
    from hometrial.exports.formats import (
        proving,
    )  # slow to import, and the bytes alone need none of it

    return proving.prove(folder)


@lock.command("rebuild")
@click.argument("name", metavar="LOCK")
@_OUT
@click.pass_obj
def rebuild(database: Database, name: str, out: Path) -> None:
    """Write a lock's folder again of what it keeps; refused unless every byte comes out as it was.

    \b
    Example:
      hometrial lock rebuild DSMB-1 --out dsmb-1-again
    """
    from hometrial.services.locking import keeping, making

    migrating.require_newest(database)
    with database.reading() as session:
        found = keeping.find(session, name)
        source = keeping.source_of(session, found)
    root = making.rebuild(database, found, source, out, lambda step: click.echo(step, err=True))
    click.echo(f"lock {found.number}, {found.name}: the same root {root}\n{out}")


@lock.command("diff")
@click.argument("before", metavar="LOCK")
@click.argument("after", metavar="LOCK")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV.")
@_JSON
@click.pass_obj
def diff(database: Database, before: str, after: str, as_csv: bool, as_json: bool) -> None:  # noqa: FBT001
    """Tell what differs between two locks: rows added, changed, removed, with who did it and why.

    \b
    Example:
      hometrial lock diff DSMB-1 DSMB-2 --csv
    """
    from hometrial.services.locking import comparing

    migrating.require_newest(database)
    with database.reading() as session:
        found = list(comparing.compared(session, before, after))
    if as_json:
        click.echo(json.dumps([each.row() for each in found], indent=2))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, SCHEMA.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(each.row() for each in found)
    else:
        _print(found)


def _print(found: list[Difference]) -> None:
    for each in found:
        values = (
            f": {each.before or 'nothing'} -> {each.after or 'nothing'}" if each.variable else ""
        )
        why = f"  [{each.who} {each.when[:16]} {each.why}]" if each.who else ""
        click.echo(f"{each.change:<8} {each.table} {each.key} {each.variable}{values}{why}")
    click.echo(f"{len(found):,} differences")
