"""What a format cannot hold, found in whole columns at a time; the error names variable, row and value."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.formats.frames import EXACT, Frame, first
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError

_TOLD = 80
"""Characters of a value in an error."""


@dataclass(frozen=True)
class Limits:
    """Of a format: bytes of a text, of a name and of a label, the largest and the smallest number, the first day, and what it keeps."""

    format: str
    text: int
    name: int
    label: int
    number: float
    is_ascii: bool = False
    keeps_trailing_blanks: bool = False
    keeps_long_integers: bool = False
    smallest: float = 0.0
    first_day: date = date.min


def check(limits: Limits, data_set: DataSet, table: pa.Table) -> None:
    """Raise ValueRefusedError for the first name, label or value that the format cannot hold."""
    for name, label in [(data_set.name, data_set.label), *((each.name, each.label) for each in data_set.columns)]:  # fmt: skip
        for what, text, most in (("name", name, limits.name), ("label", label, limits.label)):
            if len(text.encode()) > most:
                raise ValueRefusedError(
                    f"{data_set.name}.{name}: the {what} {text!r} has {len(text.encode())} bytes; "
                    f"{limits.format} holds {most}"
                )
    for column in data_set.columns:
        values = table[column.name]
        if column.kind == "text":
            _check_text(limits, data_set, column, values)
        elif column.kind in ("integer", "float"):
            _check_number(limits, data_set, column, values)
        elif limits.first_day > date.min:
            first_day = pa.scalar(limits.first_day).cast(values.type)
            before = pc.less(values, first_day)
            _refuse(data_set, column, values, before, f"is before {limits.first_day}, where the days of {limits.format} begin")  # fmt: skip


def check_numbers(frame: Frame) -> None:
    """Raise ValueRefusedError for what is no number (NaN, infinite): no format says it as the others do."""
    for column in frame.data_set.columns:
        values = frame.table[column.name]
        row = first(pc.invert(pc.is_finite(values))) if column.kind == "float" else None
        if row is not None:
            raise ValueRefusedError(
                f"{frame.data_set.name}.{column.name}, row {row}: {values[row - 1].as_py()!r} is no number; "
                "leave the value empty"
            )


def _check_text(limits: Limits, data_set: DataSet, column: Column, values: pa.ChunkedArray) -> None:
    faults = [
        (pc.greater(pc.binary_length(values), limits.text), f"is longer than the {limits.text} bytes that {limits.format} holds"),
        (pc.match_substring(values, "\x00"), "has a NUL character, which ends a text"),
    ]  # fmt: skip
    if limits.is_ascii:
        faults.append((pc.match_substring_regex(values, "[^ -~]"), f"has characters beyond printable ASCII, whose encoding {limits.format} does not tell"))  # fmt: skip
    if not limits.keeps_trailing_blanks:
        faults.append((pc.ends_with(values, " "), f"ends with a blank, which {limits.format} loses"))  # fmt: skip
    for mask, why in faults:
        _refuse(data_set, column, values, mask, why)


def _check_number(
    limits: Limits, data_set: DataSet, column: Column, values: pa.ChunkedArray
) -> None:
    if column.kind == "integer":
        if not limits.keeps_long_integers:
            outside = pc.or_(pc.greater(values, EXACT), pc.less(values, -EXACT))
            _refuse(data_set, column, values, outside, f"is beyond the whole numbers that {limits.format} keeps exactly")  # fmt: skip
        return
    size = pc.abs(values)
    outside = pc.invert(pc.less(size, limits.number))
    _refuse(data_set, column, values, outside, f"is no number, or larger than a number of {limits.format}")  # fmt: skip
    lost = pc.and_(pc.greater(size, 0.0), pc.less_equal(size, limits.smallest))
    _refuse(data_set, column, values, lost, f"is nearer to 0 than a number of {limits.format}")


def _refuse(
    data_set: DataSet, column: Column, values: pa.ChunkedArray, mask: pa.ChunkedArray, why: str
) -> None:
    row = first(mask)
    if row is not None:
        raise ValueRefusedError(
            f"{data_set.name}.{column.name}, row {row}: {_told(values[row - 1].as_py())} {why}; "
            "Parquet holds it"
        )


def _told(value: object) -> str:
    """Return a value as an error names it: of a long text the beginning."""
    told = repr(value) if isinstance(value, str | int | float) else str(value)
    return told if len(told) <= _TOLD else f"{told[:_TOLD]}..."
