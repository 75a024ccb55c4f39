"""The keys that sign notifications, published as a Tink keyset."""

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_FIRST_KEY_ID = 1_600_000_001
_PREFIX = b"\x01"  # Tink's output prefix, before the key's id


@dataclass
class Keyset:
    """P-256 keys drawn from a seed; the last one made signs, the older ones still verify."""

    seed: int
    _keys: dict[int, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rotate()

    @property
    def primary(self) -> int:
        """The id of the key that signs."""
        return list(self._keys)[-1]

    def rotate(self) -> int:
        """Make a new key that signs from now on; return its id."""
        number = len(self._keys)
        # Test keys: the same seed signs for the same keyset.
        secret = (self.seed + 1) * 1_000_003 + number * 7_919 + 1
        key_id = (_FIRST_KEY_ID + self.seed * 97 + number * 104_729) % (1 << 32)
        self._keys[key_id] = ec.derive_private_key(secret, ec.SECP256R1())
        return key_id

    def retire(self, key_id: int) -> None:
        """Take a key out of the published set. Raises KeyError if it is not in it."""
        del self._keys[key_id]

    def sign(self, body: bytes) -> str:
        """Return the value of the signature header for a body."""
        return self._signed(self._keys[self.primary], self.primary, body)

    def forge(self, body: bytes) -> str:
        """Return a signature of a stranger who claims the primary key's id."""
        stranger = ec.derive_private_key(self.seed + 424_242, ec.SECP256R1())
        return self._signed(stranger, self.primary, body)

    def published(self) -> dict[str, object]:
        """Return the keyset as Google publishes it."""
        return {
            "primaryKeyId": self.primary,
            "key": [
                {
                    "keyData": {
                        "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
                        "value": base64.b64encode(_public(key)).decode(),
                        "keyMaterialType": "ASYMMETRIC_PUBLIC",
                    },
                    "status": "ENABLED",
                    "keyId": key_id,
                    "outputPrefixType": "TINK",
                }
                for key_id, key in self._keys.items()
            ],
        }

    def _signed(self, key: ec.EllipticCurvePrivateKey, key_id: int, body: bytes) -> str:
        signature = key.sign(body, ec.ECDSA(SHA256()))
        return base64.b64encode(_PREFIX + key_id.to_bytes(4, "big") + signature).decode()


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return google.crypto.tink.EcdsaPublicKey: params SHA256 (3), NIST_P256 (2), DER (2); x and y."""
    numbers = key.public_key().public_numbers()
    # Tink writes coordinates with a leading zero byte, as big-endian signed numbers.
    x, y = (b"\x00" + number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    params = bytes([0x08, 3, 0x10, 2, 0x18, 2])
    return (
        bytes([0x12, len(params)]) + params + bytes([0x1A, len(x)]) + x + bytes([0x22, len(y)]) + y
    )
