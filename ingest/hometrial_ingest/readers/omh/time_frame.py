"""When a data point holds: one instant, or an interval given in one of three ways."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from hometrial_ingest.readers.omh.quantity import SECONDS, OddFieldError, UnitValue, convert

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)

# A century: no measurement is longer, and every instant that far from a date fits its column.
_LONGEST = 100 * 366 * 86_400


class TimeInterval(msgspec.Struct, gc=False):
    """`time-interval`: two of start, end and duration, or a part of a day."""

    # the usual: {"start_date_time": "2016-02-05T21:35:00Z", "duration": {"value": 9, "unit": "h"}}
    # too vague: {"date": "2013-02-05", "part_of_day": "morning"}
    start_date_time: str | None = None
    end_date_time: str | None = None
    duration: UnitValue | None = None
    date: str | None = None
    part_of_day: str | None = None


class TimeFrame(msgspec.Struct, gc=False):
    """`time-frame`: either a date-time or a time interval."""

    date_time: str | None = None
    time_interval: TimeInterval | None = None


@dataclass(frozen=True)
class Moment:
    """An instant in microseconds since 1970 UTC, and local minus UTC in seconds if the source says it.

    A stamp in `Z` does not: it gives the instant and leaves the wall clock open (RFC 9557, section 2.2).
    """

    at: int
    offset: int | None

    @property
    def local(self) -> int | None:
        """The wall clock in microseconds, if it is known."""
        return None if self.offset is None else self.at + self.offset * _SECOND


@dataclass(frozen=True)
class Span:
    """A start, a whole number of seconds, and the end if the source gives one."""

    start: Moment
    seconds: int
    end: Moment | None = None


def span(frame: TimeFrame) -> Span:
    """Return when a data point holds. Raises OddFieldError if that is no instant and no clear interval."""
    if frame.time_interval is not None:
        return _interval("effective_time_frame.time_interval", frame.time_interval)
    if frame.date_time is not None:
        return Span(_moment("effective_time_frame.date_time", frame.date_time), 0)
    raise OddFieldError("effective_time_frame", None, "neither date_time nor time_interval")


def _interval(place: str, interval: TimeInterval) -> Span:
    start, end = interval.start_date_time, interval.end_date_time
    if start is not None and end is not None:
        return _between(place, start, end)
    if interval.duration is not None and start is not None:
        return Span(_moment(f"{place}.start_date_time", start), _seconds(place, interval.duration))
    if interval.duration is not None and end is not None:
        return _until(_moment(f"{place}.end_date_time", end), _seconds(place, interval.duration))
    found = interval.part_of_day or start or end
    raise OddFieldError(
        place, found, "two of start, end and duration are needed to place it in time"
    )


def _between(place: str, start_text: str, end_text: str) -> Span:
    start = _moment(f"{place}.start_date_time", start_text)
    end = _moment(f"{place}.end_date_time", end_text)
    if end.at < start.at:
        raise OddFieldError(f"{place}.end_date_time", end_text, f"before the start, {start_text}")
    # Parts of a second are cut off here; the exact end stands in the span.
    return Span(start, (end.at - start.at) // _SECOND, end)


def _until(end: Moment, seconds: int) -> Span:
    # The offset is that of the end: whether the clock changed in between is not said.
    return Span(Moment(end.at - seconds * _SECOND, None), seconds, end)


def _seconds(place: str, duration: UnitValue) -> int:
    seconds = convert(f"{place}.duration", duration, SECONDS)
    if not 0 <= seconds <= _LONGEST:
        raise OddFieldError(f"{place}.duration.value", duration.value, "not a length of time")
    return int(seconds)


def _moment(field: str, text: str) -> Moment:
    shape = _DATE_TIME.fullmatch(text)
    if shape is None:
        raise OddFieldError(field, text, "not a date-time like 2016-02-05T21:35:00-08:00")
    if shape.group(2) is None:
        raise OddFieldError(field, text, "no offset from UTC, so that the instant is unknown")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as impossible:
        raise OddFieldError(field, text, "no such date or time") from impossible
    at = (moment - _EPOCH) // _MICROSECOND
    local = (moment.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    return Moment(at, None if text.endswith("Z") else (local - at) // _SECOND)
