"""Randomness of the simulators beside that of the synthetic study."""

from enum import IntEnum

import numpy as np


class Draw(IntEnum):
    """What a stream is for. The numbers lie beyond those of `simulate.randomness`."""

    SYNCS = 101
    NIGHT = 102
    VITALS = 103
    TOKENS = 104


def draw(seed: int, purpose: Draw, *key: int) -> np.random.Generator:
    """Return the generator of one purpose for one key, for example (person, day)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, *key])))
