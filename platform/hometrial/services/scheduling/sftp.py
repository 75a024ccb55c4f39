"""An SFTP server, known by its host key: no other is sent anything."""

import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import SplitResult

import paramiko
from paramiko.pkey import UnknownKeyType

from hometrial.errors import ExportRefusedError
from hometrial.services.scheduling.destinations import Credentials, DestinationFailedError

_PATIENCE = 30.0
"""Seconds to wait for the server's next word."""
_FAILED = (OSError, EOFError, paramiko.SSHException)


@contextmanager
def opened(address: SplitResult, told: Credentials) -> Iterator["Server"]:
    """Open a server. Raises ExportRefusedError without its host key, DestinationFailedError for another one."""
    if "host_key" not in told:
        raise ExportRefusedError(
            "credentials: host_key is missing; it is the server's line of `ssh-keyscan HOST`, as ssh-ed25519 AAAA..."
        )
    host, port = str(address.hostname), address.port or 22
    transport = None
    try:
        transport = paramiko.Transport(socket.create_connection((host, port), _PATIENCE))
        transport.start_client(timeout=_PATIENCE)
        _compare(transport.get_remote_server_key(), told["host_key"], host)
        _enter(transport, str(address.username), told)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None  # noqa: S101  # the transport is open
        client.get_channel().settimeout(_PATIENCE)  # type: ignore[union-attr]
        yield Server(client, address.path.strip("/") or ".")
    except _FAILED as error:
        raise DestinationFailedError(f"sftp://{host}:{port}: {_why(error)}") from error
    finally:
        if transport is not None:
            transport.close()


def _compare(key: paramiko.PKey, told: str, host: str) -> None:
    if (key.get_name(), key.get_base64()) not in pairwise(told.split()):
        raise DestinationFailedError(
            f"{host} has another host key than the credentials tell, {key.get_name()} {key.get_base64()[:20]}...; "
            "nothing was sent; ask whoever keeps the server"
        )


def _enter(transport: paramiko.Transport, user: str, told: Credentials) -> None:
    if "key_file" in told:
        transport.auth_publickey(user, _key(told["key_file"], told.get("passphrase")))
    elif "password" in told:
        transport.auth_password(user, told["password"])
    else:
        raise ExportRefusedError("credentials: password or key_file is missing")


def _key(path: str, passphrase: str | None) -> paramiko.PKey:
    secret = None if passphrase is None else passphrase.encode()
    try:
        return paramiko.PKey.from_path(path, secret)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, UnknownKeyType, paramiko.SSHException) as error:
        raise ExportRefusedError(
            f"credentials: key_file {path} cannot be used: {_why(error)}"
        ) from error


def _why(error: BaseException) -> str:
    return str(error) or "the connection broke off"


@dataclass(frozen=True)
class Server:
    """A folder on a server."""

    client: paramiko.SFTPClient
    place: str
    renames = True

    def put(self, source: Path, path: str) -> None:
        """Bring a file; the server is asked for its size afterwards."""
        with _told(path):
            self._parents(path)
            self.client.put(str(source), self._at(path), confirm=True)

    def read(self, path: str) -> bytes | None:
        """Return a file."""
        with _told(path):
            try:
                with self.client.open(self._at(path), "rb") as file:
                    return file.read()
            except FileNotFoundError:
                return None

    def rename(self, before: str, after: str) -> None:
        """Give a folder another name."""
        with _told(after):
            self.client.posix_rename(self._at(before), self._at(after))

    def remove(self, folder: str) -> None:
        """Remove a folder."""
        with _told(folder):
            try:
                self._clear(self._at(folder))
            except FileNotFoundError:
                return

    def _clear(self, folder: str) -> None:
        for each in self.client.listdir_attr(folder):
            path = f"{folder}/{each.filename}"
            if stat.S_ISDIR(each.st_mode or 0):
                self._clear(path)
            else:
                self.client.remove(path)
        self.client.rmdir(folder)

    def _parents(self, path: str) -> None:
        parts = self._at(path).split("/")[:-1]
        for end in range(1, len(parts) + 1):
            with suppress(FileNotFoundError):
                self.client.stat("/".join(parts[:end]))
                continue
            self.client.mkdir("/".join(parts[:end]))

    def _at(self, path: str) -> str:
        return f"{self.place}/{path}"


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except _FAILED as error:
        raise DestinationFailedError(f"{path}: {_why(error)}") from error
