"""How values are written in sentences that coordinators read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hometrial_ingest.signals import SIGNALS, Signal

_START = datetime(1970, 1, 1, tzinfo=UTC)
RELEASE = (
    "if the source is known to be right, release the row with a reason, else confirm it as an error"
)
"""The way out of quarantine, the same at the end of every sentence."""

Row = Mapping[str, object]
"""One row's columns by name, as the rule saw them."""


def whole(row: Row, column: str) -> int:
    """Return a column of the row as an integer."""
    return int(real(row, column))


def real(row: Row, column: str) -> float:
    """Return a column of the row as a number. Raises TypeError if it holds something else."""
    value = row[column]
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"{column} is no number: {value!r}")
    return float(value)


def number(value: float) -> str:
    """Return a number without needless digits: 400, 36.6, 1,200."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def moment(microseconds: int) -> str:
    """Return microseconds since 1970 as date and time to the second."""
    return f"{_START + timedelta(microseconds=microseconds):%Y-%m-%d %H:%M:%S}"


def day(days: int) -> str:
    """Return days since 1970 as a date."""
    return f"{_START + timedelta(days=days):%Y-%m-%d}"


def offset(seconds: int) -> str:
    """Return an offset as +05:30."""
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def measured(value: float, signal: Signal) -> str:
    """Return a value with its name and unit: heart rate 400 /min."""
    spec = SIGNALS[signal]
    name = spec.label.split(",", maxsplit=1)[0].split(" (", maxsplit=1)[0]
    return f"{name[0].lower()}{name[1:]} {number(value)} {spec.unit.strip('{}')}"
