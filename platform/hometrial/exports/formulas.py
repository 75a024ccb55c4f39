"""Text cells that a spreadsheet would run as a formula get an apostrophe in front (trust.md TM19)."""

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

_STARTERS = "=+-@|\t\r\n"
_SKIPPED = " '\"\u00a0\ufeff\u200b\u2060"


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet may take this text for a formula.

    Quotes, blanks, byte-order marks and full-width forms in front do not hide one.
    """
    plain = unicodedata.normalize("NFKC", text)
    if plain[:1] in ("\t", "\r", "\n"):
        return True
    return plain.lstrip(_SKIPPED)[:1] in tuple(_STARTERS)


def neutralised(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column with an apostrophe before each formula; other cells are unchanged."""
    words = pc.unique(column).drop_null()
    risky = [word for word in words.to_pylist() if is_formula(word)]
    if not risky:
        return column
    mask = pc.is_in(column, value_set=pa.array(risky, column.type))
    return pc.if_else(mask, pc.binary_join_element_wise("'", column, ""), column)
