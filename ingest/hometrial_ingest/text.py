"""Text files read strictly: UTF-8 or a refusal, and CSV lines of which none is lost.

JSON readers use `read_text`; CSV readers use `columns` to check a head and `csv_rows` to read the rest.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Unreadable
from hometrial_ingest.reader import SourceFile

BLOCK_BYTES = 8 << 20
"""How much of a CSV is read at a time: about 250,000 lines of an identifier, a stamp and a number."""
LONGEST_LINE = 64 << 20
"""A CSV line longer than this many bytes is not a line of measurements."""
LARGEST_TEXT = 1 << 30
"""The most bytes that `read_text` holds in memory."""
WHOLE_LINE = "(whole line)"
"""The `field` of an Unreadable whose line could not be split into its cells."""

_BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_FIRST_LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?")
_UTF8_MARK = b"\xef\xbb\xbf"
_SAVE_AS_UTF8 = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8') and import it again"
_UNEVEN = "the line is cut or holds a stray comma; export the file again"
_EXPORT_AGAIN = "export the file again from its source"


@dataclass(frozen=True)
class CsvRows:
    """Some consecutive data lines of a CSV.

    `rows` counts every line that is not blank, from row `first` on; row 1 follows the header. `numbers`
    (int64) and `cells` (strings, never null) hold those that have as many cells as the header,
    `unreadable` all others.
    """

    first: int
    rows: int
    numbers: pa.Array
    cells: pa.RecordBatch
    unreadable: Sequence[Unreadable]

    def column(self, name: str) -> pa.Array:
        """Return the cells of one column as strings. Raises KeyError for one that was not asked for."""
        return self.cells.column(name)


def read_text(file: SourceFile) -> bytes:
    """Return a whole file as UTF-8 bytes without its byte order mark.

    Raises UnreadableFileError if it is empty, another encoding or larger than LARGEST_TEXT.
    """
    with file.open() as stream:
        data = stream.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise UnreadableFileError(
            file.path, f"more than {LARGEST_TEXT >> 20} MiB in one document", _EXPORT_AGAIN
        )
    data = _without_mark(file, data)
    if data.isspace() or not data:
        raise _empty(file)
    _check_encoding(file, data, line=1, header=None)
    return data


def header(file: SourceFile) -> list[str]:
    """Return the cells of a CSV's first line that is not blank.

    Raises UnreadableFileError if there is none, or if it is not UTF-8.
    """
    with file.open() as stream:
        blocks = _line_blocks(file, stream, 1 << 16)
        return _split_header(file, blocks)[0]


def columns(file: SourceFile, required: Sequence[str], optional: Sequence[str] = ()) -> list[str]:
    """Check a CSV's header; return the required columns and those of the optional ones that it has.

    Raises UnreadableFileError if a required column is missing or a wanted one stands there twice.
    """
    found = header(file)
    shown = ",".join(found)
    missing = [name for name in required if name not in found]
    if missing:
        problem = f"the header lacks {', '.join(map(repr, missing))}"
        way_out = f"{_EXPORT_AGAIN} with its header unchanged"
        raise UnreadableFileError(file.path, problem, way_out, line=1, value=shown)
    wanted = [*required, *(name for name in optional if name in found)]
    twice = [name for name in wanted if found.count(name) > 1]
    if twice:
        problem = f"the header has {', '.join(map(repr, twice))} more than once"
        raise UnreadableFileError(file.path, problem, _EXPORT_AGAIN, line=1, value=shown)
    return wanted


def csv_rows(
    file: SourceFile, wanted: Sequence[str], block_bytes: int = BLOCK_BYTES
) -> Iterator[CsvRows]:
    """Yield the data lines of a CSV block by block, with the wanted columns as strings.

    A line with too few or too many cells becomes an Unreadable of its own. Raises UnreadableFileError
    for bytes that are not UTF-8 text and for a quotation mark that runs over the end of its line.
    """
    with file.open() as stream:
        blocks = _line_blocks(file, stream, block_bytes)
        names, line, rest = _split_header(file, blocks)
        row = 1
        for block in _chain(rest, blocks):
            _check_encoding(file, block, line, names)
            rows, ends = _count_lines(block)
            if rows:
                parsed = _parse(block, names, wanted, row)
                if parsed.rows != rows:
                    raise _open_quote(file, block, line)
                yield parsed
            row += rows
            line += ends


def _chain(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _line_blocks(file: SourceFile, stream: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    """Yield whole lines, about `block_bytes` at a time, without the byte order mark."""
    kept = b""
    data = _without_mark(file, stream.read(max(block_bytes, 4)))
    while data:
        kept += data
        # A final \r may be the first half of \r\n, which must not be cut in two.
        cut = kept.rfind(b"\n") + 1 or kept.rfind(b"\r", 0, -1) + 1
        if cut:
            yield kept[:cut]
            kept = kept[cut:]
        if len(kept) > LONGEST_LINE:
            problem = f"a line of more than {LONGEST_LINE >> 20} MiB"
            raise UnreadableFileError(file.path, problem, _EXPORT_AGAIN)
        data = stream.read(block_bytes)
    if kept:
        yield kept


def _without_mark(file: SourceFile, data: bytes) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise UnreadableFileError(
                file.path, f"the text is {encoding}", _SAVE_AS_UTF8, line=1, value=data[: len(mark)]
            )
    return data.removeprefix(_UTF8_MARK)


def _split_header(file: SourceFile, blocks: Iterator[bytes]) -> tuple[list[str], int, bytes]:
    """Return the header's cells, the number of the line after it and the rest of its block."""
    line = 1
    for block in blocks:
        blank = len(block) - len(block.lstrip(b"\r\n"))
        line += _count_lines(block[:blank])[1]
        if not block.isspace():
            text = _FIRST_LINE.match(block, blank)[0]  # type: ignore[index]  # it matches always
            _check_encoding(file, text, line, header=None)
            return next(csv.reader([text.decode()])), line + 1, block[blank + len(text) :]
    raise _empty(file)


