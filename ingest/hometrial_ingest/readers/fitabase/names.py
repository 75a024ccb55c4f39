"""The names of Fitabase's files, and what they say."""

import re

# heartrate_seconds_merged.csv                      everyone in one file, told apart by its column Id
# 1503960366_heartrate_1min_20160412_20160512.csv   one person, the days from and to; no column Id
_KINDS = {
    "heartrate_seconds": "heart_rate",
    "heartrate_1min": "heart_rate_1min",
    "minutestepsnarrow": "minute_steps_narrow",
    "minutestepswide": "minute_steps_wide",
    "hourlysteps": "hourly_steps",
    "minutesleep": "minute_sleep",
    "sleepday": "sleep_day",
    "dailyactivity": "daily_activity",
    "dailysteps": "daily_steps",
    "weightloginfo": "weight",
}
_NAME = re.compile(
    rf"(?:(?P<person>[^.].*)_)?(?P<stem>{'|'.join(_KINDS)})(?:_merged)?(?P<dates>_\d{{8}}_\d{{8}})?\.csv",
    re.IGNORECASE,
)


def kind_of(path: str) -> str | None:
    """Return the kind of a Fitabase file by its name, or None for one that is not read."""
    name = _NAME.fullmatch(path.rpartition("/")[2])
    return _KINDS[name["stem"].lower()] if name else None


def person_of(path: str) -> str | None:
    """Return the person whom a file's name says that it belongs to; None if it names none.

    Only a name that ends in Fitabase's two dates is trusted: others may have been given by anyone.
    """
    name = _NAME.fullmatch(path.rpartition("/")[2])
    return name["person"] if name and name["dates"] else None
