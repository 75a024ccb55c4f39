"""CSV by RFC 4180, column by column: the same bytes on every machine, and harmless in a spreadsheet.

Every value is written as one text: instants as 2016-04-12T11:21:00.000000Z, wall clocks without the Z,
days as 2016-04-12, numbers as the shortest text that reads back as the same number, null as nothing.
"""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

ROWS_AT_ONCE = 100_000
"""Rows that are held as text at one time."""

# A cell that begins so is run as a formula by a spreadsheet, whatever stands around it: blanks,
# invisible characters and quotes are skipped by one program or another before it looks.
_FORMULA = (
    r"^[\p{Z}\p{C}\"'`\p{Pi}\p{Pf}\x{FF02}\x{FF07}]*"
    r"[=+\-@|\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\x{FF5C}\x{2212}\t\r\n]"
)
_NEEDS_QUOTES = '[",\r\n]'


def write_header(sink: BinaryIO, schema: pa.Schema) -> None:
    """Write the line of column names."""
    sink.write((",".join(schema.names) + "\n").encode())


def write_rows(sink: BinaryIO, table: pa.Table) -> None:
    """Write the rows of a table, each ended by a line feed."""
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        piece = table.slice(start, ROWS_AT_ONCE)
        columns = [_as_text(column.combine_chunks()) for column in piece.columns]
        lines = pc.binary_join_element_wise(*columns, ",")
        sink.write(_bytes_of(pc.binary_join_element_wise(lines, "\n", "")))


def _bytes_of(lines: pa.Array) -> memoryview:
    """Return texts end to end: Arrow keeps them so."""
    joined = pa.concat_arrays([lines])
    first, last = joined.offset, joined.offset + len(joined)
    ends = memoryview(joined.buffers()[1]).cast("B").cast("i")
    return memoryview(joined.buffers()[2])[ends[first] : ends[last]]


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        words = _safe(column.dictionary).take(column.indices)
        return pc.fill_null(words, "")
    if pa.types.is_string(column.type):
        return pc.fill_null(_safe(column), "")
    text = pc.cast(column, pa.string())
    if pa.types.is_timestamp(column.type):
        text = pc.binary_replace_slice(text, 10, 11, "T")
    return pc.fill_null(text, "")


def _safe(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before what a spreadsheet would run, and quotes around what needs them."""
    harmless = pc.if_else(
        pc.match_substring_regex(texts, _FORMULA),
        pc.binary_join_element_wise("'", texts, ""),
        texts,
    )
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(harmless, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(harmless, _NEEDS_QUOTES), quoted, harmless)
