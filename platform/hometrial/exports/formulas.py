"""Text cells that a spreadsheet would run as a formula get an apostrophe in front (trust.md TM19)."""

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

_STARTERS = frozenset("=+-@|\u2212")
_NEVER_SEEN = ("Z", "C")  # separators and control characters, byte-order marks among them
_QUOTES = frozenset("'\"`\u00b4") | frozenset(
    "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
)
_PLAIN = re.compile(
    r"-(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|P(?=[0-9T])(?:[0-9]+[YMWD])*(?:T(?:[0-9]+[HMS])+)?)"
)
"""A number below zero, or a time before as ISO 8601 has it (`-P7D`): these run nothing, and results are told so."""


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet may take this text for a formula.

    Blanks, quotes of any kind, control and direction marks and full-width forms in front hide none.
    """
    if _PLAIN.fullmatch(text):
        return False
    if text.lstrip("'")[:1] in (
        "\t",
        "\r",
        "\n",
    ):  # with an apostrophe, too: else two texts were written alike
        return True
    # One character at a time: "=" and a combining stroke together would become "≠".
    seen = (character for character in text if not _is_hidden(character))
    plain = (part for character in seen for part in unicodedata.normalize("NFKC", character))
    return next((part for part in plain if not _is_hidden(part)), "") in _STARTERS


def _is_hidden(character: str) -> bool:
    return character in _QUOTES or unicodedata.category(character)[0] in _NEVER_SEEN


def original(cell: str) -> str:
    """Return the text that a cell of a CSV stands for."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


def neutralised(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column with an apostrophe before each formula; other cells are unchanged."""
    words = pc.unique(column).drop_null()
    risky = [word for word in words.to_pylist() if is_formula(word)]
    if not risky:
        return column
    mask = pc.is_in(column, value_set=pa.array(risky, column.type))
    return pc.if_else(mask, pc.binary_join_element_wise("'", column, ""), column)
