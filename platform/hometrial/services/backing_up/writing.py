"""A backup written: one snapshot of the database, told by its manifest, dumped, and sealed as it flows."""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.services import auditing, migrating
from hometrial.services.backing_up import keeping, log, manifest, sealing, tools
from hometrial.services.backing_up.log import Made
from hometrial.services.backing_up.manifest import Manifest
from hometrial.services.backing_up.sealing import BackupRefusedError, Secret

LENGTH = 8
"""Bytes that say how long the manifest is."""
_PIECE = 256 * 1024


def write(
    database: Database, path: Path, secret: Secret, *, keys_passphrase: str | None = None
) -> tuple[Made, Manifest]:
    """Back the study up into a new file; it has its name only once it is whole.

    `keys_passphrase`: with the keys, sealed by it. Raises BackupRefusedError.
    """
    if path.exists():
        raise BackupRefusedError(
            f"{path} exists already; a backup overwrites nothing, take another name"
        )
    began, draft = time.monotonic(), path.with_name(f".{path.name}.part")
    try:
        with database.engine.connect() as connection:
            told = _manifest(database, connection, keys_passphrase)
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            with draft.open("xb") as file:
                draft.chmod(0o600)
                sealing.seal(_plain(database, told, str(snapshot)), file, secret)
                file.flush()
                os.fsync(file.fileno())
        draft.rename(path)
    except FileNotFoundError as error:
        raise BackupRefusedError(f"{path}: its folder is not there; make it first") from error
    finally:
        draft.unlink(missing_ok=True)
    seconds = round(time.monotonic() - began, 1)
    made = Made(told.made_at, path.name, path.stat().st_size, seconds, told.audit_seq)
    log.note(database.settings, made)
    return made, told


def _manifest(database: Database, connection: Connection, passphrase: str | None) -> Manifest:
    """Tell what the snapshot holds that the connection sees from now on."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    head = auditing.head(Session(connection))
    anchors = database.settings.home / "anchors.jsonl"
    return Manifest(
        made_at=clock.now().isoformat(),
        program=version("hometrial"),
        revision=migrating.newest(),
        server=str(connection.execute(text("SHOW server_version")).scalar_one()),
        rows=manifest.rows(connection),
        audit_seq=head.seq,
        audit_mac=head.mac,
        roles=manifest.roles(connection),
        anchors=anchors.read_text() if anchors.exists() else "",
        keys=None if passphrase is None else keeping.pack(database.settings, passphrase),
    )


def _plain(database: Database, told: Manifest, snapshot: str) -> Iterator[bytes]:
    """Yield the manifest, the dump of the snapshot, and last the dump's SHA-256."""
    body = told.body()
    yield len(body).to_bytes(LENGTH, "big") + body
    where, secret = tools.address(database)
    command: list[str | Path] = [
        tools.found(database, "pg_dump"), "--format=custom", "--compress=gzip:3", "--no-owner", f"--snapshot={snapshot}",
        "--dbname", where,
    ]  # fmt: skip
    digest = hashlib.sha256()
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | secret
    ) as dump:
        assert dump.stdout is not None and dump.stderr is not None  # noqa: S101, PT018 - pipes, see above
        while piece := dump.stdout.read(_PIECE):
            digest.update(piece)
            yield piece
        complaint = dump.stderr.read().decode(errors="replace")
    if dump.returncode != 0:
        raise BackupRefusedError(f"pg_dump failed: {complaint.strip()[:500]}")
    yield digest.digest()
