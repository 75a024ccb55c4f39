"""SAS transport files, version 5 and 8, by pyreadstat; the limits that it does not hold are held here (exports.md 2.1)."""

import re
from datetime import datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyreadstat

from hometrial.exports.metadata import DataSet, ValueRefusedError

LONGEST_TEXT = {5: 200, 8: 32_767}
"""Bytes of one text: what SAS reads."""
LARGEST = 7.2e75
"""Beyond it the format's hexadecimal numbers end."""
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_PRINTABLE = re.compile(r"[ -~]*")
_DESCRIPTOR = {5: b"HEADER RECORD*******DSCRPTR", 8: b"HEADER RECORD*******DSCPTV8"}
_MADE, _CHANGED, _RECORD = slice(144, 160), slice(160, 176), 80


def write(
    path: Path, data_set: DataSet, table: pa.Table, at: datetime, version: Literal[5, 8] = 5
) -> None:
    """Write a canonical frame; `at` is the time in the file's header, so that the same frame makes the same bytes.

    Raises ValueRefusedError that names the variable, the row and the value where the format cannot hold it.
    """
    _refuse(data_set, table, version)
    pyreadstat.write_xport(
        _pandas(table),
        path,
        file_label=data_set.label,
        table_name=data_set.name,
        column_labels=[column.label for column in data_set.columns],
        file_format_version=version,
    )
    _stamp(path, at, version)


def _refuse(data_set: DataSet, table: pa.Table, version: Literal[5, 8]) -> None:
    for column in data_set.columns:
        for row, value in enumerate(table[column.name].to_pylist(), start=1):
            why = _reason(value, version)
            if why:
                raise ValueRefusedError(
                    f"{data_set.name}.{column.name}, row {row}: {value!r} {why}; Dataset-JSON and Parquet hold it"
                )


def _reason(value: object, version: Literal[5, 8]) -> str | None:
    if isinstance(value, str):
        if len(value.encode()) > LONGEST_TEXT[version]:
            return f"has {len(value.encode())} bytes; XPT version {version} holds {LONGEST_TEXT[version]}"
        if version == 5 and not _PRINTABLE.fullmatch(value):
            return "has characters beyond printable ASCII, whose encoding XPT does not tell"
        if value != value.rstrip(" "):
            return "ends with a blank, which XPT loses"
    if isinstance(value, (int, float)) and not -LARGEST < value < LARGEST:
        return "is larger than a number of XPT"
    return None


def _pandas(table: pa.Table) -> pd.DataFrame:
    """Return a frame as pyreadstat takes it: numbers as doubles, everything else as objects."""
    made = {}
    for field in table.schema:
        values = table[field.name]
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            made[field.name] = pd.Series(values.cast(pa.float64()).to_pylist(), dtype="float64")
        else:
            made[field.name] = pd.Series(values.to_pylist(), dtype=object)
    return pd.DataFrame(made)


def _stamp(path: Path, at: datetime, version: Literal[5, 8]) -> None:
    """Put one time into the four places where the header keeps when it was made."""
    # Not strftime's %b: the month's name must not depend on where the file is made.
    stamp = f"{at:%d}{_MONTHS[at.month - 1]}{at:%y:%H:%M:%S}".encode()
    body = bytearray(path.read_bytes())
    body[_MADE] = body[_CHANGED] = stamp
    start = body.index(_DESCRIPTOR[version]) + 2 * _RECORD
    body[start - _RECORD + 64 : start - _RECORD + 80] = stamp
    body[start : start + 16] = stamp
    path.write_bytes(body)
