"""The bytes of a record in an Apple Health export, found as its reader counts them."""

import re
from collections.abc import Iterator

from hometrial_ingest.readers.apple_health.measures import KEPT_TYPES

_INSIDE = rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*"
_FOUND = re.compile(
    rb"<!--.*?-->"
    rb"|<Correlation\b" + _INSIDE + rb"(?:(?<=/)>|>.*?</Correlation>)"
    rb"|<Record\s(?P<attributes>" + _INSIDE + rb")>",
    re.DOTALL,
)
"""A record; or what may have one inside that is none: a comment, a correlation (its records stand outside it, too)."""
_TYPE = re.compile(rb"(?:^|\s)type\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CLOSES = b"</Record>"


def span(body: bytes, row: int) -> tuple[int, int] | None:
    """Return where the `row`-th record of the types that are kept begins and ends, from 1; None if there are fewer."""
    for number, found in enumerate(_records(body), 1):
        if number == row:
            is_whole = found["attributes"].rstrip().endswith(b"/")
            end = found.end() if is_whole else body.find(_CLOSES, found.end()) + len(_CLOSES)
            return found.start(), end
    return None


def _records(body: bytes) -> Iterator["re.Match[bytes]"]:
    for found in _FOUND.finditer(body):
        kind = found["attributes"] is not None and _TYPE.search(found["attributes"])
        if kind and (kind[1] or kind[2]).decode(errors="replace") in KEPT_TYPES:
            yield found
