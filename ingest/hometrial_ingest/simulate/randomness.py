"""Randomness that depends on nothing but the seed and what is being drawn."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for; each purpose has its own, so that one more draw disturbs no other."""

    PERSON = 1
    WEAR = 2
    SLEEP = 3
    NAP = 4
    STEPS = 5
    HEART_RATE = 6
    DAILY = 7
    PHONE = 8
    FAULTS = 9
    BULK = 10


def stream(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """Return the generator of one purpose for one key, for example (person, day).

    Raises ValueError if the seed or a part of the key is negative.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, *key])))
