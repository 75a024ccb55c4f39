"""Columns of text turned into columns of numbers; what is malformed becomes null, never a guess."""

import pyarrow as pa
import pyarrow.compute as pc

_WHOLE = r"^-?[0-9]{1,15}$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$"
_DATE = r"(0?[1-9]|1[0-2])/(0?[1-9]|[12][0-9]|3[01])/[0-9]{4}"
_TIME = r"(0?[1-9]|1[0-2]):[0-5][0-9]:[0-5][0-9] [AP]M"
_MIDNIGHT = " 12:00:00 AM"
_DAY_OF_MONTH = r"^[0-9]+/0?(?P<day>[0-9]+)/"
_LONGEST_OVERFLOW = 3  # 31 February reads as 3 March: no wrong day goes further
# 1.50396E+09: a spreadsheet has rounded the number, and many people now share one.
_ROUNDED = r"^[0-9.,]+[eE]\+?[0-9]+$"
_BLANK = r"^\s*$"


def stamps(cells: pa.Array) -> pa.Array:
    """Return the wall clock of stamps such as 4/12/2016 7:21:00 AM in microseconds; null if malformed."""
    well_formed = pc.match_substring_regex(cells, f"^{_DATE} {_TIME}$")
    parsed = pc.strptime(cells, format="%m/%d/%Y %I:%M:%S %p", unit="us", error_is_null=True)
    return _only(pc.and_(well_formed, _of_the_calendar(cells, parsed)), parsed.cast(pa.int64()))


def days(cells: pa.Array) -> pa.Array:
    """Return the midnight of days such as 4/12/2016, which a file may write with 12:00:00 AM."""
    dates = pc.match_substring_regex(cells, f"^{_DATE}$")
    return stamps(
        pc.if_else(dates, pc.binary_join_element_wise(cells, _MIDNIGHT, ""), _midnights(cells))
    )


def whole_numbers(cells: pa.Array) -> pa.Array:
    """Return integers of at most 15 digits as float64, which holds them exactly; null for the rest."""
    return _numbers(cells, _WHOLE)


def decimals(cells: pa.Array) -> pa.Array:
    """Return finite decimal numbers as float64; null for the rest."""
    return _numbers(cells, _DECIMAL)


def identifiers(cells: pa.Array) -> pa.Array:
    """Return identifiers as they are; null where there is none or where a spreadsheet has rounded it."""
    encoded = cells.dictionary_encode()
    lost = pc.match_substring_regex(encoded.dictionary, f"{_BLANK}|{_ROUNDED}")
    return _only(pc.invert(lost), encoded.dictionary).take(encoded.indices)


def _only(good: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(good, values, pa.scalar(None, values.type))


def _midnights(cells: pa.Array) -> pa.Array:
    return _only(pc.ends_with(cells, _MIDNIGHT), cells)


def _of_the_calendar(cells: pa.Array, parsed: pa.Array) -> pa.Array:
    """Return which dates exist: strptime takes 30 February and makes it 1 March."""
    day = pc.day(parsed)
    safe = pc.greater(day, _LONGEST_OVERFLOW)
    suspects = _only(pc.invert(safe), cells)
    written = pc.struct_field(pc.extract_regex(suspects, _DAY_OF_MONTH), "day")
    return pc.or_kleene(safe, pc.equal(written, pc.cast(day, pa.string())))


def _numbers(cells: pa.Array, pattern: str) -> pa.Array:
    """Return the numbers that fit a pattern; each different cell is looked at once."""
    encoded = cells.dictionary_encode()
    words = encoded.dictionary
    fits = pc.match_substring_regex(words, pattern)
    parsed = pc.cast(_only(fits, words), pa.float64())
    return _only(pc.is_finite(parsed), parsed).take(encoded.indices)
