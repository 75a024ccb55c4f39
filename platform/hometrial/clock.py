"""The only reader of time."""

from datetime import UTC, datetime

_MICROSECOND = 1_000_000


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def microseconds(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 UTC. Raises ValueError if it is naive."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * _MICROSECOND + delta.microseconds
