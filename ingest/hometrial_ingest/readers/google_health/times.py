"""Moments, offsets and civil days of the API, a whole column at a time.

What cannot be read comes back as null, next to the text that it was read from.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS

_MOMENT = pa.timestamp("us", "UTC")
# Nine digits after the point are allowed, six are kept.
_NANOSECONDS = r"(\.\d{6})\d+"
_EPOCH = date(1970, 1, 1).toordinal()
# A protocol-buffer duration, "-14400s", or what hand-made replies write, "-07:00" and "Z".
_DURATION = re.compile(r"([+-]?)(\d{1,5})(?:\.0+)?s", re.ASCII)
_CLOCK = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
# No place ever kept a clock further from UTC (tz database: Manila, -15:56, until 1844).
_FURTHEST = 16 * 3600


class CivilDay(Protocol):
    """A day as the API spells it."""

    year: int
    month: int
    day: int


def instants(texts: Sequence[str | None]) -> pa.Array:
    """Return RFC 3339 stamps as int64 microseconds since 1970 UTC; null for no stamp and for a bad one."""
    column = pa.array(texts, pa.string())
    try:
        return column.cast(_MOMENT).view(pa.int64())
    except pa.ArrowInvalid:
        shorter = pc.replace_substring_regex(column, _NANOSECONDS, r"\1")
    try:
        return shorter.cast(_MOMENT).view(pa.int64())
    except pa.ArrowInvalid:
        return pa.array([_instant(text) for text in shorter], pa.int64())


def _instant(text: pa.StringScalar) -> int | None:
    try:
        moment: int | None = text.cast(_MOMENT).value
    except pa.ArrowInvalid:
        return None
    return moment


def utc_offsets(texts: Sequence[str | None]) -> pa.Array:
    """Return offsets as int32 seconds, local minus UTC; null for no offset and for a bad one."""
    column = pa.array(texts, pa.string()).dictionary_encode()
    seconds = [utc_offset(text) for text in column.dictionary.to_pylist()]
    return pa.array(seconds, pa.int32()).take(column.indices)


def utc_offset(text: str) -> int | None:
    """Return one offset in seconds, or None if it cannot be read."""
    if duration := _DURATION.fullmatch(text):
        seconds = int(duration[2])
    elif clock := _CLOCK.fullmatch(text):
        seconds = int(clock[2]) * 3600 + int(clock[3]) * 60
    else:
        return None
    if seconds > _FURTHEST:
        return None
    return -seconds if text.startswith("-") else seconds


def wall_clocks(at: pa.Array, offset: pa.Array) -> pa.Array:
    """Return the wall clock in microseconds; null where the offset is. Physical time wins over civil."""
    return pc.add(at, pc.multiply(offset.cast(pa.int64()), MICROSECONDS))


def durations(start: pa.Array, end: pa.Array) -> pa.Array:
    """Return whole seconds from start to end, rounded down, but 1 for less; null if it does not end later."""
    microseconds = pc.subtract(end, start)
    positive = pc.if_else(pc.greater(microseconds, 0), microseconds, None)
    return pc.max_element_wise(pc.divide(positive, MICROSECONDS), 1, skip_nulls=False)


def midnights(days: Sequence[CivilDay]) -> pa.Array:
    """Return the first wall clock of each day in microseconds; null for a day that no calendar has."""
    return pa.array([midnight(day) for day in days], pa.int64())


def midnight(day: CivilDay) -> int | None:
    """Return the first wall clock of a day in microseconds, or None if no calendar has it."""
    try:
        ordinal = date(day.year, day.month, day.day).toordinal()
    except (ValueError, OverflowError):
        return None
    return (ordinal - _EPOCH) * DAY