def _check_encoding(file: SourceFile, data: bytes, line: int, header: Sequence[str] | None) -> None:
    """Raise UnreadableFileError at the first byte that is not UTF-8 text; `line` is that of data[0]."""
    if b"\0" not in data and (data.isascii() or _is_utf8(data)):
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        bad, problem = error.start, "a byte that is not UTF-8"
    else:
        bad, problem = data.find(b"\0"), "a NUL byte, which no text has"
    if bad < 0:
        return
    before = data[:bad].splitlines(keepends=True)
    unfinished = before[-1] if before and not before[-1].endswith((b"\n", b"\r")) else b""
    raise UnreadableFileError(
        file.path,
        problem,
        _SAVE_AS_UTF8,
        line=line + len(before) - bool(unfinished),
        field=_field_at(unfinished, header),
        value=data[bad : bad + 1],
    )


def _is_utf8(data: bytes) -> bool:
    # Without a copy: the text of a large page, decoded, would need its size or four times that again.
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _field_at(before: bytes, header: Sequence[str] | None) -> str | None:
    cell = before.count(b",")
    return header[cell] if header is not None and cell < len(header) else None


def _empty(file: SourceFile) -> UnreadableFileError:
    return UnreadableFileError(file.path, "the file is empty", _EXPORT_AGAIN)


def _count_lines(block: bytes) -> tuple[int, int]:
    r"""Return how many lines are not blank, and how many line ends (\n, \r or \r\n) there are."""
    codes = np.frombuffer(block, np.uint8)
    feed, carriage = codes == ord("\n"), codes == ord("\r")
    text = ~(feed | carriage)
    begins = np.count_nonzero(text[:1]) + np.count_nonzero(text[1:] & ~text[:-1])
    pairs = np.count_nonzero(carriage[:-1] & feed[1:])
    return int(begins), int(np.count_nonzero(feed) + np.count_nonzero(carriage) - pairs)


def _open_quote(file: SourceFile, block: bytes, line: int) -> UnreadableFileError:
    lines = enumerate(block.splitlines(), line)
    odd = next(((number, text) for number, text in lines if text.count(b'"') % 2), (line, None))
    problem = "a quotation mark is not closed on its line"
    return UnreadableFileError(
        file.path, problem, "close or remove it", line=odd[0], value=odd[1] and odd[1].decode()
    )


def _parse(block: bytes, names: Sequence[str], wanted: Sequence[str], first: int) -> CsvRows:
    """Return the lines of one block, the first of them being row `first` of the file."""
    uneven: list[Unreadable] = []

    def keep(line: pa.csv.InvalidRow) -> str:
        reason = (
            f"{line.actual_columns} cells where the header has {line.expected_columns}: {_UNEVEN}"
        )
        uneven.append(Unreadable(first + line.number - 1, WHOLE_LINE, line.text, reason))
        return "skip"

    # A quotation mark left open on the block's last line swallows this line, and so shows in the count.
    guard = b"\n-" + b"," * (len(names) - 1) + b"\n"
    table = pa.csv.read_csv(
        pa.py_buffer(block + guard),
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=len(block) + len(guard), column_names=list(names)
        ),
        parse_options=pa.csv.ParseOptions(invalid_row_handler=keep, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            check_utf8=False,  # _check_encoding has seen the whole block, at a third of the cost
            include_columns=list(wanted),
            column_types=dict.fromkeys(wanted, pa.string()),
        ),
    )
    table = table.slice(0, max(table.num_rows - 1, 0))
    rows = table.num_rows + len(uneven)
    numbers = np.arange(first, first + rows)
    if uneven:
        numbers = np.delete(numbers, [line.row - first for line in uneven])
    cells = table.combine_chunks().to_batches()[0] if table.num_rows else _no_cells(wanted)
    return CsvRows(first, rows, pa.array(numbers), cells, uneven)


def _no_cells(wanted: Sequence[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in wanted], list(wanted))
