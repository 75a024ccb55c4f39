"""What a data set of a standard is: its variables in order, from which files, dictionary and Define-XML are made alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from hometrial.errors import ExportRefusedError

Kind = Literal["text", "integer", "float", "date", "datetime"]
Core = Literal["Req", "Exp", "Perm", "model"]
ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("s"),
}
"""Text is never null: nothing is the empty text, as a SAS file has no other."""
_NOT_FITTING = (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError)
"""What is no value of its kind; half a character pair is no text."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
LONGEST_LABEL = 40
_EXACT = 2**53
"""Up to here doubles tell all whole numbers apart."""


class ValueRefusedError(ExportRefusedError):
    """A value, a name or a label that a file format cannot hold; the sentence names it and where it stands."""


@dataclass(frozen=True)
class Column:
    """One variable. `length` is in bytes, for text; `codelist` names a controlled terminology."""

    name: str
    label: str
    kind: Kind
    length: int = 200
    core: Core = "Perm"
    role: str = ""
    codelist: str = ""
    origin: str = "Assigned"
    source: str = "Sponsor"
    method: str = ""
    """For derived variables: the rule in words."""


@dataclass(frozen=True)
class DataSet:
    """A data set: its name (a domain, or a name of ADaM), its class and structure, its keys and its columns."""

    name: str
    label: str
    klass: str
    structure: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    purpose: Literal["Tabulation", "Analysis"] = "Tabulation"
    is_reference: bool = False

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)


def check(data_set: DataSet) -> None:
    """Raise ValueRefusedError for a name or a label that no transport file holds (SAS XPT v5: 8 and 40 bytes)."""
    named = [
        (data_set.name, data_set.label),
        *((each.name, each.label) for each in data_set.columns),
    ]
    for name, label in named:
        if not _NAME.fullmatch(name):
            raise ValueRefusedError(
                f"{data_set.name}: {name!r} is no name; it takes 8 of A-Z, 0-9 and _, first a letter"
            )
        if not label or len(label.encode()) > LONGEST_LABEL:
            raise ValueRefusedError(
                f"{data_set.name}.{name}: the label {label!r} has {len(label.encode())} bytes instead of 1 to 40"
            )


def schema(data_set: DataSet) -> pa.Schema:
    """Return the columns of the canonical frame, each with its label."""
    return pa.schema(
        [
            pa.field(each.name, ARROW[each.kind], metadata={"label": each.label})
            for each in data_set.columns
        ],
        metadata={"label": data_set.label},
    )


def frame(data_set: DataSet, rows: Sequence[dict[str, object]]) -> pa.Table:
    """Return the canonical frame of rows, in the order of the keys; a variable that a row lacks is empty.

    Raises ValueRefusedError for a variable that the data set has not, or a value that is not of its kind.
    """
    check(data_set)
    names = [column.name for column in data_set.columns]
    for row in rows:
        unknown = sorted(set(row) - set(names))
        if unknown:
            raise ValueRefusedError(f"{data_set.name} has no variable {unknown[0]}")
    columns = [
        _column(data_set, each, [row.get(each.name) for row in rows]) for each in data_set.columns
    ]
    table = pa.Table.from_arrays(columns, schema=schema(data_set))
    order = [(key, "ascending") for key in data_set.keys]
    return table.sort_by(order) if rows and order else table


def _column(data_set: DataSet, column: Column, values: list[object]) -> pa.Array:
    given = ["" if each is None else each for each in values] if column.kind == "text" else values
    try:
        return pa.array(given, ARROW[column.kind])
    except _NOT_FITTING as error:
        wrong = next(each for each in given if not _fits(each, column))
        raise ValueRefusedError(
            f"{data_set.name}.{column.name}: {wrong!r} is no {column.kind}"
        ) from error


def _fits(value: object, column: Column) -> bool:
    try:
        pa.array([value], ARROW[column.kind])
    except _NOT_FITTING:
        return False
    return True


def canonical(value: object) -> str:
    """Write a value as the one text that stands for it in every format."""
    if value is None:
        return ""
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < _EXACT
        return repr(int(value)) if is_whole else repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
