"""Readers of the files that were written, by another library than the one that wrote them wherever there is one."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat
from pandas.io.stata import StataReader

from hometrial.exports.formats.frames import TYPES, Frame, ValueLabels
from hometrial.exports.formats.xpt import SMALLEST
from hometrial.exports.metadata import Column, Kind
from hometrial.exports.writing import csv_table

_SAS_EPOCH = -3653
"""1 January 1960 in days of Unix."""
_SECONDS = 86_400
_CARD = 80
"""Bytes that a transport file is a multiple of."""
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Read:
    """What a reader found: columns as canonical arrays; names and labels where the format keeps them."""

    columns: Mapping[str, pa.Array | pa.ChunkedArray]
    labels: Mapping[str, str] | None = None
    label: str | None = None
    values: ValueLabels = field(default_factory=dict)


def _text(values: Any) -> pa.Array:
    return pc.fill_null(pa.array(values, pa.string(), from_pandas=True), "")


def _numbers(values: "pd.Series[float]", kind: Kind) -> pa.Array:
    """Return doubles as they are canonically; SAS counts days and seconds from 1960."""
    made = pa.array(values.astype("float64"), from_pandas=True)
    if kind == "date":
        days = pc.add(made, float(_SAS_EPOCH)).cast(pa.int32())
        return days.cast(TYPES["date"])
    if kind == "datetime":
        seconds = pc.add(made, float(_SAS_EPOCH * _SECONDS)).cast(pa.int64())
        return seconds.cast(TYPES["datetime"])
    return made.cast(TYPES[kind])


def _times(values: "pd.Series[Any]", kind: Kind) -> pa.Array:
    stamped = pa.array(pd.to_datetime(values), pa.timestamp("us"), from_pandas=True)
    return stamped.cast(TYPES[kind])


def sas(path: Path, frame: Frame) -> Read:
    """Read XPT version 5 by pandas."""
    reader = pd.read_sas(path, format="xport", encoding="ascii", iterator=True)
    with reader:
        fields = reader.fields  # type: ignore[attr-defined]  # pandas-stubs does not know it
        # Its own count is wrong where short records hold blanks: it takes them for the padding of the file.
        rows = _rows_of(path, reader.record_start, reader.record_length)  # type: ignore[attr-defined]
        reader.nobs = rows  # type: ignore[attr-defined]
        found = reader.read() if rows else pd.DataFrame()
    told = {each["name"].decode(): each["label"].decode() for each in fields}
    columns = {
        each.name: _of_sas(found[each.name] if len(found) else pd.Series([], dtype="float64"), each)
        for each in frame.data_set.columns
        if each.name in told
    }
    return Read(columns, told)


def _rows_of(path: Path, start: int, length: int) -> int:
    """Return how many records there are before the blanks that fill up the file's last card."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(start, size - length - _CARD))
        tail = file.read()
    return -(-(size - start - len(tail) + len(tail.rstrip(b" "))) // length)


def _of_sas(values: "pd.Series[Any]", column: Column) -> pa.Array:
    if column.kind == "text":
        return _text(values)
    # pandas takes the zero of the format for its smallest number, which is never written.
    return _numbers(values.where(values.abs() != SMALLEST, 0.0), column.kind)


def sas8(path: Path, frame: Frame) -> Read:
    """Read XPT version 8 by ReadStat, the only free reader of it."""
    return _readstat(pyreadstat.read_xport, path, frame)


def spss(path: Path, frame: Frame) -> Read:
    """Read SPSS by ReadStat, the only free reader of it."""
    return _readstat(pyreadstat.read_sav, path, frame)


def _readstat(read: Callable[..., Any], path: Path, frame: Frame) -> Read:
    found, meta = read(path, disable_datetime_conversion=False)
    columns = {
        each.name: _of_readstat(found[each.name], each)
        for each in frame.data_set.columns
        if each.name in found
    }
    return Read(columns, meta.column_names_to_labels, meta.file_label, meta.variable_value_labels)


def _of_readstat(values: "pd.Series[Any]", column: Column) -> pa.Array:
    if column.kind == "text":
        return _text(values)
    if column.kind in ("date", "datetime"):
        return _times(values, column.kind)
    return _numbers(values, column.kind)


def stata(path: Path, frame: Frame) -> Read:
    """Read Stata by pandas."""
    with StataReader(path, convert_categoricals=False) as reader:
        found = reader.read()  # type: ignore[attr-defined]  # pandas-stubs does not know it
        labels, named = reader.variable_labels(), reader.value_labels()
        label = reader.data_label
    columns = {
        each.name: _of_readstat(found[each.name], each)
        for each in frame.data_set.columns
        if each.name in found
    }
    values = {
        name: {int(code): text for code, text in codes.items()}
        for name, codes in zip(frame.values, named.values(), strict=False)
    }
    return Read(columns, labels, label, values)


def dataset_json(path: Path, frame: Frame) -> Read:
    """Read Dataset-JSON by the standard library."""
    told = json.loads(path.read_bytes())
    return _of_json(told, iter(told.pop("rows")), frame)


def ndjson(path: Path, frame: Frame) -> Read:
    """Read Dataset-JSON in lines by the standard library."""
    with path.open(encoding="utf-8") as file:
        told = json.loads(next(file))
        return _of_json(told, (json.loads(line) for line in file), frame)


def _of_json(told: dict[str, Any], rows: Iterable[list[Any]], frame: Frame) -> Read:
    kinds = {each.name: each.kind for each in frame.data_set.columns}
    names = [each["name"] for each in told["columns"]]
    chunks: dict[str, list[pa.Array]] = {name: [] for name in names}
    rest = iter(rows)
    while part := list(islice(rest, _ROWS_AT_ONCE)):
        for name, values in zip(names, zip(*part, strict=True), strict=True):
            chunks[name].append(_of_json_values(values, kinds[name]))
    columns = {name: pa.chunked_array(parts, TYPES[kinds[name]]) for name, parts in chunks.items()}
    labels = {each["name"]: each["label"] for each in told["columns"]}
    return Read(columns, labels, told["label"])


def _of_json_values(values: tuple[Any, ...], kind: Kind) -> pa.Array:
    is_time = kind in ("date", "datetime")
    return pa.array(values, pa.string() if is_time else TYPES[kind]).cast(TYPES[kind])


def parquet(path: Path, frame: Frame) -> Read:  # noqa: ARG001
    """Read Parquet by Arrow; its columns are those of the fullest table."""
    found = pq.read_table(path)
    labels = {each.name: each.metadata[b"label"].decode() for each in found.schema}
    return Read({name: found[name] for name in found.column_names}, labels)


def csv(path: Path, frame: Frame) -> Read:
    """Read CSV by pandas; its columns are those of the fullest table, as a CSV shows them."""
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    shown = csv_table(frame.fullest)
    columns = {
        each.name: _of_csv(found[each.name], each.type)
        for each in shown.schema
        if each.name in found
    }
    return Read(columns)


def _of_csv(values: "pd.Series[str]", kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return _text(values)
    given = pa.array(values.where(values != "", None), pa.string(), from_pandas=True)
    return given.cast(kind)
