"""The scan of a consent on paper: kept encrypted, for it shows a name, and found again by its checksum."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.services import identifying, receiving

PROVIDER = "consent-scan"
LARGEST = 20 * 1024 * 1024
_BEGINS = {b"%PDF-": "PDF", b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n": "PNG"}


class ScanRefusedError(TrialError):
    """A file that is no scan, or a scan that is not there as it was kept."""


@dataclass(frozen=True)
class Scan:
    """Where a scan is kept: the SHA-256 (hex) of the file as it was scanned, and of what is stored."""

    sha256: str
    payload: str


def keep(session: Session, key: bytes, person: UUID, body: bytes) -> Scan:
    """Keep a scan encrypted, bound to its person. Raises ScanRefusedError for what is none."""
    if not any(body.startswith(each) for each in _BEGINS):
        raise ScanRefusedError(
            f"scan: the file is none of {', '.join(_BEGINS.values())}; scan the paper into one of them"
        )
    if len(body) > LARGEST:
        raise ScanRefusedError(
            f"scan: the file has {len(body)} bytes, at most {LARGEST}; scan it with fewer dots"
        )
    sealed = identifying.seal(key, person, PROVIDER, base64.b64encode(body).decode())
    receiving.keep_bodies(session, PROVIDER, [sealed])
    return Scan(hashlib.sha256(body).hexdigest(), hashlib.sha256(sealed).hexdigest())


def read(session: Session, key: bytes, person: UUID, said: Mapping[str, str]) -> bytes:
    """Return the scan that a signature names. Raises ScanRefusedError if it is not there as it was."""
    payload = receiving.find(session, PROVIDER, said["scan_payload"])
    if payload is None:
        raise ScanRefusedError("scan: the file is not there any more; restore it from a backup")
    with receiving.read(session, payload) as stream:
        sealed = stream.read()
    try:
        body = base64.b64decode(identifying.unseal(key, person, PROVIDER, sealed))
    except TrialError as error:
        raise ScanRefusedError(f"scan: it cannot be opened: {error}") from error
    if hashlib.sha256(body).hexdigest() != said["scan_sha256"]:
        raise ScanRefusedError("scan: it is another file than the one that was signed on")
    return body
