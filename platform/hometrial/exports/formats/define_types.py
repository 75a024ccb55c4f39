"""What Define-XML says of a variable's values: their type, how long they are, how many decimals they have."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.metadata import Column, canonical

_DURATIONS = ("DUR", "EVLINT", "ELTM")
_DATE, _MONTH = r"\d{4}-\d{2}-\d{2}", r"\d{4}(-\d{2})?"
_ZONE = r"(Z|[+-]\d{2}:\d{2})?"
_TIME_TYPES = (
    ("date", re.compile(_DATE)),
    ("partialDate", re.compile(rf"{_DATE}|{_MONTH}")),
    ("datetime", re.compile(rf"{_DATE}T\d{{2}}:\d{{2}}:\d{{2}}{_ZONE}")),
    ("partialDatetime", re.compile(rf"({_DATE}|{_MONTH})(T\d{{2}}(:\d{{2}}(:\d{{2}})?)?{_ZONE})?")),
)
_WHOLE, _DECIMAL = re.compile(r"-?\d+"), re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Type:
    """A type of Define-XML. `length` in bytes for text, in digits for numbers."""

    name: str
    length: int | None = None
    decimals: int | None = None
    display: str | None = None


def type_of(column: Column, values: pa.ChunkedArray) -> Type:
    """Return the type of a variable, as narrow as all its values allow."""
    if column.kind == "date":
        return Type("integer", 8, display="DATE9.")
    if column.kind == "datetime":
        return Type("integer", 8, display="DATETIME20.")
    told = [canonical(each) for each in pc.unique(values).to_pylist()]
    kept = [each for each in told if each]
    if column.kind != "text":
        return _number(column.kind, kept)
    if column.name.endswith("DTC"):
        return Type(_time(kept))
    if column.name.endswith(_DURATIONS):
        return Type("durationDatetime")
    return Type("text", longest(kept))


def type_of_text(values: Iterable[str]) -> Type:
    """Return the type of results that stand as text: numbers where all of them are."""
    kept = [each for each in values if each]
    if kept and all(_WHOLE.fullmatch(each) for each in kept):
        return _number("integer", kept)
    if kept and all(_DECIMAL.fullmatch(each) for each in kept):
        return _number("float", kept)
    return Type("text", longest(kept))


def _number(kind: str, kept: list[str]) -> Type:
    length = longest(each.lstrip("-") for each in kept)
    if kind == "integer":
        return Type("integer", length)
    return Type("float", length, max((len(each.partition(".")[2]) for each in kept), default=0))


def _time(kept: list[str]) -> str:
    for name, pattern in _TIME_TYPES:
        if all(pattern.fullmatch(each) for each in kept):
            return name
    return "incompleteDatetime"


def longest(kept: Iterable[str]) -> int:
    """Return the bytes of the longest text, at least 1."""
    return max((len(each.encode()) for each in kept), default=1)
