"""Signatures of notifications: ECDSA P-256 over the raw body, by a key of Google's rotating Tink keyset."""

import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import NotificationRefusedError
from hometrial_ingest.providers.wire import Call, Reply, Wire, mangled, plain_fault, read_json

LONGEST_CACHE = 86_400.0
"""Google rotates its keys about monthly; a day old is as old as a copy may be."""

_OK = 200
_TINK = 1
_PREFIX = 5
_X, _Y = 3, 4
_LENGTH_DELIMITED = 2
_TYPE_URL = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"

Keys = Mapping[int, ec.EllipticCurvePublicKey]


class _KeyData(Struct, rename="camel"):
    type_url: str
    value: str


class _Key(Struct, rename="camel"):
    """{"keyId": 1, "status": "ENABLED", "outputPrefixType": "TINK", "keyData": {...}}."""

    key_id: int
    status: str
    key_data: _KeyData


class _Keyset(Struct):
    """{"primaryKeyId": 1, "key": [...]}."""

    key: list[_Key]


_keyset = Decoder(_Keyset)


@dataclass(frozen=True)
class _Cached:
    keys: Keys
    fetched: float


class Keyring:
    """Google's public keys: fetched when needed, kept for a day, fetched again for an unknown key."""

    def __init__(self, wire: Wire, address: str) -> None:
        self._wire, self._address = wire, address
        self._cached: _Cached | None = None
        self._lock = Lock()

    def verify(self, signature: str, body: bytes) -> None:
        """Check a signature: base64 of 0x01, the key's id in 4 bytes, and a DER signature.

        Raises NotificationRefusedError, or TryLaterError if the keys cannot be fetched.
        """
        raw = _unpacked(signature)
        key = self._key(int.from_bytes(raw[1:_PREFIX], "big"))
        if key is None:
            raise NotificationRefusedError("signed with a key that is not Google's")
        try:
            key.verify(raw[_PREFIX:], body, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise NotificationRefusedError("the signature does not fit the body") from error

    def _key(self, key_id: int) -> ec.EllipticCurvePublicKey | None:
        with self._lock:
            cached, now = self._cached, time.monotonic()
            if cached and now - cached.fetched < LONGEST_CACHE and key_id in cached.keys:
                return cached.keys[key_id]
            self._cached = _Cached(self._fetch(), now)
            return self._cached.keys.get(key_id)

    def _fetch(self) -> Keys:
        call = Call("GET", self._address, "Google Health, keys of notifications")
        return self._wire.send(call, lambda reply: _judge_keys(reply, call.words))


def _unpacked(signature: str) -> bytes:
    try:
        raw = b64decode(signature, validate=True)
    except ValueError as error:
        raise NotificationRefusedError("the signature is no base64") from error
    if len(raw) <= _PREFIX or raw[0] != _TINK:
        raise NotificationRefusedError("the signature has not the form of Tink")
    return raw


def _judge_keys(reply: Reply, words: str) -> Keys:
    if reply.status != _OK:
        raise plain_fault(reply, words) or mangled(reply, words, f"{reply.status}, no keys")
    keyset = read_json(reply, _keyset, words)
    wanted = (k for k in keyset.key if k.status == "ENABLED" and k.key_data.type_url == _TYPE_URL)
    try:
        return {key.key_id: _public_key(b64decode(key.key_data.value)) for key in wanted}
    except (ValueError, IndexError) as error:
        raise mangled(reply, words, "a keyset with a broken key") from error


def _public_key(message: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key of a protocol-buffer message; fields 3 and 4 are its coordinates."""
    parts = _fields(message)
    x, y = (int.from_bytes(parts[number], "big") for number in (_X, _Y))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _fields(message: bytes) -> dict[int, bytes]:
    """Return the length-delimited fields of a protocol-buffer message; numbers are passed over."""
    found, at = {}, 0
    while at < len(message):
        tag, at = _varint(message, at)
        length, at = _varint(message, at)  # of a number this is the number itself
        if tag & 7 == _LENGTH_DELIMITED:
            found[tag >> 3] = message[at : at + length]
            at += length
        elif tag & 7:
            raise ValueError("a field that no public key has")
    if not {_X, _Y} <= found.keys():
        raise ValueError("a public key without its coordinates")
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
