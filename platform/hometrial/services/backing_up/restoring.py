"""A backup restored into an empty study: whole or not at all, and verified row by row and link by link."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from hometrial.db import Database
from hometrial.services import auditing, migrating
from hometrial.services.auditing import Anchor
from hometrial.services.backing_up import keeping, manifest, sealing, tools
from hometrial.services.backing_up.manifest import Manifest
from hometrial.services.backing_up.sealing import BackupRefusedError, Secret
from hometrial.services.backing_up.writing import LENGTH

_DIGEST = 32
_HELD_BACK = 64 * 1024
_MOST = 64 * 1024 * 1024  # bytes of a manifest


@dataclass(frozen=True)
class Restored:
    """What was restored: what the backup told of itself, the entries of the audit trail that verify, keys put back."""

    manifest: Manifest
    entries: int
    keys: tuple[str, ...]


def restore(
    database: Database, path: Path, secret: Secret, *, keys_passphrase: str | None = None
) -> Restored:
    """Restore a backup into a study that is empty, then verify it.

    Raises BackupRefusedError: nothing was restored; or, of what does not verify, that it must not be used.
    """
    _require_empty(database)
    with path.open("rb") as file:
        flow = _Flow(sealing.unseal(file, secret))
        told = _told(flow)
        keys = _keys(database, told, keys_passphrase)
        _make_roles(database, told)
        _load(database, flow)
    anchors = database.settings.home / "anchors.jsonl"
    if told.anchors and not anchors.exists():
        anchors.write_text(told.anchors)
    return Restored(told, _verify(database, told), tuple(keys))


class _Flow:
    """Pieces of a stream, whose last 32 bytes are the digest of those before."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.waiting = pieces, bytearray()

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        while len(self.waiting) < count:
            piece = next(self.pieces, None)
            if piece is None:
                raise BackupRefusedError("the backup ends within its manifest; take another copy")
            self.waiting += piece
        taken, self.waiting = bytes(self.waiting[:count]), self.waiting[count:]
        return taken

    def dump(self) -> Iterator[bytes]:
        """Yield the dump; its end only once all of it is known to be whole, so that nothing can be committed before."""
        digest, kept = hashlib.sha256(), _DIGEST + _HELD_BACK
        for piece in self.pieces:
            self.waiting += piece
            ready, self.waiting = self.waiting[:-kept], self.waiting[-kept:]
            digest.update(ready)
            yield bytes(ready)
        end, told = self.waiting[:-_DIGEST], self.waiting[-_DIGEST:]
        digest.update(end)
        if digest.digest() != bytes(told):
            raise BackupRefusedError("the dump in the backup has another SHA-256 than was told")
        yield bytes(end)


def _told(flow: _Flow) -> Manifest:
    length = int.from_bytes(flow.take(LENGTH), "big")
    if length > _MOST:
        raise BackupRefusedError(f"a manifest of {length:,} bytes is none")
    told = manifest.read(flow.take(length))
    if told.revision != migrating.newest():
        raise BackupRefusedError(
            f"the backup is of revision {told.revision}, this program of {migrating.newest()}: restore it with"
            f" Hometrial {told.program}, then upgrade"
        )
    return told


def _require_empty(database: Database) -> None:
    with database.engine.connect() as connection:
        tables = manifest.rows(connection)
    if tables:
        raise BackupRefusedError(
            f"the study in {database.settings.home} is not empty, it has {len(tables)} tables; restore into a new"
            " HOMETRIAL_HOME, or into an empty database"
        )


def _keys(database: Database, told: Manifest, passphrase: str | None) -> list[str]:
    settings = database.settings
    if told.keys is not None and passphrase is not None:
        return keeping.unpack(settings, told.keys, passphrase)
    if not (settings.home / "keys" / "audit.hex").exists():
        way = (
            "give the passphrase of its keys: --keys-passphrase"
            if told.keys
            else "copy its folder keys here"
        )
        raise BackupRefusedError(
            f"{settings.home / 'keys'} has no audit.hex: without the study's keys nothing can be verified or read;"
            f" {way}"
        )
    return []


def _make_roles(database: Database, told: Manifest) -> None:
    """Make the program's roles where the server has none of their names; they belong to no database."""
    with database.engine.begin() as connection:
        known = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
        quoted = connection.dialect.identifier_preparer.quote
        for name in told.roles:
            if name not in known:
                connection.execute(text(f"CREATE ROLE {quoted(name)} NOLOGIN"))
            connection.execute(text(f"GRANT {quoted(name)} TO CURRENT_USER"))
        for name, members in told.roles.items():
            for member in members:
                connection.execute(text(f"GRANT {quoted(name)} TO {quoted(member)}"))


def _load(database: Database, flow: _Flow) -> None:
    """Let pg_restore load the dump in one transaction; what is wrong with the bytes ends it, and nothing stays."""
    where, secret = tools.address(database)
    command: list[str | Path] = [
        tools.found(database, "pg_restore"), "--no-owner", "--single-transaction", "--exit-on-error", "--dbname", where,
    ]  # fmt: skip
    loading = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | secret
    )
    assert loading.stdin is not None  # noqa: S101 - a pipe, see above
    try:
        for piece in flow.dump():
            loading.stdin.write(piece)
    except BrokenPipeError:
        pass  # it says why below
    except BaseException:
        loading.kill()
        loading.communicate()
        raise
    _, complaint = loading.communicate()
    if loading.returncode != 0:
        said = complaint.decode(errors="replace").strip()[:500]
        raise BackupRefusedError(f"pg_restore failed, and nothing was restored: {said}")


def _verify(database: Database, told: Manifest) -> int:
    with database.engine.connect() as connection:
        rows = manifest.rows(connection)
    differing = sorted(
        name for name in told.rows.keys() | rows.keys() if told.rows.get(name) != rows.get(name)
    )
    if differing:
        name = differing[0]
        raise BackupRefusedError(
            f"table {name} has {rows.get(name)} rows, the backup told {told.rows.get(name)}: do not use this study"
        )
    head = Anchor(told.audit_seq, told.audit_mac)
    with database.reading() as session:
        report = auditing.verify(session, database.settings.key("audit"), (head,))
    if report.problems or report.head != head:
        found = report.problems[0] if report.problems else "its head is another"
        raise BackupRefusedError(f"the audit trail does not verify, do not use this study: {found}")
    return report.entries
