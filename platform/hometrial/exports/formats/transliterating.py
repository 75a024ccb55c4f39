"""Text for the formats that hold only printable ASCII: every value that changes is listed, with what it was.

Accents and letters are composed first (NFC). Then, in this order: the signs of `SIGNS`, which say more as words;
control characters and all kinds of space as blanks; marks that stand on nothing and characters without width are
left out; every other character by AnyAscii's table (as it is read aloud in Latin letters). Blanks at the end are
taken away, as no transport file keeps them. A text that grew longer than the format holds is cut. Times lose what
comes after the second. In CSV a text that a spreadsheet would run gets an apostrophe.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii

from hometrial.exports.dictionary import Variable
from hometrial.exports.formats.frames import Frame
from hometrial.exports.formats.limits import Limits
from hometrial.exports.formulas import neutralised
from hometrial.exports.metadata import ValueRefusedError

SIGNS = {
    "µ": "u", "μ": "u", "≥": ">=", "≤": "<=", "≠": "<>", "±": "+/-", "×": "x", "‰": " per mille",
    "½": "1/2", "¼": "1/4", "¾": "3/4", "²": "2", "³": "3", "→": "->", "€": "EUR", "£": "GBP", "ß": "ss",
}  # fmt: skip
CSV = "CSV"
"""What the list of changes calls the format."""
CHANGES = (
    Variable("data_set", "Data set", "text"),
    Variable("row", "Row", "integer", text="In the file, from 1."),
    Variable("variable", "Variable", "text"),
    Variable("original", "Original", "text", text="As it stands in Dataset-JSON and Parquet."),
    Variable(
        "written",
        "Written",
        "text",
        text="As it stands in the file; of a CSV with an apostrophe in front, and here with a second.",
    ),
    Variable("format", "Format", "text"),
)
_AS_BLANK = ("Cc", "Zs", "Zl", "Zp")
_WITHOUT_WIDTH = ("Cf", "Mn", "Me")
_FOREIGN = r"[^ -~]| $"
_UNICODE = r" $"


@dataclass(frozen=True)
class Change:
    """A value that a format could not hold as it is."""

    data_set: str
    row: int
    variable: str
    original: str
    written: str
    format: str


def fitted(frame: Frame, limits: Limits) -> tuple[Frame, list[Change]]:
    """Return the frame as the format can hold it, and what was changed.

    Raises ValueRefusedError for a character that has no ASCII form.
    """
    changes: list[Change] = []
    columns = []
    for column in frame.data_set.columns:
        values = frame.table[column.name]
        if column.kind == "text" and not limits.keeps_trailing_blanks:
            values, found = _fitted(values, f"{frame.data_set.name}.{column.name}", limits)
            changes += [
                Change(frame.data_set.name, row, column.name, was, now, limits.format)
                for row, was, now in found
            ]
        columns.append(values)
    table = pa.Table.from_arrays(columns, schema=frame.table.schema)
    return replace(frame, table=table), changes + list(_shortened(frame, limits))


def _shortened(frame: Frame, limits: Limits) -> Iterator[Change]:
    """Yield the times that had parts of a second."""
    if frame.typed is None:
        return
    for column in frame.data_set.columns:
        if column.kind == "datetime":
            told = frame.typed[column.name].combine_chunks().cast(pa.timestamp("us"))
            whole = frame.table[column.name].combine_chunks().cast(pa.timestamp("us"))
            for row in pc.indices_nonzero(pc.not_equal(told, whole)).to_pylist():
                was, now = told[row].as_py().isoformat(), whole[row].as_py().isoformat()
                yield Change(frame.data_set.name, row + 1, column.name, was, now, limits.format)


def in_spreadsheets(frame: Frame) -> list[Change]:
    """Return the texts that get an apostrophe in a CSV, as a spreadsheet would run them."""
    changes: list[Change] = []
    for column in frame.data_set.columns:
        values = frame.table[column.name]
        shown = neutralised(values) if column.kind == "text" else values
        if shown is not values:
            rows = pc.indices_nonzero(pc.not_equal(values, shown))
            lists = (each.to_pylist() for each in (rows, values.take(rows), shown.take(rows)))
            changes += [
                Change(frame.data_set.name, row + 1, column.name, was, now, CSV)
                for row, was, now in zip(*lists, strict=True)
            ]
    return changes


def _fitted(
    values: pa.ChunkedArray, where: str, limits: Limits
) -> tuple[pa.ChunkedArray, list[tuple[int, str, str]]]:
    pattern = _FOREIGN if limits.is_ascii else _UNICODE
    mask = pc.match_substring_regex(values, pattern)
    rows = pc.indices_nonzero(mask).to_pylist()
    if not rows:
        return values, []
    was = values.take(pa.array(rows)).to_pylist()
    now = [_written(each, f"{where}, row {row + 1}", limits) for row, each in zip(rows, was, strict=True)]  # fmt: skip
    changed = pc.replace_with_mask(values.combine_chunks(), mask.combine_chunks(), pa.array(now))
    found = [(row + 1, old, new) for row, old, new in zip(rows, was, now, strict=True)]
    return pa.chunked_array([changed]), found


def _written(text: str, where: str, limits: Limits) -> str:
    if not limits.is_ascii:
        return text.rstrip(" ")
    made = "".join(_sign(each, text, where) for each in unicodedata.normalize("NFC", text)).rstrip(
        " "
    )
    if len(text.encode()) > limits.text:
        return made  # too long as it was: the format refuses it
    return made[: limits.text].rstrip(" ")


def _sign(sign: str, text: str, where: str) -> str:
    if " " <= sign <= "~":
        return sign
    if sign in SIGNS:
        return SIGNS[sign]
    category = unicodedata.category(sign)
    if category in _AS_BLANK:
        return " "
    if category in _WITHOUT_WIDTH:
        return ""
    made = anyascii(sign)
    if not made:
        raise ValueRefusedError(
            f"{where}: {text!r} has {sign!r} (U+{ord(sign):04X}), which has no form in ASCII; "
            "correct the value, or leave out SAS transport version 5"
        )
    return made


def listed(changes: Sequence[Change]) -> pa.Table:
    """Return the changes as a table of `CHANGES`."""
    return pa.Table.from_pylist(
        list(_rows(changes)),
        pa.schema([(each.name, each.field().type) for each in CHANGES]),
    )


def _rows(changes: Sequence[Change]) -> Iterator[dict[str, object]]:
    for each in changes:
        yield {
            "data_set": each.data_set,
            "row": each.row,
            "variable": each.variable,
            "original": each.original,
            "written": each.written,
            "format": each.format,
        }
