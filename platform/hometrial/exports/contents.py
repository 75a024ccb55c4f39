"""What a data set says as one text, whatever file it stands in; the SHA-256 of that text is its content hash (exports.md 5.3).

The text is UTF-8. Each line ends in LF and its fields are parted by TAB; the first line has the names of the variables, each
further one a row, in the order of the files. A field is

* of text: the text, with a backslash, TAB, LF and CR in it as `\\\\`, `\\t`, `\\n` and `\\r`;
* of a whole number, and of any number without a fraction below 2^53: its digits, with `-` before one below zero;
* of any other number: the shortest digits that read back as the same double, as Python's `repr` writes them;
* of truth: `1` or `0`; of a day: `2026-03-05`; of a time: `2026-03-05T10:15:00`, with six digits after a point if it has
  parts of a second, and without a zone (instants are in UTC);
* nothing where there is no value.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.metadata import canonical

_ROWS_AT_ONCE = 50_000
_ESCAPED = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


class Content:
    """The text of a data set as it grows; what remains of it is the sum."""

    def __init__(self, names: Sequence[str]) -> None:
        self._digest = hashlib.sha256()
        self.add([pa.array([each]) for each in names])

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Add rows: one array a variable, of values or of what `spelled` made of them."""
        texts = [each if pa.types.is_string(each.type) else spelled(each) for each in columns]
        lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*texts, "\t"), "", "\n")
        self._digest.update(_bytes(lines))

    @property
    def hash(self) -> str:
        """The content hash of the rows so far."""
        return self._digest.hexdigest()


def content_hash(table: pa.Table) -> str:
    """Return the content hash of a table."""
    content = Content(table.column_names)
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        content.add([spelled(each) for each in batch.columns])
    return content.hash


def spelled(values: pa.Array) -> pa.Array:
    """Return values as the text has them."""
    kind = values.type
    if pa.types.is_string(kind):
        return _escaped(pc.fill_null(values, ""))
    if pa.types.is_timestamp(kind):
        return pc.fill_null(_times(values.cast(pa.timestamp("us"))), "")
    if pa.types.is_floating(kind):
        return pc.fill_null(_numbers(values), "")
    if pa.types.is_boolean(kind):
        values = values.cast(pa.int8())
    return pc.fill_null(values.cast(pa.string()), "")


def _escaped(texts: pa.Array) -> pa.Array:
    there = _bytes(texts)
    if not any(sign.encode() in there for sign, _ in _ESCAPED):
        return texts
    for sign, told in _ESCAPED:
        texts = pc.replace_substring(texts, sign, told)
    return texts


def _bytes(texts: pa.Array) -> bytes:
    """Return the bytes of all texts, one after another; as they lie in memory, since a text at a time takes long."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return b""
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    found: bytes = content.slice(int(places[0]), int(places[-1] - places[0])).to_pybytes()
    return found


def _numbers(values: pa.Array) -> pa.Array:
    known = values.dictionary_encode()
    told = [canonical(each) for each in known.dictionary.to_pylist()]
    return pa.array(told, pa.string()).take(known.indices)


def _times(values: pa.Array) -> pa.Array:
    whole = pc.floor_temporal(values, unit="second").cast(pa.timestamp("s"))
    told = pc.replace_substring(whole.cast(pa.string()), " ", "T")
    part = pc.subtract(values.cast(pa.int64()), pc.multiply(whole.cast(pa.int64()), 1_000_000))
    digits = pc.utf8_lpad(part.cast(pa.string()), 6, "0")
    return pc.if_else(pc.equal(part, 0), told, pc.binary_join_element_wise(told, digits, "."))
