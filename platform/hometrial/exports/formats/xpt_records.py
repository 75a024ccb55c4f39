"""The records of a SAS transport file in the place of the one that its head was made of.

Numbers are IBM's hexadecimal doubles, text has a fixed width, blanks fill the last 80 bytes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hometrial.exports.formats import records
from hometrial.exports.formats.records import Doubles, Layout, Times

_OBSERVATIONS = b"HEADER RECORD*******OBS"
_RECORD = 80
_COUNT = 48, 15
"""Where the head of version 8 says how many records there are, and how wide."""
_LONG = b"V8"
_MISSING = 0x2E << 56
"""A dot, which is how SAS says that a number is missing."""

Whole = np.ndarray[Any, np.dtype[np.uint64]]


def widths(table: pa.Table, *, is_oldest: bool) -> list[int]:
    """Return the bytes of each column; in version 5 a record that is no longer than a card is made longer by its last text.

    Readers (pandas 3.1, and with it CDISC's rules) take the blanks at the end of a short file for the filling of its last
    card, and lose the row that ends in them; a record of more than 80 bytes leaves no doubt. Version 8 counts its records.
    """
    wide = records.widths(table)
    texts = [place for place, field in enumerate(table.schema) if records.is_text(field.type)]
    has_times = any(pa.types.is_temporal(field.type) for field in table.schema)
    if is_oldest and texts and not has_times and sum(wide) <= _RECORD:
        wide[texts[-1]] += _RECORD + 1 - sum(wide)
    return wide


def replace_records(path: Path, table: pa.Table, wide: list[int]) -> None:
    """Put a table's rows in the place of the one of a file that was written of `records.widest` of it."""
    with path.open("r+b") as file:
        start = file.read().index(_OBSERVATIONS)
        file.seek(start)
        head = file.read(_RECORD)
        if _LONG in head[: _COUNT[0]]:
            file.seek(start + _COUNT[0])
            file.write(b"%*d" % (_COUNT[1], table.num_rows))
        file.seek(start + _RECORD)
        file.truncate()
        written = sum(file.write(each) for each in records.records(table, LAYOUT, wide))
        file.write(b" " * (-written % _RECORD))


def _hexadecimal(values: Doubles) -> Whole:
    """Return doubles as IBM's: sign, exponent of 16 plus 64, and 56 bits of a fraction, of which a double fills 53."""
    fraction, exponent = np.frexp(np.abs(np.nan_to_num(values)))
    sixteens = -(-exponent // 4)
    shift = (3 - (4 * sixteens - exponent)).astype(np.uint64)
    bits = np.ldexp(fraction, 53).astype(np.uint64) << shift
    found: Whole = bits | ((sixteens + 64).astype(np.uint64) << np.uint64(56))
    found[values < 0] |= np.uint64(1 << 63)
    found[values == 0] = 0
    found[np.isnan(values)] = _MISSING
    return found


_SAS_ZERO = -3653
"""1 January 1960 in days of Unix."""
LAYOUT = Layout(b" ", ">u8", _hexadecimal, Times(_SAS_ZERO, in_a_day=1, in_a_second=1))
