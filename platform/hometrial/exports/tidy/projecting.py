"""Columns of a tidy table: as a source table has them, under their own names and types, beside computed ones."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports import dictionary
from hometrial.exports.dictionary import Variable
from hometrial.exports.source.reading import Source

Computed = Mapping[str, "pa.Array | pa.ChunkedArray"]
Compute = Callable[[Source, pa.Table], Computed]
"""Returns columns by name, one value for each row of a source table."""


@dataclass(frozen=True)
class Line:
    """A column; `source` is its name in the source table, empty if it is computed."""

    source: str
    variable: Variable


@cache
def lines(name: str) -> tuple[Line, ...]:
    """Return the columns of a tidy table in their order."""
    return tuple(line for table, line in _all() if table == name)


@cache
def _all() -> tuple[tuple[str, Line], ...]:
    text = files("hometrial.exports.tidy").joinpath("variables.csv").read_text("utf-8")
    return tuple(
        (each["table"], Line(each["source"], _variable(each)))
        for each in csv.DictReader(text.splitlines())
    )


def _variable(line: dict[str, str]) -> Variable:
    return Variable(
        line["name"], line["label"], line["type"], line["unit"], line["codes"], line["text"]
    )


def variables(name: str) -> tuple[Variable, ...]:
    """Return the variables of a tidy table."""
    return tuple(line.variable for line in lines(name))


def nothing(_source: Source, _table: pa.Table) -> Computed:
    """Compute no column."""
    return {}


def projected(name: str, table: pa.Table, computed: Computed) -> pa.Table:
    """Return a source table's rows as a tidy table, in the same order.

    Raises ExportRefusedError for a column that is neither in the source table nor computed.
    """
    columns = [_column(name, line, table, computed) for line in lines(name)]
    return pa.Table.from_arrays(columns, schema=dictionary.schema(variables(name)))


def _column(name: str, line: Line, table: pa.Table, computed: Computed) -> pa.Array:
    found = table[line.source] if line.source else computed.get(line.variable.name)
    if found is None:
        raise ExportRefusedError(f"nothing computes the column {line.variable.name} of {name}")
    return typed(found, line.variable)


def typed(values: Any, variable: Variable) -> Any:
    """Return values in the type of their variable; times to the second, which is what every format keeps."""
    wanted = dictionary.TYPES[variable.type]
    if variable.type not in ("instant", "wall clock"):
        return values.cast(wanted)
    if pa.types.is_string(values.type):
        values = _parsed(values, has_zone=variable.type == "instant")
    return pc.floor_temporal(values, unit="second").cast(wanted)


def _parsed(values: Any, *, has_zone: bool) -> pa.Array:
    """Return ISO 8601 texts as instants (UTC), or as they stand on the wall."""
    coded = _flat(values).dictionary_encode()
    read = [datetime.fromisoformat(each) for each in coded.dictionary.to_pylist()]
    told = [each.astimezone(UTC) if has_zone else each.replace(tzinfo=None) for each in read]
    return pa.array(told, pa.timestamp("us", tz="UTC" if has_zone else None)).take(coded.indices)


def _flat(values: Any) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def decoded(values: Any, words: Mapping[str, str]) -> pa.Array:
    """Return what codes mean; null for one that has no words."""
    coded = _flat(values).dictionary_encode()
    found = [words.get(each) for each in coded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(coded.indices)


def looked_up(keys: Any, table: pa.Table, column: str, by: str = "id") -> Any:
    """Return a column of another table for each key; null for a key that it does not have."""
    return table[column].take(pc.index_in(_flat(keys), value_set=_flat(table[by])))
