"""Chance that is the same everywhere: streams of their own, and no function that a machine may round otherwise."""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Each = TypeVar("Each")
Floats = npt.NDArray[np.float64]
_AT_ONCE = 32
_SUMMED = 12  # uniform numbers, whose sum has the variance 1


class Chance:
    """One stream of chance, named by a path; another path is another stream."""

    def __init__(self, *path: object) -> None:
        name = "/".join(map(str, path)).encode()
        seed = int.from_bytes(hashlib.sha256(name).digest()[:16], "big")
        self._bits = np.random.Generator(np.random.PCG64(seed))
        self._ready: list[float] = []

    def unit(self) -> float:
        """Return a number from 0 to below 1."""
        if not self._ready:
            self._ready = self._bits.random(_AT_ONCE).tolist()
        return self._ready.pop()

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.unit() < probability

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + math.floor(self.unit() * (high - low + 1))

    def between(self, low: float, high: float, digits: int = 1) -> float:
        """Return a number from low to high, rounded."""
        return round(low + self.unit() * (high - low), digits)

    def pick(self, several: Sequence[Each]) -> Each:
        """Return one of several."""
        return several[self.whole(0, len(several) - 1)]

    def units(self, count: int) -> Floats:
        """Return so many numbers from 0 to below 1."""
        return self._bits.random(count)

    def bells(self, count: int) -> Floats:
        """Return so many numbers about 0 with a variance of 1, never beyond 6 (a sum of uniform numbers)."""
        total = np.full(count, -_SUMMED / 2)
        for _ in range(_SUMMED):
            total = total + self._bits.random(count)
        return total
