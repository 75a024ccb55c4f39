"""How figures, instants and words stand on a page."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request

from hometrial.services.viewing import quarantine
from hometrial.services.viewing.drawing import local_text
from hometrial.staff.study import reading
from hometrial_ingest.signals import SIGNALS, Signal

THIN = "\u202f"


def number(value: float | None, decimals: int = 0) -> str:
    """Write a number with thin spaces between its thousands; nothing for an unknown one."""
    return "" if value is None else f"{value:,.{decimals}f}".replace(",", THIN)


def brief(value: float | None) -> str:
    """Write a measure with one decimal at most, none if it is whole."""
    return "" if value is None else number(value, 0 if float(value).is_integer() else 1)


def instant(value: datetime | None) -> str:
    """Write an instant in UTC to the second."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


def plain(word: str) -> str:
    """Write a name of ours as words."""
    return word.replace("_", " ")


def signal_label(name: str) -> str:
    """Write a stream's name as the vocabulary calls it."""
    return SIGNALS[Signal(name)].label


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
        number=number,
        brief=brief,
        instant=instant,
        plain=plain,
        query=query,
        signal_label=signal_label,
        unit=unit,
    )
    app.jinja_env.globals.update(local_text=local_text, paged=paged)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_of_every_page)


def _of_every_page() -> dict[str, Any]:
    """Return what the frame of a page needs, asked only when a template uses it."""
    return {"waiting_rows": _waiting_rows}


def _waiting_rows() -> int:
    with reading() as session:
        return quarantine.open_rows(session)
