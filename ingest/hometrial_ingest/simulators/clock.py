"""The simulators' time: set by a test, moved by hand, or the machine's own."""

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = struct.Struct("<q")


class Clock:
    """A clock that stands still until it is moved; `real` lets it run with the machine's instead.

    With a file it writes there what it shows, as eight bytes: µs since 1970, little-endian, 0 for
    the machine's own time. `hometrial.clock.follow` reads that file.
    """

    def __init__(self, start: datetime | None, file: Path | None = None) -> None:
        """Start at an instant, or with the machine's time if there is none."""
        self._lock = Lock()
        self._board: mmap.mmap | None = _board(file) if file else None
        self._moment = 0
        self._show(start)

    @property
    def is_real(self) -> bool:
        """Whether the clock runs with the machine's."""
        return self._moment == 0

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.microseconds())

    def microseconds(self) -> int:
        """Return the present instant as microseconds since 1970 UTC."""
        return self._moment or time.time_ns() // 1_000

    def seconds(self) -> int:
        """Return the present instant as whole seconds since 1970 UTC."""
        return self.microseconds() // 1_000_000

    def set(self, instant: datetime) -> None:
        """Move the clock to an instant, forwards or backwards. Raises ValueError if it is naive."""
        self._show(instant)

    def advance(self, step: timedelta) -> datetime:
        """Move a virtual clock on and return what it shows then.

        Raises RuntimeError if the clock runs with the machine's.
        """
        with self._lock:
            if self.is_real:
                raise RuntimeError("the clock shows real time: set it to an instant first")
            self._write(self._moment + step // timedelta(microseconds=1))
        return self.now()

    def real(self) -> None:
        """Run with the machine's clock from now on."""
        self._show(None)

    def _show(self, instant: datetime | None) -> None:
        with self._lock:
            self._write(microseconds(instant) if instant else 0)

    def _write(self, moment: int) -> None:
        self._moment = moment
        if self._board is not None:
            self._board[:8] = _INSTANT.pack(moment)


def microseconds(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970 UTC. Raises ValueError if it is naive."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _board(file: Path) -> mmap.mmap:
    if not file.exists() or file.stat().st_size < _INSTANT.size:
        file.write_bytes(bytes(_INSTANT.size))
    with file.open("r+b") as opened:
        return mmap.mmap(opened.fileno(), _INSTANT.size)
