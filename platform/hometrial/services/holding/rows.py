"""The rows of a table that are about one person, as lines of a file: no other's name, and no formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, DateTime, func
from sqlalchemy.orm import Session

from hometrial.db import Base
from hometrial.exports.formulas import is_formula
from hometrial.models import Participant
from hometrial.services.holding.tables import FILES, names_somebody, of_person, shown

_AT_ONCE = 500
_MACHINES = ("worker", "system", "participant-site")


@dataclass(frozen=True)
class Count:
    """How many lines a table holds about a person, from when to when; None where they bear no time."""

    file: str
    lines: int
    first: datetime | None
    last: datetime | None


def counts(session: Session, person: Participant) -> list[Count]:
    """Return how much each table holds about a person, in the order of the files."""
    return [_count(session, person, name) for name in FILES]


def _count(session: Session, person: Participant, name: str) -> Count:
    at = _time_of(name)
    columns = [func.count(), *([func.min(at), func.max(at)] if at is not None else [])]
    found: tuple[Any, ...] = tuple(session.execute(of_person(name, person.id, *columns)).one())
    first, last = found[1:] or (None, None)
    return Count(FILES[name], found[0], first, last)


def _time_of(name: str) -> Column[Any] | None:
    """Return the column that says when something was; of several the first that is always known."""
    timed = [each for each in Base.metadata.tables[name].c if _is_instant(each)]
    return min(timed, key=lambda each: each.nullable or False, default=None)


def _is_instant(column: Column[Any]) -> bool:
    kind = column.type
    return isinstance(getattr(kind, "impl_instance", kind), DateTime)


def table(session: Session, person: Participant, name: str) -> Iterator[bytes]:
    """Return the lines of a table's file, with its heading, in parts."""
    columns = shown(Base.metadata.tables[name])
    query = of_person(name, person.id, *columns)
    keys = [each for each in columns if each.primary_key]
    at = _time_of(name)
    ordered = query.order_by(*([at] if at is not None and not at.nullable else []), *keys)
    found = session.execute(ordered, execution_options={"yield_per": _AT_ONCE})
    rows = (
        [
            whose(value, person.code) if names_somebody(column) else value
            for column, value in zip(columns, row, strict=True)
        ]
        for row in found
    )
    return lines([each.name for each in columns], rows)


def lines(heading: list[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Return a table as CSV in parts; it begins with the mark by which a spreadsheet knows UTF-8."""
    out = io.StringIO("\ufeff", newline="")
    out.seek(1)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _AT_ONCE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def cell(value: object) -> object:
    """Return a value as it stands in a cell: times in ISO 8601, structures as JSON, text never a formula."""
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict | tuple):
        said = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    else:
        said = str(value)
    return f"'{said}" if is_formula(said) else said


def whose(value: object, code: str) -> str | None:
    """Return who did something as somebody else may read it: the person, the computer, or the team."""
    if value is None:
        return None
    said = str(value)
    if said in (code, f"participant:{code}", "participant"):
        return "you"
    return "computer" if said.startswith(_MACHINES) else "study team"
