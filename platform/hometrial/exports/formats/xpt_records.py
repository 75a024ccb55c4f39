"""The records of a SAS transport file, whole columns at a time: what pyreadstat writes cell by cell, in a fraction of its time.

The header stays pyreadstat's. Numbers are IBM's hexadecimal doubles, text has a fixed width, blanks fill the last 80 bytes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_OBSERVATIONS = b"HEADER RECORD*******OBS"
_RECORD = 80
_MISSING = 0x2E << 56
"""A dot, which is how SAS says that a number is missing."""
_ROWS_AT_ONCE = 50_000

Whole = np.ndarray[Any, np.dtype[np.uint64]]


def can_write(table: pa.Table) -> bool:
    """Whether a table is of text and numbers alone: dates have formats, which are left to pyreadstat."""
    return all(_is_text(each.type) or _is_number(each.type) for each in table.schema)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def widest(table: pa.Table) -> pa.Table:
    """Return one row from whose values a header with the right widths is made; none of a table without rows."""
    if not table.num_rows:
        return table
    columns = [
        _sample(table[name], width)
        for name, width in zip(table.column_names, _widths(table), strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _sample(column: pa.ChunkedArray, width: int) -> pa.Array:
    return pa.array(["x" * width if _is_text(column.type) else 0], column.type)


def _widths(table: pa.Table) -> list[int]:
    """Return the bytes of each column; a record that is no longer than a card is made longer by its last text.

    Readers (pandas 3.1, and with it CDISC's rules) take the blanks at the end of a short file for the filling of its last
    card, and lose the row that ends in them; a record of more than 80 bytes leaves no doubt.
    """
    widths = [_width(table[name]) for name in table.column_names]
    texts = [place for place, field in enumerate(table.schema) if _is_text(field.type)]
    if texts and sum(widths) <= _RECORD:
        widths[texts[-1]] += _RECORD + 1 - sum(widths)
    return widths


def replace_records(path: Path, table: pa.Table) -> None:
    """Put a table's rows in the place of those of a file that was written of `widest` of it."""
    widths = _widths(table)
    with path.open("r+b") as file:
        file.truncate(file.read().index(_OBSERVATIONS) + _RECORD)
        file.seek(0, 2)
        written = 0
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            piece = table.slice(start, _ROWS_AT_ONCE)
            written += file.write(_records(piece, widths).tobytes())
        file.write(b" " * (-written % _RECORD))


def _width(column: pa.ChunkedArray) -> int:
    if not _is_text(column.type):
        return 8
    return max(1, pc.max(pc.binary_length(column)).as_py() or 0)


def _records(table: pa.Table, widths: list[int]) -> Any:
    columns = [table[name].combine_chunks() for name in table.column_names]
    kinds = [
        f"S{width}" if _is_text(each.type) else ">u8"
        for each, width in zip(columns, widths, strict=True)
    ]
    found = np.empty(
        table.num_rows, dtype=[(f"f{place}", kind) for place, kind in enumerate(kinds)]
    )
    for place, (each, width) in enumerate(zip(columns, widths, strict=True)):
        found[f"f{place}"] = _padded(each, width) if _is_text(each.type) else _hexadecimal(each)
    return found


def _padded(column: pa.Array, width: int) -> Any:
    coded = column.dictionary_encode()
    texts = [each.encode("ascii").ljust(width) for each in coded.dictionary.to_pylist()]
    return np.array(texts, dtype=f"S{width}")[coded.indices.to_numpy()]


def _hexadecimal(column: pa.Array) -> Whole:
    """Return doubles as IBM's: sign, exponent of 16 plus 64, and 56 bits of a fraction, of which a double fills 53."""
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    fraction, exponent = np.frexp(np.abs(np.nan_to_num(values)))
    sixteens = -(-exponent // 4)
    shift = (3 - (4 * sixteens - exponent)).astype(np.uint64)
    bits = np.ldexp(fraction, 53).astype(np.uint64) << shift
    found: Whole = bits | ((sixteens + 64).astype(np.uint64) << np.uint64(56))
    found[values < 0] |= np.uint64(1 << 63)
    found[values == 0] = 0
    found[np.isnan(values)] = _MISSING
    return found
