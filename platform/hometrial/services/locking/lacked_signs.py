"""Characters that the font of a paper has no sign for, named for who reads it."""

import unicodedata
from collections.abc import Sequence

_MOST_NAMED = 60
"""So many are named."""


def named(characters: Sequence[str]) -> str:
    """Name the characters of a report that stand as their numbers."""
    found = sorted(set(characters))
    told = [f"[U+{ord(each):04X}] {unicodedata.name(each, 'without a name').lower()}" for each in found]  # fmt: skip
    more = len(told) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return (
        f"{len(found)} characters in this report have no sign in the font of this paper, or run from right to left; they stand as "
        f"their numbers in Unicode, and the page (HTML) shows them as they are: {'; '.join(told[:_MOST_NAMED])}{rest}."
    )  # fmt: skip
