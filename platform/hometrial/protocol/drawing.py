"""The generator of every random number of an allocation: a secret seed and a label give all of them."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hometrial.errors import TrialError

Item = TypeVar("Item")

_RANGE = 2**64


class AllocationError(TrialError):
    """A design that cannot allocate, or a person who cannot be allocated like this."""


@dataclass(frozen=True)
class Seed:
    """The secret of a trial's allocation; it does not show in logs or tracebacks."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.text:
            raise AllocationError("the seed is empty: draw one of at least 128 random bits")

    @property
    def key(self) -> bytes:
        """The generator's key: SHA-256 of the seed in UTF-8."""
        return hashlib.sha256(self.text.encode()).digest()


class Draws:
    """Random numbers that seed and label alone determine, the same in any language and version.

    Number i is the first 8 bytes, big-endian, of HMAC-SHA256(SHA-256(seed), label|i). `drawn` numbers
    are behind.
    """

    def __init__(self, seed: Seed, label: str, drawn: int = 0) -> None:
        self._key, self._label, self.drawn = seed.key, label, drawn

    def u64(self) -> int:
        """Return the next number, 0 to 2^64 - 1."""
        message = f"{self._label}|{self.drawn}".encode()
        self.drawn += 1
        return int.from_bytes(hmac.digest(self._key, message, "sha256")[:8], "big")

    def below(self, count: int) -> int:
        """Return one of 0 to count - 1, all equally likely: a number from the incomplete end is drawn again."""
        number = self.u64()
        while number >= _RANGE - _RANGE % count:
            number = self.u64()
        return number % count

    def uniform(self) -> float:
        """Return a number in [0, 1) with 53 bits."""
        return (self.u64() >> 11) / 2**53

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in random order (Fisher and Yates, from the end)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            chosen = self.below(last + 1)
            order[last], order[chosen] = order[chosen], order[last]
        return order
