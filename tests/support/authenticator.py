"""A passkey's other half in software: it makes keys and signs, also wrongly where a test wants that."""

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """A device that holds one passkey."""

    origin: str
    counter: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    owner: bytes = b""

    def make(self, options: str, **wrong: Any) -> str:
        """Answer a request to register."""
        asked = json.loads(options)
        self.owner = base64url_to_bytes(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = encode_cbor(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        data = self._data(asked["rp"]["id"], ATTESTED, wrong)
        data += bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked, wrong)
        return self._answer(
            {"clientDataJSON": client, "attestationObject": attestation, "transports": ["internal"]}
        )

    def sign(self, options: str, **wrong: Any) -> str:
        """Answer a request to sign."""
        asked = json.loads(options)
        self.counter = wrong.get("counter", self.counter + 1)
        data = self._data(asked["rpId"], 0, wrong)
        client = self._client("webauthn.get", asked, wrong)
        key = wrong.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        owner = wrong.get("owner", self.owner)
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._answer(parts if owner is None else parts | {"userHandle": owner})

    def _data(self, host: str, more: int, wrong: dict[str, Any]) -> bytes:
        flags = wrong.get("flags", PRESENT | VERIFIED) | more
        told = hashlib.sha256(wrong.get("host", host).encode()).digest()
        return told + struct.pack(">BI", flags, self.counter)

    def _client(self, kind: str, asked: dict[str, Any], wrong: dict[str, Any]) -> bytes:
        told = {
            "type": wrong.get("kind", kind),
            "challenge": wrong.get("challenge", asked["challenge"]),
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    def _answer(self, parts: dict[str, Any]) -> str:
        named = bytes_to_base64url(self.id)
        shown = {
            name: bytes_to_base64url(part) if isinstance(part, bytes) else part
            for name, part in parts.items()
        }
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": shown})
