"""Which local days, and which minutes of them, a window lets a provider ask for.

Consent may begin or end in the middle of a day. Such a day is not asked for as a whole; where a vendor can
cut a day by the clock, its consented minutes are. The offset from UTC is read off the window: where it does
not end at a bound of consent it ends at a local midnight. Where both are bounds, only whole days are known.
"""

from datetime import UTC, date, datetime, time, timedelta

from hometrial_ingest.provider import Window

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
# New Zealand's summer is 13 hours ahead; those 11 hours behind are on the same clock, and few.
_WESTERNMOST = timedelta(hours=-10, minutes=-59)

Minutes = tuple[time, time]
"""The first and the last minute of a part of a day."""


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def whole_days(window: Window) -> list[date]:
    """Return the window's days that lie wholly in [earliest, latest)."""
    offsets = _offsets(window)
    return [
        day
        for day in days_between(window.first_day, window.last_day)
        if all(_is_whole(window, day, offset) for offset in offsets)
    ]


def parts_of_days(window: Window) -> list[tuple[date, Minutes | None]]:
    """Return the days that may be asked for, newest last; with the minutes of those that consent cuts."""
    offsets = _offsets(window)
    if not offsets:
        return [(day, None) for day in days_between(window.first_day, window.last_day)]
    whole = set(whole_days(window))
    low = max(_local(window.start, offset) for offset in offsets)
    high = min(_local(window.end, offset) for offset in offsets)
    found: list[tuple[date, Minutes | None]] = []
    for day in days_between(low.date(), high.date()):
        minutes = None if day in whole else _minutes(window, day, offsets)
        if day in whole or minutes:
            found.append((day, minutes))
    return found


def _is_whole(window: Window, day: date, offset: timedelta) -> bool:
    begins, ends = (_midnight(each) - offset for each in (day, day + _DAY))
    # At the window's own edges the instant is known, whatever a clock change between them does. They may
    # be the very bounds: of consent, with days inside it, or of the next piece of a long span.
    begins = window.start if day == window.first_day and window.start >= window.earliest else begins
    ends = window.end if day == window.last_day and window.end <= window.latest else ends
    return window.earliest <= begins and ends <= window.latest


def _minutes(window: Window, day: date, offsets: list[timedelta]) -> Minutes | None:
    """Return the whole minutes of a day that lie in the window and in [earliest, latest)."""
    midnight = _midnight(day).replace(tzinfo=None)
    lower, upper = max(window.start, window.earliest), min(window.end, window.latest)
    begin = _next_minute(max(midnight, *(_local(lower, offset) for offset in offsets)))
    end = min(midnight + _DAY, *(_local(upper, offset) for offset in offsets))
    last = end.replace(second=0, microsecond=0) - _MINUTE
    return (begin.time(), last.time()) if begin <= last else None


def _offsets(window: Window) -> list[timedelta]:
    """Return local time minus UTC at those ends of the window that are local midnights."""
    found = []
    if window.start != window.earliest:
        found.append(_midnight(window.first_day) - window.start)
    if window.end != window.latest:
        offset = _midnight(window.last_day + _DAY) - window.end
        found.append(offset if window.first_day <= window.last_day else _by_the_clock(offset))
    return found


def _by_the_clock(offset: timedelta) -> timedelta:
    """Return an offset that is known but for whole days, as it is where nearly everybody lives.

    A window without a whole day does not say on which day it ends.
    """
    return (offset - _WESTERNMOST) % _DAY + _WESTERNMOST


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _local(moment: datetime, offset: timedelta) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) + offset


def _next_minute(moment: datetime) -> datetime:
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + _MINUTE
