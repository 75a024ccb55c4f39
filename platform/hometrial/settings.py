"""Settings from the environment, read once, frozen; unsafe values refuse to start."""

import getpass
import os
import secrets
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hometrial.errors import SettingsError

_KEY_BYTES = 32


def _default_home() -> Path:
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "hometrial"


class Settings(BaseSettings):
    """One process's settings; each is the environment variable HOMETRIAL_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="HOMETRIAL_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=_default_home)
    """Folder of the embedded database, keys and anchors: one study a folder."""
    database_url: str | None = None
    """Another PostgreSQL (>= 15) instead of the embedded one: postgresql://user@host/name."""
    actor: str | None = None
    """Who acts on the command line, for the audit trail; default is cli:<user of this machine>."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("it must start with postgresql://")
        return value

    @field_validator("actor")
    @classmethod
    def _has_a_name(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("an actor needs a name")
        return value

    def who(self) -> str:
        """Return the actor of a command for the audit trail."""
        return self.actor or f"cli:{getpass.getuser()}"

    def key(self, name: str) -> bytes:
        """Return the 32-byte key of that name from the home folder, made at first use (mode 600).

        Raises SettingsError if the file is not 64 hexadecimal digits or others may read it.
        """
        path = self.home / "keys" / f"{name}.hex"
        if not path.exists():
            _make_key(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others; run: chmod 600 {path}")
        try:
            value = bytes.fromhex(path.read_text().strip())
        except ValueError as error:
            raise SettingsError(f"{path} is not a key; restore it from the backup") from error
        if len(value) != _KEY_BYTES:
            raise SettingsError(f"{path} holds {len(value)} bytes instead of {_KEY_BYTES}")
        return value


def _make_key(path: Path) -> None:
    """Write a fresh key; if another process was first, its key stands."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(_KEY_BYTES) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def load() -> Settings:
    """Read the settings. Raises SettingsError that names the variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "HOMETRIAL_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}={first['input']!r}: {first['msg']}") from error
