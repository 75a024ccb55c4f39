"""Names that a tabulation can hold: no longer than the standard has room for, and no two alike."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")

LONGEST = 200
"""Bytes of a text variable; the rest goes to the supplemental data set (SDTMIG 3.4, 4.5.3)."""
_LONGEST_CODE = 8
_NO_CODE = re.compile(r"[^A-Z0-9_]")


def pieces(text: str, longest: int = LONGEST) -> list[str]:
    """Return a text in pieces of at most so many bytes, each ending with a word where one ends."""
    found, rest = [], text
    while len(rest.encode()) > longest:
        fits = rest.encode()[:longest].decode(errors="ignore")
        cut = fits.rfind(" ")
        cut = cut if cut > 0 else len(fits)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest]


def distinct(told: Mapping[Key, str], ids: Mapping[Key, str]) -> dict[Key, str]:
    """Return each name as far as there is room for it; where some would be alike, each with its own id behind."""
    cut = {key: pieces(name)[0] for key, name in told.items()}
    times = Counter(cut.values())
    return {
        key: name if times[name] == 1 else _with_id(told[key], ids[key])
        for key, name in cut.items()
    }


def _with_id(name: str, own: str) -> str:
    behind = f" ({own})"
    return pieces(name, LONGEST - len(behind.encode()))[0] + behind


def code(own: str, taken: set[str]) -> str:
    """Return a code of at most eight letters and digits that no other has: an id in capitals, if it is one; and take it."""
    return short(_NO_CODE.sub("", own.upper()), _LONGEST_CODE, taken)


def short(own: str, longest: int, taken: set[str]) -> str:
    """Return as much of an id as there is room for, numbered where another has that already; and take it."""
    found, further = own[:longest], 2
    while found in taken:
        found = f"{own[: longest - len(str(further))]}{further}"
        further += 1
    taken.add(found)
    return found
