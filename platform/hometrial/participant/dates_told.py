"""Dates as people tell them: today, a day, only the month, long ago; kept no finer than they were told."""

from datetime import date, timedelta
from typing import Any

from flask_babel import format_date, gettext

_MONTHS = 13
_LONG_AGO = 1950


def offer(form: Any, name: str, today: date, *, long_ago: bool) -> None:
    """Offer the ways of telling a date in the three fields of a form: `name`, `name_day`, `name_month`."""
    ways = [
        ("today", gettext("Today")),
        ("yesterday", gettext("Yesterday")),
        ("day", gettext("On another day")),
        ("month", gettext("I only know the month")),
    ]
    if long_ago:
        ways.append(("long", gettext("More than a year ago")))
    else:
        ways.append(("unknown", gettext("I do not know")))
    form[name].choices = ways
    form[f"{name}_month"].choices = [("", gettext("Choose a month")), *_months(today)]


def _months(today: date) -> list[tuple[str, str]]:
    first, found = today.replace(day=1), []
    for _ in range(_MONTHS):
        found.append((f"{first:%Y-%m}", str(format_date(first, "MMMM yyyy"))))
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def told(form: Any, name: str, today: date) -> str | None:
    """Return a date as it was told, such as 2026-03; None if it is not known, or if something is wrong at a field."""
    way = form[name].data
    if way in ("today", "yesterday"):
        return (today - timedelta(days=way == "yesterday")).isoformat()
    if way == "long":
        return f"{_LONG_AGO}/{today.replace(day=1) - timedelta(days=330)}"
    if way == "day":
        return _day(form[f"{name}_day"], today)
    if way == "month":
        if form[f"{name}_month"].data:
            return str(form[f"{name}_month"].data)
        form[f"{name}_month"].errors = [gettext("Please choose the month.")]
    return None


def _day(field: Any, today: date) -> str | None:
    if field.errors or field.data is None:
        field.errors = [gettext("Please give the day.")]
        return None
    if field.data > today:
        field.errors = [gettext("That day is still to come.")]
        return None
    return str(field.data.isoformat())
