"""Moments as Google writes them."""

import re
from datetime import datetime

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def instant(text: str) -> datetime | None:
    """Return an RFC 3339 moment with up to nine digits of a second, None if it is none."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        return None
    fraction = (parts[2] or "").ljust(6, "0")[:6]
    try:
        return datetime.fromisoformat(f"{parts[1]}.{fraction}{parts[3]}".upper())
    except ValueError:
        return None
