"""What pages say of streams and moments, in words that need no explanation."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import format_date, gettext, lazy_gettext

from hometrial.services.syncing.vendors import vendor

_PULSE = lazy_gettext("your pulse, day and night")
_BETWEEN = lazy_gettext("small changes between heartbeats")
_OXYGEN = lazy_gettext("oxygen in your blood while you sleep")
_BREATH = lazy_gettext("how often you breathe while you sleep")
_LABELS = {
    "heart_rate": _PULSE,
    "resting_heart_rate": _PULSE,
    "heart_rate_variability": _BETWEEN,
    "heart_rate_variability_daily": _BETWEEN,
    "steps": lazy_gettext("your steps"),
    "distance": lazy_gettext("how far you walk"),
    "sleep": lazy_gettext("when you sleep, and how deeply"),
    "oxygen_saturation": _OXYGEN,
    "oxygen_saturation_daily": _OXYGEN,
    "respiratory_rate": _BREATH,
    "respiratory_rate_daily": _BREATH,
    "skin_temperature_daily": lazy_gettext("the temperature of your skin while you sleep"),
    "weight": lazy_gettext("your weight, if you use a connected scale"),
}

_OF_VENDORS = (
    lazy_gettext("Fitbit and Pixel watches"),
    lazy_gettext("watches that still use the older Fitbit service"),
    lazy_gettext("Google account"),
    lazy_gettext("Fitbit account"),
)
"""What `vendors` says in English, named here so that a catalogue may hold it."""


def teach(app: Flask) -> None:
    """Let templates use these words."""
    app.jinja_env.filters["plain"] = plain
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.filters["day"] = day
    app.jinja_env.globals["vendor"] = vendor


def plain(streams: Iterable[str]) -> list[str]:
    """Return what streams hold, in a person's words, each once."""
    return list(dict.fromkeys(str(_LABELS.get(name, name.replace("_", " "))) for name in streams))


def moment(at: datetime, now: datetime, zone: ZoneInfo | None) -> str:
    """Return an instant as a person says it where they live: `07:40 today`.

    Where nobody knows where they live it is said in UTC, and so.
    """
    here, present = at.astimezone(zone or UTC), now.astimezone(zone or UTC)
    clock = f"{here:%H:%M}" if zone else f"{here:%H:%M} UTC"
    if here.date() == present.date():
        return str(gettext("%(clock)s today", clock=clock))
    if here.date() == present.date() - timedelta(days=1):
        return str(gettext("%(clock)s yesterday", clock=clock))
    return str(gettext("%(clock)s on %(day)s", clock=clock, day=day(here.date())))


def day(on: date) -> str:
    """Return a day with its weekday, such as `Sunday 8 March`."""
    return str(format_date(on, gettext("EEEE d MMMM")))
