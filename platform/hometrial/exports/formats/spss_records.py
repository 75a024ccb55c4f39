"""The records of an SPSS file in the place of the one that its head was made of: all of it in pieces of eight bytes."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa

from hometrial.exports.formats import records
from hometrial.exports.formats.records import Doubles, Layout, Times

LONGEST = 255
"""Bytes of a text that is one variable of the file; a longer one is several, which is left to pyreadstat."""
_COUNT, _COUNT_AGAIN = 80, 16
"""Where the head says how many records there are: from its start, and before its end."""
_PIECE = 8
_MISSING = -np.finfo(np.float64).max


def replace_records(path: Path, table: pa.Table, wide: list[int]) -> None:
    """Put a table's rows in the place of the one of a file that was written of `records.widest` of it."""
    whole = [-(-each // _PIECE) * _PIECE for each in wide]
    with path.open("r+b") as file:
        starts = file.seek(-sum(whole), 2)
        file.truncate()
        for each in records.records(table, LAYOUT, whole):
            file.write(each)
        file.seek(_COUNT)
        file.write(struct.pack("<i", table.num_rows))
        file.seek(starts - _COUNT_AGAIN)
        file.write(struct.pack("<q", table.num_rows))


def _doubles(values: Doubles) -> Doubles:
    return np.where(np.isnan(values), _MISSING, values)


_SPSS_ZERO = -141_428
"""14 October 1582 in days of Unix; days and times are seconds since then."""
LAYOUT = Layout(b" ", "<f8", _doubles, Times(_SPSS_ZERO, in_a_day=86_400, in_a_second=1))
