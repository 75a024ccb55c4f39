"""Rows of a page as a CSV file: text that a spreadsheet would run gets an apostrophe in front (trust.md TM19)."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from hometrial.exports import formulas


def csv_of(rows: Sequence[Mapping[str, Any]], columns: Iterable[str] | None = None) -> str:
    """Return rows with a header, all of the same columns; nothing at all of no rows without columns."""
    names = list(rows[0]) if columns is None and rows else list(columns or ())
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if names:
        writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and formulas.is_formula(value):
        return f"'{value}"
    return value
