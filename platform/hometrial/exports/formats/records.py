"""Records of fixed width, whole columns at a time: what pyreadstat writes cell by cell, in a fraction of its time and memory.

The head of a file stays pyreadstat's: it is written of one row that is as wide as the widest value of each column.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROWS_AT_ONCE = 50_000
_SECONDS = 86_400
_SAMPLE = datetime(1970, 1, 1)  # noqa: DTZ001 - a file's own wall clock

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Cells = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Times:
    """How a format counts: from which day (of Unix); days are so many of its units, and so are seconds."""

    first_day: int
    in_a_day: int
    in_a_second: int


@dataclass(frozen=True)
class Layout:
    """How a format's records look: what fills up a text, the type of a number, and what writes numbers of it."""

    blank: bytes
    number: str
    written: Callable[[Doubles], Cells]
    times: Times


def fits(wide: Sequence[int], table: pa.Table, longest: int) -> bool:
    """Whether there are records, and every text is as short as the format keeps it in the record itself."""
    texts = zip(wide, table.schema, strict=True)
    return bool(table.num_rows) and all(
        width <= longest for width, field in texts if is_text(field.type)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether a column is of text."""
    return bool(pa.types.is_string(kind))


def widths(table: pa.Table) -> list[int]:
    """Return the bytes of the widest value of each column, 8 of a number."""
    return [_width(table[name]) for name in table.column_names]


def _width(column: pa.ChunkedArray) -> int:
    if not is_text(column.type):
        return 8
    return max(1, pc.max(pc.binary_length(column)).as_py() or 0)


def widest(table: pa.Table, wide: Sequence[int]) -> pa.Table:
    """Return one row from whose values a head with the right widths is made; none of a table without rows."""
    if not table.num_rows:
        return table
    columns = [
        _sample(table[name], width) for name, width in zip(table.column_names, wide, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _sample(column: pa.ChunkedArray, width: int) -> pa.Array:
    if is_text(column.type):
        return pa.array(["x" * width], column.type)
    if not pa.types.is_temporal(column.type):
        return pa.array([0], column.type)
    is_empty = column.null_count == len(column)
    return pa.array([None if is_empty else _SAMPLE], column.type)


def records(table: pa.Table, layout: Layout, wide: Sequence[int]) -> Iterator[bytes]:
    """Yield the records of a table, some thousand at a time; of a text so many bytes as `wide` says."""
    kinds = [
        f"S{width}" if is_text(field.type) else layout.number
        for field, width in zip(table.schema, wide, strict=True)
    ]
    record = np.dtype([(f"f{place}", kind) for place, kind in enumerate(kinds)])
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        piece = table.slice(start, ROWS_AT_ONCE)
        found = np.empty(piece.num_rows, dtype=record)
        for place, (name, width) in enumerate(zip(table.column_names, wide, strict=True)):
            found[f"f{place}"] = _cells(piece[name].combine_chunks(), layout, width)
        yield found.tobytes()


def _cells(column: pa.Array, layout: Layout, width: int) -> Cells:
    if is_text(column.type):
        return _padded(column, width, layout.blank)
    return layout.written(_doubles(column, layout.times))


def _padded(column: pa.Array, width: int, blank: bytes) -> Cells:
    coded = column.dictionary_encode()
    texts = [each.encode().ljust(width, blank) for each in coded.dictionary.to_pylist()]
    found: Cells = np.array(texts, dtype=f"S{width}")[coded.indices.to_numpy()]
    return found


def _doubles(column: pa.Array, times: Times) -> Doubles:
    """Return numbers, days and times as doubles, as the format counts them; not a number where there is none."""
    if pa.types.is_date(column.type):
        days = _plain(column.cast(pa.int32()))
        return (days - times.first_day) * times.in_a_day
    if pa.types.is_timestamp(column.type):
        seconds = _plain(column.cast(pa.int64()))
        return (seconds - times.first_day * _SECONDS) * times.in_a_second
    return _plain(column)


def _plain(column: pa.Array) -> Doubles:
    found: Doubles = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found
