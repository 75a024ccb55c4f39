"""How figures, instants and words stand on a page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, request

from hometrial import clock
from hometrial.models import ParticipantZone
from hometrial.services import working
from hometrial.services.diagnosing.check import span
from hometrial.services.viewing import quarantine, sources
from hometrial.services.viewing.drawing import local_text
from hometrial.staff.study import me, reading
from hometrial_ingest.signals import SIGNALS, Signal
from hometrial_validation.forms import FormKind

THIN = "\u202f"
THOUSAND = 1000
TENTHS_BELOW = 10


def number(value: float | None, decimals: int = 0) -> str:
    """Write a number with thin spaces between its thousands; nothing for an unknown one."""
    return "" if value is None else f"{value:,.{decimals}f}".replace(",", THIN)


def brief(value: float | None) -> str:
    """Write a measure with one decimal at most, none if it is whole."""
    return "" if value is None else number(value, 0 if float(value).is_integer() else 1)


def instant(value: datetime | None) -> str:
    """Write an instant in UTC to the second."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


def ago(value: datetime | None) -> str:
    """Write how long ago an instant was; `just now` within a minute."""
    if value is None:
        return ""
    passed = clock.now() - value
    return "just now" if passed < timedelta(minutes=1) else f"{span(passed)} ago"


def lasting(value: timedelta | None) -> str:
    """Write a length of time in its largest unit, with tenths below ten seconds."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    return f"{seconds:.1f} s" if seconds < TENTHS_BELOW else span(value)


def at_home(value: datetime | None, zones: Sequence[ParticipantZone]) -> str:
    """Write an instant on a person's wall clock, as one says it: 07:40 today, 23:10 yesterday."""
    if value is None:
        return ""
    there = sources.at_home(value, zones)
    days = (clock.now().astimezone(there.tzinfo).date() - there.date()).days
    day = {0: "today", 1: "yesterday"}.get(days)
    shown = f"{there:%H:%M} {day}" if day else f"{there:%Y-%m-%d %H:%M}"
    return shown if zones else f"{shown} UTC"


def size(value: float | None) -> str:
    """Write a number of bytes in the unit that keeps it short."""
    left = float(value or 0)
    for name in ("bytes", "kB", "MB", "GB"):
        if left < THOUSAND:
            return f"{left:.0f} {name}"
        left /= THOUSAND
    return f"{left:.1f} TB"


def plain(word: str) -> str:
    """Write a name of ours as words."""
    return word.replace("_", " ")


def signal_label(name: str) -> str:
    """Write a stream's name as the vocabulary calls it; of a form's answers, that."""
    return "Questionnaire" if name == FormKind.QUESTIONNAIRE else SIGNALS[Signal(name)].label


def unit(code: str) -> str:
    """Write a UCUM unit as people do."""
    return {"/min": "per min", "1": "", "Cel": "°C"}.get(code, code).replace("{steps}", "steps")


def query(values: Mapping[str, Iterable[object]]) -> str:
    """Write values as the query part of an address."""
    return urlencode(
        {name: [str(each) for each in found] for name, found in values.items()}, doseq=True
    )


def paged(start: int) -> str:
    """Write the query part of this very page's address with another first line."""
    return query({**request.args.to_dict(flat=False), "start": [start]})


def teach(app: Flask) -> None:
    """Make the filters known to the templates, and what every page shows."""
    app.jinja_env.filters.update(
        ago=ago,
        at_home=at_home,
        lasting=lasting,
        number=number,
        brief=brief,
        instant=instant,
        plain=plain,
        query=query,
        signal_label=signal_label,
        size=size,
        unit=unit,
    )
    app.jinja_env.globals.update(local_text=local_text, paged=paged)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_of_every_page)


def _of_every_page() -> dict[str, Any]:
    """Return what the frame of a page needs, asked only when a template uses it."""
    return {
        "waiting_rows": _waiting_rows,
        "open_work": _open_work,
        "may": _may,
        "actor": g.get("actor"),
    }


def _may(action: str) -> bool:
    return "actor" in g and me().may(action)


def _waiting_rows() -> int:
    with reading() as session:
        return quarantine.open_rows(session)


def _open_work() -> int:
    with reading() as session:
        return working.count_open(session)
