"""What the formats are written from: a data set and its canonical frame, whole columns at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports import dictionary
from hometrial.exports.dictionary import Variable
from hometrial.exports.metadata import Column, DataSet, Kind

ValueLabels = Mapping[str, Mapping[int, str]]
EXACT = 2**53
"""Whole numbers up to here are exact in a double, which is what SAS, Stata and SPSS keep."""
YES_NO = {0: "No", 1: "Yes"}
_CODED = {
    "AGEGR1N": "AGEGR1", "ASEVN": "ASEV", "AVISITN": "AVISIT", "TRT01AN": "TRT01A", "TRT01PN": "TRT01P", "VISITNUM": "VISIT",
}  # fmt: skip
"""Numbers that stand for the text of another variable."""
_LONGEST_LABEL = 120
"""Bytes that SPSS holds of the label of a value."""
_KINDS: dict[str, Kind] = {
    "text": "text", "integer": "integer", "number": "float", "boolean": "integer", "day": "date",
    "instant": "datetime", "wall clock": "datetime",
}  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """A data set with its canonical frame.

    `values` labels whole numbers; `typed` is what Parquet and CSV say where they can say more (truth, instants);
    `variables` describe a table that no standard describes.
    """

    data_set: DataSet
    table: pa.Table
    values: ValueLabels = field(default_factory=dict)
    typed: pa.Table | None = None
    variables: tuple[Variable, ...] = ()

    @property
    def fullest(self) -> pa.Table:
        """The table with the richest types."""
        return self.table if self.typed is None else self.typed


def described(
    name: str,
    label: str,
    variables: Sequence[Variable],
    table: pa.Table,
    keys: tuple[str, ...] = (),
) -> Frame:
    """Return a table of the dictionary's variables as a frame: truth as 0 and 1, instants as UTC to the second.

    Parquet and CSV keep the parts of a second; where the other formats lose them, each is listed.
    """
    typed = table.select([each.name for each in variables]).cast(dictionary.schema(variables))
    columns = tuple(_column(each) for each in variables)
    data_set = DataSet(name, label, "", "", keys, columns, purpose="Analysis")
    plain = [
        _canonical(each, typed[each.name].combine_chunks()).cast(TYPES[kind.kind])
        for each, kind in zip(variables, columns, strict=True)
    ]
    fields = [
        pa.field(each.name, TYPES[each.kind], metadata={"label": each.label}) for each in columns
    ]
    values = {each.name: YES_NO for each in variables if each.type == "boolean"}
    made = pa.Table.from_arrays(plain, schema=pa.schema(fields, metadata={"label": label}))
    return Frame(data_set, made, values, typed, tuple(variables))


TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "float": pa.float64(), "date": pa.date32(),
    "datetime": pa.timestamp("s"),
}  # fmt: skip


def _column(variable: Variable) -> Column:
    return Column(
        variable.name,
        f"{variable.label} ({variable.unit})" if variable.unit else variable.label,
        _KINDS[variable.type],
        method=variable.text,
    )


def _canonical(variable: Variable, values: pa.Array) -> pa.Array:
    if variable.type == "text":
        return pc.fill_null(values, "")
    if variable.type in ("instant", "wall clock"):
        return to_the_second(values)
    return values


def to_the_second(values: pa.Array) -> pa.Array:
    """Return times without zone and without what comes after the second."""
    return pc.floor_temporal(values.cast(pa.timestamp("us")), unit="second").cast(TYPES["datetime"])


def identified(frame: Frame) -> Frame:
    """Return a data set with keys that tell its rows apart: with the sequence number after the natural keys if need be."""
    there = frame.table.column_names
    keys = tuple(each for each in frame.data_set.keys if each in there)
    made = replace(frame, data_set=replace(frame.data_set, keys=keys))
    sequence = f"{frame.data_set.name}SEQ"
    if sequence not in there or sequence in keys or is_unique(made):
        return made
    return replace(made, data_set=replace(made.data_set, keys=(*keys, sequence)))


def settled(frame: Frame) -> Frame:
    """Return a data set as every format is written from it: keyed, its codes labelled, no zero below zero."""
    return identified(_coded(_unsigned(frame)))


def _coded(frame: Frame) -> Frame:
    """Return a data set whose codes bear as labels what the variable beside says, where each says one thing."""
    there = frame.table.column_names
    labels = dict(frame.values)
    for code, text in _CODED.items():
        found = _labels(frame.table.select([code, text])) if {code, text} <= {*there} else {}
        if found:
            labels[code] = found
    return replace(frame, values=labels)


def _labels(pairs: pa.Table) -> dict[int, str]:
    """Return the text of each whole number; nothing if one has two, or one that is too long for a label."""
    code, text = pairs.column_names
    found: dict[int, str] = {}
    for each in pairs.group_by([code, text]).aggregate([]).sort_by(code).to_pylist():
        number, told = each[code], each[text]
        if number is None or not told or number != int(number):
            continue
        if found.setdefault(int(number), told) != told or len(told.encode()) > _LONGEST_LABEL:
            return {}
    return found


def _unsigned(frame: Frame) -> Frame:
    """Return a data set without zeros below zero: a CSV would say -0, a transport file cannot."""
    typed = None if frame.typed is None else _unsigned_zeros(frame.typed)
    return replace(frame, table=_unsigned_zeros(frame.table), typed=typed)


def _unsigned_zeros(table: pa.Table) -> pa.Table:
    for place, each in enumerate(table.schema):
        if pa.types.is_floating(each.type):
            table = table.set_column(place, each, pc.add(table[each.name], 0.0))
    return table


def is_unique(frame: Frame) -> bool:
    """Tell if the keys of a data set tell its rows apart."""
    keys = list(frame.data_set.keys)
    if not keys:
        return False
    return bool(frame.table.group_by(keys).aggregate([]).num_rows == frame.table.num_rows)


def first(mask: pa.Array | pa.ChunkedArray) -> int | None:
    """Return the number of the first true row, from 1."""
    found = pc.index(mask, value=True).as_py()
    return None if found < 0 else found + 1


def length(column: pa.ChunkedArray) -> int:
    """Return the bytes of the longest text, at least 1."""
    return max(1, pc.max(pc.binary_length(column)).as_py() or 0)


def as_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a frame as pyreadstat takes it: numbers as doubles, the rest as objects; equal values share one object."""
    return pd.DataFrame(
        {field.name: _pandas(table[field.name], field.type) for field in table.schema},
        columns=table.column_names,
    )


def time_formats(table: pa.Table, of_day: str, of_time: str) -> dict[str, str]:
    """Return how days and times are shown, also where there are none and nothing else tells what they are."""
    return {
        field.name: of_day if pa.types.is_date(field.type) else of_time
        for field in table.schema
        if pa.types.is_temporal(field.type)
    }


def _pandas(values: pa.ChunkedArray, kind: pa.DataType) -> "pd.Series[Any]":
    is_empty_time = pa.types.is_temporal(kind) and values.null_count == len(values)
    if is_empty_time or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        nothing = np.full(len(values), np.nan)
        doubles = nothing if is_empty_time else values.cast(pa.float64()).to_numpy()
        return pd.Series(doubles, dtype="float64")
    encoded = values.combine_chunks().dictionary_encode()
    # The last place stands for nothing: what a null points at.
    each = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    places = pc.fill_null(encoded.indices, len(each) - 1).to_numpy(zero_copy_only=False)
    return pd.Series(each[places], dtype=object)
