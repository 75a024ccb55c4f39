"""Days and times moved by whole weeks, as coarse as they were, with the clock of the person and without its offset.

Everybody's days are laid on one calendar, in whose first week everybody was entered: how far they were moved is told by
no day, and no two people's distance in time is either.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

FIRST_WEEK = date(2001, 1, 1)
"""The Monday of the week in which everybody is entered, on the calendar of a folder for the public."""
_PARTIAL = {4: "-07-01", 7: "-15"}
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def shift(entered: date) -> timedelta:
    """Return by how many whole weeks the days of whoever was entered on a day are moved; weekdays stay."""
    return FIRST_WEEK - (entered - timedelta(days=entered.weekday()))


def _day(value: date, by: timedelta) -> date:
    return value + by


def _instant(value: datetime, by: timedelta) -> datetime:
    return (value + by).astimezone(UTC)


def _local(value: str, by: timedelta) -> str:
    """Move the day and keep the clock, not its offset: where that changes, a known Sunday tells how far days moved."""
    return f"{date.fromisoformat(value[:10]) + by}{_OFFSET.sub('+00:00', value[10:])}"


def _partial(value: str, by: timedelta) -> str:
    """Move a date from the middle of what is known, and keep it as coarse as it was."""
    middle = date.fromisoformat(value[:10] + _PARTIAL.get(len(value), ""))
    return (middle + by).isoformat()[: min(len(value), 10)] + value[10:]


def _occasion(value: str, by: timedelta) -> str:
    """Move each whole day that a text holds: an answer may be one."""
    return _DAY.sub(lambda found: str(date.fromisoformat(found[0]) + by), value)


MOVED: dict[str, Callable[[Any, timedelta], Any]] = {
    "day": _day,
    "instant": _instant,
    "local": _local,
    "partial": _partial,
    "occasion": _occasion,
    "text": _occasion,
}
"""How a value of a kind is moved by weeks."""
