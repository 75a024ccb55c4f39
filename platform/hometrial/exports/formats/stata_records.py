"""The records of a Stata file in the place of the one that its head was made of: text ends in zeros, numbers are doubles."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa

from hometrial.exports.formats import records
from hometrial.exports.formats.records import Doubles, Layout, Times

LONGEST = 2044
"""Bytes of a text that pyreadstat puts into the record; a longer one stands behind all records, which is left to it."""
_COUNT, _MAP = b"<N>", b"</header><map>"
_PLACES = struct.Struct("<14Q")
_DATA, _BEHIND = 9, 10
"""Numbers of the places in the map: of `<data>`, and of the first that lies behind it."""
_OPENS, _CLOSES = len(b"<data>"), len(b"</data>")
_MISSING = struct.unpack("<d", b"\0\0\0\0\0\0\xe0\x7f")[0]


def replace_records(path: Path, table: pa.Table, wide: list[int]) -> None:
    """Put a table's rows in the place of the one of a file that was written of `records.widest` of it."""
    content = path.read_bytes()
    count, listed = (content.index(each) + len(each) for each in (_COUNT, _MAP))
    places = _PLACES.unpack_from(content, listed)
    ends = places[_BEHIND] - _CLOSES
    with path.open("r+b") as file:
        file.seek(places[_DATA] + _OPENS)
        for each in records.records(table, LAYOUT, wide):
            file.write(each)
        moved = file.tell() - ends
        file.write(content[ends:])
        file.truncate()
        file.seek(count)
        file.write(struct.pack("<Q", table.num_rows))
        file.seek(listed)
        file.write(_PLACES.pack(*places[:_BEHIND], *(each + moved for each in places[_BEHIND:])))


def _doubles(values: Doubles) -> Doubles:
    return np.where(np.isnan(values), _MISSING, values)


_STATA_ZERO = -3653
"""1 January 1960 in days of Unix; times are milliseconds since then."""
LAYOUT = Layout(b"\0", "<f8", _doubles, Times(_STATA_ZERO, in_a_day=1, in_a_second=1000))
