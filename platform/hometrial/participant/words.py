"""What pages say, in words that need no explanation."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from hometrial.services.syncing.vendors import vendor

_LABELS = {
    "heart_rate": "your pulse, day and night",
    "resting_heart_rate": "your pulse, day and night",
    "heart_rate_variability": "small changes between heartbeats",
    "heart_rate_variability_daily": "small changes between heartbeats",
    "steps": "your steps",
    "distance": "how far you walk",
    "sleep": "when you sleep, and how deeply",
    "oxygen_saturation": "oxygen in your blood while you sleep",
    "oxygen_saturation_daily": "oxygen in your blood while you sleep",
    "respiratory_rate": "how often you breathe while you sleep",
    "respiratory_rate_daily": "how often you breathe while you sleep",
    "skin_temperature_daily": "the temperature of your skin while you sleep",
    "weight": "your weight, if you use a connected scale",
}


def teach(app: Flask) -> None:
    """Let templates use these words."""
    app.jinja_env.filters["plain"] = plain
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.globals["vendor"] = vendor


def plain(streams: Iterable[str]) -> list[str]:
    """Return what streams hold, in a person's words, each once."""
    return list(dict.fromkeys(_LABELS.get(name, name.replace("_", " ")) for name in streams))


def moment(at: datetime, now: datetime, zone: ZoneInfo | None) -> str:
    """Return an instant as a person says it where they live: `07:40 today`.

    Where nobody knows where they live it is said in UTC, and so.
    """
    here, present = at.astimezone(zone), now.astimezone(zone)
    if zone is None:
        return f"{_day(here, present)} at {here:%H:%M} UTC"
    return f"{here:%H:%M} {_day(here, present)}"


def _day(here: datetime, present: datetime) -> str:
    if here.date() == present.date():
        return "today"
    if here.date() == present.date() - timedelta(days=1):
        return "yesterday"
    return f"on {here:%A} {here.day} {here:%B}"
