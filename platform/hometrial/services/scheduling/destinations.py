"""Where data sets go: a folder, an SFTP server, a bucket of S3; told by an address that holds no secret."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from hometrial.errors import ExportRefusedError

Credentials = Mapping[str, str]
KNOWN: Mapping[str, frozenset[str]] = {
    "file": frozenset(),
    "sftp": frozenset({"host_key", "password", "key_file", "passphrase"}),
    "s3": frozenset({"key", "secret", "endpoint_url", "region"}),
}
"""What a file of credentials may tell of each kind of destination."""


class DestinationFailedError(ExportRefusedError):
    """A destination that does not take what it is sent; the sentence says which file, and why."""


class Destination(Protocol):
    """A place. Paths are relative to it, with slashes; everything raises DestinationFailedError."""

    @property
    def renames(self) -> bool:
        """Whether a folder gets another name in one step; else a folder counts once its manifest is there."""
        ...

    def put(self, source: Path, path: str) -> None:
        """Bring a file, and be sure that all of it is there."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file; None if it is not there."""
        ...

    def rename(self, before: str, after: str) -> None:
        """Give a folder another name."""
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it, if it is there."""
        ...


def checked(url: str) -> SplitResult:
    """Return an address in parts. Raises ExportRefusedError for one that is none, or holds a secret."""
    found = urlsplit(url if "://" in url else f"file://{url}")
    if found.scheme not in KNOWN:
        raise ExportRefusedError(
            f"to: {found.scheme}:// is not known; give a folder, sftp://user@host/folder or s3://bucket/folder"
        )
    if found.password is not None or found.query or found.fragment:
        raise ExportRefusedError(
            "to: an address holds no secret, as it is shown; put it into a file and give it with --credentials"
        )
    if found.scheme == "file" and (found.netloc or not found.path.startswith("/")):
        raise ExportRefusedError(f"to: {url} is no folder from the root on, as /srv/exports")
    if found.scheme == "sftp" and not (found.hostname and found.username):
        raise ExportRefusedError(f"to: {url} names no user and host, as sftp://user@host/folder")
    if found.scheme == "s3" and not found.hostname:
        raise ExportRefusedError(f"to: {url} names no bucket, as s3://bucket/folder")
    return found


def credentials(path: str | None, scheme: str) -> Credentials:
    """Return what a file of credentials tells. Raises ExportRefusedError if others may read it, or it tells something else."""
    if path is None:
        return {}
    file = Path(path)
    try:
        if file.stat().st_mode & 0o077:
            raise ExportRefusedError(
                f"credentials: {path} can be read by others; run: chmod 600 {path}"
            )
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportRefusedError(f"credentials: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ExportRefusedError(f"credentials: {path} is no JSON") from error
    known = KNOWN[scheme]
    is_told = isinstance(told, dict) and all(isinstance(each, str) for each in told.values())
    if not is_told or not known >= told.keys():
        raise ExportRefusedError(
            f"credentials: {path} is an object with texts named {', '.join(sorted(known)) or 'nothing'}, and no others"
        )
    found: Credentials = told
    return found


@contextmanager
def opened(url: str, path: str | None) -> Iterator[Destination]:
    """Open a destination. Raises ExportRefusedError, DestinationFailedError."""
    address = checked(url)
    told = credentials(path, address.scheme)
    if address.scheme == "sftp":
        from hometrial.services.scheduling import sftp  # its library is for whoever uses it

        with sftp.opened(address, told) as server:
            yield server
    elif address.scheme == "s3":
        from hometrial.services.scheduling import bucket

        with bucket.opened(address, told) as server:
            yield server
    else:
        from hometrial.services.scheduling.disk import Disk

        yield Disk(Path(address.path))
