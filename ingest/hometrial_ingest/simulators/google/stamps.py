"""Instants, offsets and wall clocks as the API spells them, by the ten thousand."""

from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache

_DAY = 86_400
_MICRO = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()


def stamp(at: int, nanos: int = 0) -> str:
    """Return µs UTC as RFC 3339 with 0, 3, 6 or 9 fraction digits; `nanos` beyond the µs make it nine."""
    seconds, micros = divmod(at, _MICRO)
    day, second = divmod(seconds, _DAY)
    return f"{_day(day)}T{_clock_faces()[second]}{_fraction(micros, nanos)}Z"


def stamps(seconds: Sequence[int]) -> list[str]:
    """Return whole seconds UTC as RFC 3339."""
    faces = _clock_faces()
    return [f"{_day(at // _DAY)}T{faces[at % _DAY]}Z" for at in seconds]


def civil(wall_clock: int, nanos: int = 0) -> str:
    """Return a wall clock (whole seconds since 1970-01-01 00:00) as JSON; zeros are left out."""
    day, second = divmod(wall_clock, _DAY)
    if nanos:
        parts = _civil_times()[second][:-1]
        comma = "," if len(parts) > 1 else ""
        return f'{{"date":{civil_date(day)},"time":{parts}{comma}"nanos":{nanos}}}}}'
    return f'{{"date":{civil_date(day)},"time":{_civil_times()[second]}}}'


def civils(wall_clocks: Sequence[int]) -> list[str]:
    """Return many wall clocks as JSON."""
    times = _civil_times()
    return [f'{{"date":{civil_date(at // _DAY)},"time":{times[at % _DAY]}}}' for at in wall_clocks]


@lru_cache(maxsize=4_096)
def civil_date(day: int) -> str:
    """Return a day (days since 1970-01-01) as JSON."""
    moment = date.fromordinal(day + _EPOCH)
    return f'{{"year":{moment.year},"month":{moment.month},"day":{moment.day}}}'


@lru_cache(maxsize=4_096)
def _day(day: int) -> str:
    return date.fromordinal(day + _EPOCH).isoformat()


def _fraction(micros: int, nanos: int) -> str:
    if nanos:
        return f".{micros:06d}{nanos:03d}"
    if not micros:
        return ""
    return f".{micros // 1_000:03d}" if micros % 1_000 == 0 else f".{micros:06d}"


@cache
def _clock_faces() -> list[str]:
    """All 86,400 times of a day: 00:00:00 to 23:59:59."""
    return [f"{s // 3_600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(_DAY)]


@cache
def _civil_times() -> list[str]:
    """All 86,400 times of a day as JSON: {} to {"hours":23,"minutes":59,"seconds":59}."""
    return [_civil_time(s) for s in range(_DAY)]


def _civil_time(second: int) -> str:
    parts = (("hours", second // 3_600), ("minutes", second // 60 % 60), ("seconds", second % 60))
    return "{" + ",".join(f'"{name}":{part}' for name, part in parts if part) + "}"
