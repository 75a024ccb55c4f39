"""The only reader of time."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MICROSECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = struct.Struct("<q")
_followed: list[mmap.mmap] = []


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    for board in _followed:
        (moment,) = _INSTANT.unpack(board[:8])
        if moment:
            return _EPOCH + timedelta(microseconds=moment)
    return datetime.now(UTC)


def follow(path: Path) -> None:
    """Take the time from a simulator's clock from now on: eight bytes, µs since 1970, 0 for real time.

    Rehearsals live months in minutes this way; `settings` refuses it beside a real provider.
    """
    with path.open("r+b") as file:
        _followed[:] = [mmap.mmap(file.fileno(), 8)]


def turn(board: Path, moment: datetime | None) -> None:
    """Set a simulator's clock, None: to real time. In place: who follows it has the file in memory, and may not lose it."""
    told = 0 if moment is None else microseconds(moment)
    with board.open("r+b" if board.exists() else "xb") as file:
        file.write(told.to_bytes(8, "little", signed=True))


def is_followed() -> bool:
    """Whether a simulator's clock is followed: then no other clock says the same."""
    return bool(_followed)


def unfollow() -> None:
    """Take the machine's own time again."""
    _followed.clear()


def microseconds(moment: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 UTC. Raises ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * _MICROSECOND + delta.microseconds


def instant(microseconds: int) -> datetime:
    """Return whole microseconds since 1970 UTC as an aware instant."""
    return _EPOCH + timedelta(microseconds=microseconds)
