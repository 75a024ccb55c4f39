"""Settings from the environment, read once, frozen; unsafe values refuse to start."""

import getpass
import os
import re
import secrets
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hometrial.errors import SettingsError

_KEY_BYTES = 32
_SECRET_LENGTH = 32
_MAIL = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")


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
    public_url: str = "http://127.0.0.1:8401"
    """Where participants and providers reach the participant site; https unless it is this machine."""
    staff_url: str = "http://localhost:8400"
    """Where staff reach the staff site; https unless it is this machine. Passkeys hold for its host name."""
    trusted_proxies: int = Field(default=0, ge=0, le=3)
    """How many proxies of our own stand before the sites, each of which says for whom it asks; 0: none is believed."""
    api_limit: int = Field(default=600, ge=2, le=1_000_000)
    """How many requests a token of the read interface makes in any minute, half of them at once; then it is 429."""
    simulators: str | None = None
    """Base address of `hometrial simulate`: all providers are then its doubles, never the real ones."""
    clock_file: Path | None = None
    """A simulator's clock to follow instead of the machine's; only beside simulators."""
    google_client_id: str | None = None
    """The Google project's OAuth client; without it Google Health cannot be linked."""
    google_client_secret: SecretStr | None = None
    fitbit_client_id: str | None = None
    """The OAuth client at a Fitbit-shaped server."""
    fitbit_client_secret: SecretStr | None = None
    fitbit_url: str | None = None
    """Base address of a Fitbit-shaped server; the vendor's own was shut in November 2026."""
    webhook_secret: SecretStr | None = None
    """The Authorization value that Google Health sends with each notification, at least 32 characters."""
    smtp_host: str | None = None
    """The server that takes e-mail; without it no message can be sent."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the way to the server is secured; `none` only on this machine."""
    smtp_from: str | None = None
    """The address that messages come from: plain, without a name."""
    safety_mail: str | None = None
    """Who is told of red alerts and overdue clocks: addresses, separated by commas."""

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

    @field_validator("public_url", "staff_url", "simulators", "fitbit_url")
    @classmethod
    def _is_safe_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = urlsplit(value)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("it must be an address such as https://trial.example.org")
        if address.scheme == "http" and not _is_this_machine(address.hostname):
            raise ValueError("it must start with https:// unless it is this machine")
        return value.rstrip("/")

    @field_validator("webhook_secret")
    @classmethod
    def _cannot_be_guessed(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SECRET_LENGTH:
            raise ValueError(f"a secret of fewer than {_SECRET_LENGTH} characters can be guessed")
        return value

    @model_validator(mode="after")
    def _simulators_stay_at_home(self) -> Self:
        if self.simulators and not _is_this_machine(urlsplit(self.simulators).hostname or ""):
            raise ValueError(
                "HOMETRIAL_SIMULATORS must be on this machine: doubles are for rehearsals"
            )
        if self.clock_file and not self.simulators:
            raise ValueError(
                "HOMETRIAL_CLOCK_FILE without HOMETRIAL_SIMULATORS: real data need real time"
            )
        return self

    @field_validator("smtp_from", "safety_mail")
    @classmethod
    def _is_mail_address(cls, value: str | None) -> str | None:
        for address in [] if value is None else value.split(","):
            if not _MAIL.fullmatch(address.strip()):
                raise ValueError("it must be an address such as trial@example.org")
        return value

    @model_validator(mode="after")
    def _mail_goes_together(self) -> Self:
        if self.smtp_host and not self.smtp_from:
            raise ValueError("HOMETRIAL_SMTP_HOST without HOMETRIAL_SMTP_FROM: mail needs a sender")
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("HOMETRIAL_SMTP_USER and HOMETRIAL_SMTP_PASSWORD go together")
        if self.smtp_host and self.smtp_tls == "none" and not _is_this_machine(self.smtp_host):
            raise ValueError(
                "HOMETRIAL_SMTP_TLS=none: mail leaves this machine by starttls or implicit alone"
            )
        return self

    @property
    def safety_addresses(self) -> tuple[str, ...]:
        """Who of the staff is told of red alerts and overdue clocks."""
        return tuple(each.strip() for each in (self.safety_mail or "").split(",") if each.strip())

    @field_validator("actor")
    @classmethod
    def _has_a_name(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("an actor needs a name")
        return value

    def who(self) -> str:
        """Return the actor of a command for the audit trail."""
        return self.actor or f"cli:{getpass.getuser()}"

    @property
    def behind_proxies(self) -> dict[str, Any]:
        """What the web server is told of the proxies before it: whose word on addresses it takes.

        Without one every header of that kind is dropped, so that nobody chooses the address that limits count by.
        """
        if not self.trusted_proxies:
            return {"clear_untrusted_proxy_headers": True}
        return {
            "trusted_proxy": "*",
            "trusted_proxy_count": self.trusted_proxies,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
            "clear_untrusted_proxy_headers": True,
        }

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


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


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
        if not first["loc"]:  # two settings that do not go together
            raise SettingsError(first["msg"]) from error
        name = "HOMETRIAL_" + "_".join(str(part) for part in first["loc"]).upper()
        shown = "***" if name.endswith(("_SECRET", "_PASSWORD")) else repr(first["input"])
        raise SettingsError(f"{name}={shown}: {first['msg']}") from error
