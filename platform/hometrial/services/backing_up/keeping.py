"""The keys of a home folder, sealed with a passphrase; they go into a backup only where somebody asks for that."""

import io
import json

from hometrial.services.backing_up import sealing
from hometrial.services.backing_up.sealing import BackupRefusedError, Secret
from hometrial.settings import Settings

OWN = "backup.hex"
"""The key that backups themselves are sealed with; it is not put into one."""


def pack(settings: Settings, passphrase: str) -> str:
    """Return all keys but that of backups, sealed, in hexadecimal digits."""
    folder = settings.home / "keys"
    held = {
        path.name: path.read_text() for path in sorted(folder.glob("*.hex")) if path.name != OWN
    }
    sealed = io.BytesIO()
    sealing.seal([json.dumps(held).encode()], sealed, Secret(passphrase=passphrase))
    return sealed.getvalue().hex()


def unpack(settings: Settings, packed: str, passphrase: str) -> list[str]:
    """Put the keys into the home folder; return their names. Raises BackupRefusedError if another key is there."""
    pieces = sealing.unseal(io.BytesIO(bytes.fromhex(packed)), Secret(passphrase=passphrase))
    held: dict[str, str] = json.loads(b"".join(pieces))
    folder = settings.home / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, value in held.items():
        path = folder / name
        if path.exists() and path.read_text() != value:
            raise BackupRefusedError(
                f"{path} holds another key than the backup; restore into a folder that is empty"
            )
    for name, value in held.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(value)
    return sorted(held)
