"""A sealed stream: AES-GCM in chunks that are numbered and whose last one says so, under a key of its own for each file."""

import hmac
import json
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hometrial.errors import TrialError

MAGIC = b"HOMETRIAL BACKUP 1\n"
CHUNK = 1024 * 1024
_TAG, _SALT, _LONGEST_HEAD = 16, 32, 64 * 1024
_COST = {"n": 2**16, "r": 8, "p": 1}
_MOST_COST = 2**20
_SHORTEST_PASSPHRASE = 16


class BackupRefusedError(TrialError):
    """A backup that cannot be made, or whose bytes or key are not what they should be."""


class Secret:
    """What a backup is sealed with: the 32 bytes of a key file, or a passphrase."""

    def __init__(self, *, key: bytes | None = None, passphrase: str | None = None) -> None:
        if (key is None) == (passphrase is None):
            raise BackupRefusedError("a backup is sealed with a key file or with a passphrase")
        if passphrase is not None and len(passphrase) < _SHORTEST_PASSPHRASE:
            raise BackupRefusedError(
                f"passphrase: take {_SHORTEST_PASSPHRASE} characters or more; whoever finds the file may guess for years"
            )
        self._key, self._passphrase = key, passphrase

    @property
    def kind(self) -> str:
        """Which of both it is, as the head of a file says it."""
        return "key" if self._key is not None else "passphrase"

    def derive(self, salt: bytes, cost: dict[str, int]) -> bytes:
        """Return the key of one file, and with it 32 bytes more by which a wrong secret is known."""
        if self._key is not None:
            return HKDF(SHA256(), 64, salt, b"hometrial backup").derive(self._key)
        assert self._passphrase is not None  # noqa: S101 - one of both, see above
        return Scrypt(salt, 64, **cost).derive(self._passphrase.encode())


def seal(plain: Iterable[bytes], to: BinaryIO, secret: Secret) -> None:
    """Write pieces of any length sealed: head, then chunks of one size, then the last, which says that it is."""
    salt = os.urandom(_SALT)
    derived = secret.derive(salt, _COST)
    told = {"sealed_with": secret.kind, "salt": salt.hex(), "cost": _COST, "check": _check(derived)}
    head = json.dumps(told).encode() + b"\n"
    to.write(MAGIC + len(head).to_bytes(4, "big") + head)
    cipher, bound = AESGCM(derived[:32]), sha256(MAGIC + head).digest()
    number, waiting = 0, bytearray()
    for piece in plain:
        waiting += piece
        while len(waiting) > CHUNK:  # one more byte is to come, so that this is not the last
            to.write(cipher.encrypt(_nonce(number, is_last=False), bytes(waiting[:CHUNK]), bound))
            number, waiting = number + 1, waiting[CHUNK:]
    to.write(cipher.encrypt(_nonce(number, is_last=True), bytes(waiting), bound))


def unseal(sealed: BinaryIO, secret: Secret) -> Iterator[bytes]:
    """Yield what was sealed, each piece only once it is known to be whole.

    Raises BackupRefusedError that says which of it is so: no backup, the wrong key, changed, or cut.
    """
    head, bound = _head(sealed)
    derived = _derived(head, secret)
    cipher, number = AESGCM(derived[:32]), 0
    piece, after = sealed.read(CHUNK + _TAG), b""
    while True:
        after = sealed.read(CHUNK + _TAG) if len(piece) == CHUNK + _TAG else b""
        is_last = not after
        try:
            yield cipher.decrypt(_nonce(number, is_last=is_last), piece, bound)
        except InvalidTag as error:
            raise BackupRefusedError(
                _what_is_wrong(cipher, number, piece, bound, is_last)
            ) from error
        if is_last:
            return
        number, piece = number + 1, after


def _what_is_wrong(cipher: AESGCM, number: int, piece: bytes, bound: bytes, is_last: bool) -> str:  # noqa: FBT001
    place = f"at byte {number * (CHUNK + _TAG):,} of what is sealed"
    if is_last and len(piece) >= _TAG:
        try:
            cipher.decrypt(_nonce(number, is_last=False), piece, bound)
        except InvalidTag:
            pass
        else:
            return f"the backup is cut short {place}: its end is missing; take another copy of it"
    return f"the backup was changed or cut {place}; nothing was restored, take another copy of it"


def _head(sealed: BinaryIO) -> tuple[dict[str, Any], bytes]:
    if sealed.read(len(MAGIC)) != MAGIC:
        raise BackupRefusedError("this file is no backup of Hometrial; it does not begin like one")
    length = int.from_bytes(sealed.read(4), "big")
    raw = sealed.read(min(length, _LONGEST_HEAD))
    try:
        head = json.loads(raw)
        known = head["sealed_with"] in ("key", "passphrase") and len(bytes.fromhex(head["salt"]))
        cost = {name: int(head["cost"][name]) for name in _COST}
    except (ValueError, KeyError, TypeError) as error:
        raise BackupRefusedError("the head of the backup was changed; take another copy") from error
    if not known or cost["n"] > _MOST_COST or length != len(raw):
        raise BackupRefusedError("the head of the backup was changed or cut; take another copy")
    return head | {"cost": cost}, sha256(MAGIC + raw).digest()


def _derived(head: dict[str, Any], secret: Secret) -> bytes:
    if head["sealed_with"] != secret.kind:
        wanted = "--passphrase" if head["sealed_with"] == "passphrase" else "the key file"
        raise BackupRefusedError(
            f"this backup is sealed with a {head['sealed_with']}; give {wanted}"
        )
    try:
        derived = secret.derive(bytes.fromhex(head["salt"]), head["cost"])
    except ValueError as error:
        raise BackupRefusedError("the head of the backup was changed; take another copy") from error
    if not hmac.compare_digest(_check(derived), str(head["check"])):
        raise BackupRefusedError(
            f"wrong {secret.kind}: this backup was sealed with another one (or its head was changed)"
        )
    return derived


def _check(derived: bytes) -> str:
    return hmac.new(derived[32:], b"check", sha256).hexdigest()


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
