"""Names of time zones, as vendors give them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def known_zone(name: str | None) -> str | None:
    """Return the name if it is an IANA zone's, else None."""
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown; no zone's name; a folder
        return None
