"""SAS transport files, version 5 and 8, by pyreadstat; the limits that it does not hold are held here (exports.md 2.1)."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyreadstat

from hometrial.exports.formats import limits, records, xpt_records
from hometrial.exports.formats.frames import as_pandas, time_formats
from hometrial.exports.formats.limits import Limits
from hometrial.exports.metadata import DataSet

Version = Literal[5, 8]
OLDEST: Version = 5
LARGEST = 7.2e75
"""Beyond it the format's hexadecimal numbers end."""
SMALLEST = 16.0**-65
"""Nearer to 0 there is none; this one itself is left out, as readers take it for 0."""
FIRST_DAY = date(1582, 1, 1)
"""SAS knows no day before."""
LIMITS: dict[Version, Limits] = {
    5: Limits(
        "XPT version 5",
        text=200,
        name=8,
        label=40,
        number=LARGEST,
        smallest=SMALLEST,
        is_ascii=True,
        first_day=FIRST_DAY,
    ),
    8: Limits(
        "XPT version 8",
        text=32_767,
        name=32,
        label=256,
        number=LARGEST,
        smallest=SMALLEST,
        first_day=FIRST_DAY,
    ),
}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DESCRIPTOR = {5: b"HEADER RECORD*******DSCRPTR", 8: b"HEADER RECORD*******DSCPTV8"}
_MADE, _RECORD, _HEADERS = 144, 80, 1600


def write(path: Path, data_set: DataSet, table: pa.Table, at: datetime, version: Version = 5) -> None:  # fmt: skip
    """Write a canonical frame; `at` is the time in the file's header, so that the same frame makes the same bytes.

    Raises ValueRefusedError that names the variable, the row and the value where the format cannot hold it.
    """
    limits.check(LIMITS[version], data_set, table)
    wide = xpt_records.widths(table, is_oldest=version == OLDEST)
    pyreadstat.write_xport(
        as_pandas(records.widest(table, wide)),
        path,
        file_label=data_set.label,
        table_name=data_set.name,
        column_labels=[column.label for column in data_set.columns],
        file_format_version=version,
        variable_format=time_formats(table, "DATE9", "DATETIME20"),
    )
    xpt_records.replace_records(path, table, wide)
    _stamp(path, at, version)


def _stamp(path: Path, at: datetime, version: Version) -> None:
    """Put one time into the four places where the header keeps when it was made."""
    # Not strftime's %b: the month's name must not depend on where the file is made.
    stamp = f"{at:%d}{_MONTHS[at.month - 1]}{at:%y:%H:%M:%S}".encode()
    with path.open("r+b") as file:
        start = file.read(_HEADERS).index(_DESCRIPTOR[version]) + 2 * _RECORD
        for place in (_MADE, _MADE + 16, start - 16, start):
            file.seek(place)
            file.write(stamp)
