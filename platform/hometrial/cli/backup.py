"""`hometrial backup` and `hometrial restore`: the whole study in one sealed file, and back."""

from pathlib import Path

import click

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.services.backing_up import keeping, restoring, writing
from hometrial.services.backing_up.sealing import BackupRefusedError, Secret

_MEGABYTE = 1_000_000
_PASSPHRASE = click.option(
    "--passphrase",
    is_flag=True,
    help="Sealed with a passphrase, asked for, instead of the key file.",
)
_KEY = click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another key file than keys/backup.hex of the home folder.",
)


@click.command("backup")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@_PASSPHRASE
@_KEY
@click.option(
    "--with-keys", is_flag=True, help="With the study's keys, sealed by a passphrase of their own."
)
@click.pass_obj
def backup(
    database: Database,
    path: Path,
    passphrase: bool,  # noqa: FBT001
    key_file: Path | None,
    with_keys: bool,  # noqa: FBT001
) -> None:
    """Write the whole database into a new file, sealed; the study goes on meanwhile.

    Its key is keys/backup.hex of the home folder: keep a copy of that folder elsewhere, or take --with-keys.

    \b
    Example:
      hometrial backup /media/usb/study-2026-11-28.backup
    """
    migrating.require_newest(database)
    secret = _secret(database, key_file, passphrase=passphrase)
    keys = _ask("Passphrase of the keys") if with_keys else None
    made, told = writing.write(database, path, secret, keys_passphrase=keys)
    click.echo(
        f"{path}: {made.size / _MEGABYTE:.1f} MB, {sum(told.rows.values()):,} rows of {len(told.rows)} tables,"
        f" audit trail to link {made.audit_seq}, in {made.seconds} s"
    )
    if keys is None:
        click.echo(
            f"the keys in {database.settings.home / 'keys'} are not in it: keep them apart, and safe"
        )


@click.command("restore")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@_PASSPHRASE
@_KEY
@click.option(
    "--keys-passphrase", is_flag=True, help="Put back the keys that the backup holds, too."
)
@click.pass_obj
def restore(
    database: Database,
    path: Path,
    passphrase: bool,  # noqa: FBT001
    key_file: Path | None,
    keys_passphrase: bool,  # noqa: FBT001
) -> None:
    """Restore a backup into an empty study, and verify every table's rows and the audit trail.

    \b
    Example:
      HOMETRIAL_HOME=~/restored hometrial restore study.backup --passphrase --keys-passphrase
    """
    secret = _secret(database, key_file, passphrase=passphrase, is_needed=True)
    keys = _ask("Passphrase of the keys") if keys_passphrase else None
    done = restoring.restore(database, path, secret, keys_passphrase=keys)
    told = done.manifest
    click.echo(
        f"the study of {told.made_at} is restored: {sum(told.rows.values()):,} rows of {len(told.rows)} tables;"
        f" {done.entries:,} entries of the audit trail verify up to link {told.audit_seq}"
    )
    if done.keys:
        click.echo(f"keys put back: {', '.join(done.keys)}")


def _secret(
    database: Database, key_file: Path | None, *, passphrase: bool, is_needed: bool = False
) -> Secret:
    if passphrase:
        if key_file is not None:
            raise BackupRefusedError("--passphrase, --key: give one of them")
        return Secret(passphrase=_ask("Passphrase of the backup"))
    if key_file is None:
        own = database.settings.home / "keys" / keeping.OWN
        if is_needed and not own.exists():
            raise BackupRefusedError(
                f"{own} is not there; give the key that the backup was sealed with: --key, or --passphrase"
            )
        return Secret(key=database.settings.key(own.stem))
    try:
        return Secret(key=bytes.fromhex(key_file.read_text().strip()))
    except ValueError as error:
        raise BackupRefusedError(f"{key_file} is no key: 64 hexadecimal digits") from error


def _ask(what: str) -> str:
    return str(click.prompt(what, hide_input=True, err=True))
