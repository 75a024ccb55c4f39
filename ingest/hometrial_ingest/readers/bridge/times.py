"""Instants with their offsets, and days, as a push writes them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from hometrial_ingest.readers.bridge.faults import OddFieldError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# No place ever kept a clock further from UTC (tz database: Manila, -15:56, until 1844).
_FURTHEST = timedelta(hours=16)
_YEARS = range(1900, 2200)


@dataclass(frozen=True)
class Moment:
    """An instant in microseconds since 1970 UTC; `offset` in seconds, None where it was written in Z."""

    at: int
    offset: int | None

    @property
    def local(self) -> int | None:
        """The wall clock in microseconds, if it is known."""
        return None if self.offset is None else self.at + self.offset * _SECOND


def moment(field: str, text: str) -> Moment:
    """Read an instant. Raises OddFieldError if no calendar, no clock or no lifetime has it."""
    found = _moment(text)
    if found is None:
        raise OddFieldError(
            field,
            text,
            "no calendar or clock has this instant, or nobody lives then (1900 to 2199)",
            "correct its date, time or offset",
        )
    return found


# Neighbouring samples share their stamps: an interval ends where the next begins.
@lru_cache(maxsize=4096)
def _moment(text: str) -> Moment | None:
    try:
        read = datetime.fromisoformat(text)  # of nine digits it keeps six
        at = (read - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
    offset = read.utcoffset()
    if offset is None or abs(offset) > _FURTHEST or read.year not in _YEARS:
        return None
    return Moment(at, None if text.endswith("Z") else offset // timedelta(seconds=1))


def midnight(field: str, text: str) -> int:
    """Return a day's first wall clock in microseconds. Raises OddFieldError if no calendar has the day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise OddFieldError(
            field,
            text,
            "no calendar has this day, or nobody lives then (1900 to 2199)",
            "correct it",
        )
    return (day - _EPOCH.date()).days * _DAY


def span(field: str, start: str, end: str) -> tuple[Moment, Moment]:
    """Read a start and an end. Raises OddFieldError if the end is not later."""
    first, last = moment(f"{field}start", start), moment(f"{field}end", end)
    if last.at <= first.at:
        raise OddFieldError(
            f"{field}end",
            end,
            f"not later than the start, {start}",
            "send what took some time with its true start and end",
        )
    return first, last


def seconds(first: Moment, last: Moment) -> int:
    """Return the whole seconds between, rounded down, but 1 for less."""
    return max((last.at - first.at) // _SECOND, 1)
