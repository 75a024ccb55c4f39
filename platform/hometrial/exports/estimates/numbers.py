"""What can be estimated of: numbers all of which are known, enough of them, and not all the same."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
NOISE = 1e-9
"""Differences of decimal fractions are exact but for so much: closer ones are the same, smaller ones are zero."""


def known(values: Sequence[float] | Values, least: int, named: str) -> Values:
    """Return values as an array. Raises ValueError for fewer than `least` of them, or one that is no number."""
    found: Values = np.asarray(values, dtype=float)
    if found.size < least:
        raise ValueError(f"{found.size} {named}: at least {_WORDS.get(least, least)} are needed")
    unknown = int((~np.isfinite(found)).sum())
    if unknown:
        raise ValueError(
            f"{unknown} of {found.size} {named} are no numbers; leave out whose value is missing"
        )
    return found


_WORDS = {1: "one", 2: "two", 3: "three"}


def is_constant(values: Values) -> bool:
    """Say whether values are all the same but for the noise of binary fractions."""
    return bool(values.size == 0 or np.ptp(values) <= NOISE)
