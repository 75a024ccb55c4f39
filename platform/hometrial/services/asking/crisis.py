"""Crisis information: whom somebody in danger can call in the country where they are, as data."""

from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hometrial import clock
from hometrial.clock import microseconds
from hometrial.declarations import Declaration, Several, read
from hometrial_ingest.local_time import ZoneHistory

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Line = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
_FILE = "crisis_lines.yaml"


class CrisisLine(Declaration):
    """Somebody to call (or an address to open), where that is from, and when it was entered."""

    name: Line
    call: Line
    source: Line
    entered: date


class CountryLines(Declaration):
    """The emergency number and the crisis lines of one country."""

    emergency: Line
    lines: Annotated[Several[CrisisLine], Field(min_length=1)]


class CrisisLines(Declaration):
    """All that is known; `shown_for`: alerts of questionnaires as `<instrument>.<alert>`."""

    schema_name: Literal["crisis-lines/1"] = Field(alias="schema")
    shown_for: Several[Line]
    countries: dict[Country, CountryLines]
    elsewhere: Annotated[Several[CrisisLine], Field(min_length=1)]


class Crisis(Declaration):
    """What is shown at once: the country's emergency number and lines, or the directory of other countries."""

    country: Country | None
    emergency: Line | None
    lines: Several[CrisisLine]


@cache
def shipped() -> CrisisLines:
    """Return the crisis lines that come with the product."""
    text = (resources.files("hometrial.services.asking") / _FILE).read_text("utf-8")
    return read(text, _FILE, CrisisLines)


def is_shown_for(instrument: str, alert: str) -> bool:
    """Say whether an alert of an instrument shows crisis information to the person."""
    return f"{instrument}.{alert}" in shipped().shown_for


def information(country: str | None) -> Crisis:
    """Return whom to call in a country (ISO 3166, None: unknown)."""
    known = None if country is None else shipped().countries.get(country)
    if known is None:
        return Crisis(country=country, emergency=None, lines=shipped().elsewhere)
    return Crisis(country=country, emergency=known.emergency, lines=known.lines)


def country_of(zones: ZoneHistory) -> str | None:
    """Return the country that a person's present zone lies in; None for a zone of no country, such as UTC."""
    return _countries().get(zone_at(zones, clock.now()))


def zone_at(zones: ZoneHistory, moment: datetime) -> str:
    """Return the name of the zone that a person lives in at an instant."""
    at = microseconds(moment)
    return [name for since, name in zones.pieces if since is None or since <= at][-1]


@cache
def _countries() -> dict[str, str]:
    """Return the country of each zone, from the table that the time zone data bring along."""
    text = (resources.files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}
