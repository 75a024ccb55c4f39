"""Columns of text and what they mean, side by side, so that what cannot be read can be told apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, Unreadable
from hometrial_ingest.signals import Signal

_NUMBER = r"\A-?\d{1,15}(\.\d{1,20})?([eE][+-]?\d{1,2})?\z"
_OFFSET = r"\A[+-](0\d|1[0-4]):[0-5]\d\z"

_EXPORT_STAMP = r"\A(0[1-9]|1[0-2])/\d\d/\d\d ([01]\d|2[0-3]):[0-5]\d:[0-5]\d\z"
_EXPORT_DAY = r"\A(0[1-9]|1[0-2])/\d\d/\d\d\z"
_UTC_STAMP = r"\A\d{4}-(0[1-9]|1[0-2])-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z\z"
_UTC_MIDNIGHT = r"\A\d{4}-(0[1-9]|1[0-2])-\d\dT00:00:00(\.0{1,6})?Z\z"

_DAY_OF_EXPORT_STAMP, _DAY_OF_UTC_STAMP = (3, 5), (8, 10)


@dataclass(frozen=True)
class Parsed:
    """One column as the source wrote it and as it was understood; `values` is null where it was not.

    An `optional` column may leave its text empty.
    """

    field: str
    texts: pa.Array
    values: pa.Array
    reason: str
    absent: str = "missing"
    optional: bool = False

    def odd(self) -> pa.Array:
        """Return a mask of the texts that keep their row from being used."""
        misunderstood = pc.is_null(self.values)
        return (
            pc.and_(misunderstood, pc.not_equal(self.texts, "")) if self.optional else misunderstood
        )


def sift(rows: pa.Array, columns: Iterable[Parsed]) -> tuple[pa.Array, list[Unreadable]]:
    """Return which rows are understood in all columns (a mask), and the first reason of each other row."""
    readable = pa.repeat(pa.scalar(value=True), len(rows))
    unreadable: list[Unreadable] = []
    for column in columns:
        odd = column.odd()
        unreadable += _reasons(rows, column, pc.indices_nonzero(pc.and_(readable, odd)))
        readable = pc.and_not(readable, odd)
    return readable, in_order(unreadable)


def in_order(*several: Sequence[Unreadable]) -> list[Unreadable]:
    """Return all of them by row."""
    return sorted((one for some in several for one in some), key=lambda one: one.row)


def sample_frame(
    signal: Signal, rows: pa.Array, parsed: Mapping[str, Parsed], known: Mapping[str, object]
) -> tuple[Frame, list[Unreadable]]:
    """Make a frame of the rows that are understood in all of `parsed`, and say why the others are not.

    `known` holds columns in which nothing can be odd: arrays, or scalars for all rows.
    """
    readable, unreadable = sift(rows, parsed.values())
    columns = {"row": rows, **{name: column.values for name, column in parsed.items()}, **known}
    kept = {
        name: column.filter(readable) if isinstance(column, pa.Array) else column
        for name, column in columns.items()
    }
    return Frame.of(signal, kept), unreadable


def _reasons(rows: pa.Array, column: Parsed, places: pa.Array) -> Iterator[Unreadable]:
    texts = column.texts.take(places).to_pylist()
    for row, text in zip(rows.take(places).to_pylist(), texts, strict=True):
        reason = column.absent if text in (None, "") else column.reason
        yield Unreadable(row, column.field, shorten(text), reason)


def numbers(field: str, texts: pa.Array, per_unit: float = 1) -> Parsed:
    """Understand decimal numbers, divided by how many of the source's units make one of ours."""
    values = pc.divide(_where(texts, _NUMBER).cast(pa.float64()), float(per_unit))
    return Parsed(field, texts, values, "not a number")


def offsets(field: str, texts: pa.Array) -> Parsed:
    """Understand UTC offsets such as +05:30, as seconds."""
    plain = _where(texts, _OFFSET)
    hours = pc.utf8_slice_codeunits(plain, 1, 3).cast(pa.int32())
    minutes = pc.utf8_slice_codeunits(plain, 4, 6).cast(pa.int32())
    size = pc.add(pc.multiply(hours, 3600), pc.multiply(minutes, 60))
    signed = pc.if_else(pc.starts_with(plain, "-"), pc.negate(size), size)
    return Parsed(field, texts, signed.cast(pa.int32()), "not an offset like +05:30")


def export_stamps(field: str, texts: pa.Array) -> Parsed:
    """Understand MM/DD/YY HH:MM:SS of the Global Export, as microseconds."""
    plain = _where(texts, _EXPORT_STAMP)
    moments = _moments(plain, "%m/%d/%y %H:%M:%S", _DAY_OF_EXPORT_STAMP)
    return Parsed(
        field,
        texts,
        _certain_century(moments),
        "not a stamp like 06/24/16 16:00:10 of the years 1969 to 2049",
    )


def export_days(field: str, texts: pa.Array) -> Parsed:
    """Understand MM/DD/YY of the Global Export, as microseconds at the day's midnight."""
    plain = _where(texts, _EXPORT_DAY)
    moments = _moments(plain, "%m/%d/%y", _DAY_OF_EXPORT_STAMP)
    return Parsed(
        field,
        texts,
        _certain_century(moments),
        "not a day like 06/24/16 of the years 1969 to 2049",
        "padding without a date",
    )


def utc_stamps(field: str, texts: pa.Array) -> Parsed:
    """Understand 2026-06-10T16:39:18.008Z, as microseconds."""
    plain = _where(texts, _UTC_STAMP)
    whole = pc.utf8_slice_codeunits(plain, 0, 19)
    fraction = pc.utf8_rpad(pc.utf8_rtrim(pc.utf8_slice_codeunits(plain, 20), "Z"), 6, "0")
    moments = _moments(whole, "%Y-%m-%dT%H:%M:%S", _DAY_OF_UTC_STAMP)
    values = pc.add(moments.cast(pa.int64()), fraction.cast(pa.int64()))
    return Parsed(field, texts, values, "not a stamp like 2026-06-10T16:39:18Z")


def utc_days(field: str, texts: pa.Array) -> Parsed:
    """Understand 2026-06-10T00:00:00Z, by which a daily file means a local day, as microseconds."""
    plain = pc.utf8_slice_codeunits(_where(texts, _UTC_MIDNIGHT), 0, 10)
    values = _moments(plain, "%Y-%m-%d", _DAY_OF_UTC_STAMP).cast(pa.int64())
    return Parsed(field, texts, values, "not a day like 2026-06-10T00:00:00Z")


def _where(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, pa.scalar(None, pa.string()))


def _moments(texts: pa.Array, shape: str, day: tuple[int, int]) -> pa.Array:
    # strptime turns 30 February into 1 March; the day that was written must be the day that was read.
    moments = pc.strptime(texts, format=shape, unit="us", error_is_null=True)
    written = pc.utf8_slice_codeunits(texts, *day).cast(pa.int64())
    return pc.if_else(pc.equal(pc.day(moments), written), moments, pa.scalar(None, moments.type))


def _certain_century(moments: pa.Array) -> pa.Array:
    # Two digits mean 1969 to 2068, as POSIX has it. Fitbit began in 2007 and no device will have recorded
    # 2050, so that 50 to 68 are no years; 69 to 99 occur in exports whose dates were shifted to hide them.
    possible = pc.less(pc.year(moments), 2050)
    return pc.if_else(possible, moments, pa.scalar(None, moments.type)).cast(pa.int64())
