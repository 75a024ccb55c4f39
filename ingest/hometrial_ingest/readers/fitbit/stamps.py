"""Days and clock times of Fitbit replies: wall clock of the account, never with a zone."""

import re
from datetime import date

from hometrial_ingest.readers.fitbit.rows import OddFieldError

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000


def midnight(name: str, text: str) -> int:
    """Return the first wall clock of a day in microseconds. Raises OddFieldError if it is no day."""
    if not _DAY.fullmatch(text):
        raise OddFieldError(name, text, "not a day such as 2026-03-07")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise OddFieldError(name, text, "not a day of the calendar") from error
    return (day.toordinal() - _EPOCH) * 86_400 * _SECOND


def clock(name: str, text: str) -> int:
    """Return a time of day in microseconds. Raises OddFieldError if it is none."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise OddFieldError(name, text, "not a time of day such as 23:31:00")
    hours, minutes, seconds = map(int, found.groups())
    return (hours * 3600 + minutes * 60 + seconds) * _SECOND
