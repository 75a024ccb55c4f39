"""Readers of the files that were written, by another library than the one that wrote them wherever there is one."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat
from pandas.io.stata import StataReader

from hometrial.errors import ExportRefusedError
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
_ROWS_OF_READSTAT = 100_000
"""ReadStat begins at the file's start each time."""
_CHARACTERS = 1 << 20
_ROWS_BEGIN = '"rows": ['
_BETWEEN = re.compile(r"[\s,]*")


Parts = Iterator[Mapping[str, pa.Array | pa.ChunkedArray]]
"""Rows some thousand at a time, as canonical arrays by the names of their variables."""


@dataclass(frozen=True)
class Read:
    """What a reader found: its variables in order, the rows in parts; labels where the format keeps them."""

    names: Sequence[str]
    parts: Parts
    labels: Mapping[str, str] | None = None
    label: str | None = None
    values: ValueLabels | None = None


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
    with pd.read_sas(path, format="xport", encoding="ascii", iterator=True) as reader:
        fields = reader.fields  # type: ignore[attr-defined]  # pandas-stubs does not know it
    told = {each["name"].decode(): each["label"].decode() for each in fields}
    return Read(list(told), _sas_parts(path, frame), told)


def _sas_parts(path: Path, frame: Frame) -> Parts:
    with pd.read_sas(path, format="xport", encoding="ascii", iterator=True) as reader:
        # Its own count is wrong where short records hold blanks: it takes them for the padding of the file.
        rows = _rows_of(path, reader.record_start, reader.record_length)  # type: ignore[attr-defined]
        reader.nobs = rows  # type: ignore[attr-defined]
        for _ in range(0, rows, _ROWS_AT_ONCE):
            yield _columns(reader.read(_ROWS_AT_ONCE), frame, _of_sas)


def _columns(
    found: pd.DataFrame, frame: Frame, read: Callable[["pd.Series[Any]", Column], pa.Array]
) -> Mapping[str, pa.Array]:
    return {
        each.name: read(found[each.name], each)
        for each in frame.data_set.columns
        if each.name in found
    }


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
    return replace(_readstat(pyreadstat.read_xport, path, frame), values=None)


def spss(path: Path, frame: Frame) -> Read:
    """Read SPSS by ReadStat, the only free reader of it."""
    return _readstat(pyreadstat.read_sav, path, frame)


def _readstat(read: Callable[..., Any], path: Path, frame: Frame) -> Read:
    _, meta = read(path, metadataonly=True)
    return Read(
        meta.column_names,
        _readstat_parts(read, path, frame),
        meta.column_names_to_labels,
        meta.file_label,
        meta.variable_value_labels,
    )


def _readstat_parts(read: Callable[..., Any], path: Path, frame: Frame) -> Parts:
    start, is_more = 0, True
    while is_more:
        found, _ = read(path, row_offset=start, row_limit=_ROWS_OF_READSTAT)
        is_more = len(found) == _ROWS_OF_READSTAT
        start += len(found)
        yield _columns(found, frame, _of_readstat)


def _of_readstat(values: "pd.Series[Any]", column: Column) -> pa.Array:
    if column.kind == "text":
        return _text(values)
    if column.kind in ("date", "datetime"):
        return _times(values, column.kind)
    return _numbers(values, column.kind)


def stata(path: Path, frame: Frame) -> Read:
    """Read Stata by pandas."""
    with StataReader(path, convert_categoricals=False) as reader:
        labels, named = reader.variable_labels(), reader.value_labels()
        label = reader.data_label
    values = {
        name: {int(code): text for code, text in codes.items()}
        for name, codes in zip(frame.values, named.values(), strict=False)
    }
    return Read(list(labels), _stata_parts(path, frame), labels, label, values)


def _stata_parts(path: Path, frame: Frame) -> Parts:
    with StataReader(path, convert_categoricals=False) as reader:
        while True:
            try:
                found = reader.read(_ROWS_AT_ONCE)  # type: ignore[attr-defined]  # pandas-stubs does not know it
            except StopIteration:  # which is how it says that there are no more
                return
            yield _columns(found, frame, _of_readstat)


def dataset_json(path: Path, frame: Frame) -> Read:
    """Read Dataset-JSON by the standard library."""
    with path.open(encoding="utf-8") as file:
        head, _ = _head_and_rest(file)
    return _of_json(head, _json_parts(path, frame, head))


def _head_and_rest(file: TextIO) -> tuple[dict[str, Any], str]:
    """Return the object without its rows, which are its last part, and what was read of these."""
    text = ""
    while _ROWS_BEGIN not in text:
        more = file.read(_CHARACTERS)
        if not more:
            raise ExportRefusedError(f"{file.name} was read back without rows")
        text += more
    head, _, rest = text.partition(_ROWS_BEGIN)
    told: dict[str, Any] = json.loads(f"{head}{_ROWS_BEGIN}]}}")
    return told, rest


def _json_parts(path: Path, frame: Frame, head: Mapping[str, Any]) -> Parts:
    with path.open(encoding="utf-8") as file:
        _, rest = _head_and_rest(file)
        yield from _parts_of_rows(_rows_of_json(file, rest), frame, head)


def _rows_of_json(file: TextIO, rest: str) -> Iterator[list[Any]]:
    """Yield row by row, however the text is laid out."""
    decoder, place = json.JSONDecoder(), 0
    while True:
        place = _BETWEEN.match(rest, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        if rest.startswith("]", place):
            return
        try:
            row, place = decoder.raw_decode(rest, place)
        except json.JSONDecodeError:
            more = file.read(_CHARACTERS)
            if not more:
                raise
            rest, place = rest[place:] + more, 0
        else:
            yield row


def ndjson(path: Path, frame: Frame) -> Read:
    """Read Dataset-JSON in lines by the standard library."""
    with path.open(encoding="utf-8") as file:
        head = json.loads(next(file))
    return _of_json(head, _ndjson_parts(path, frame, head))


def _ndjson_parts(path: Path, frame: Frame, head: Mapping[str, Any]) -> Parts:
    with path.open(encoding="utf-8") as file:
        rows = (json.loads(line) for line in islice(file, 1, None))
        yield from _parts_of_rows(rows, frame, head)


def _of_json(head: Mapping[str, Any], parts: Parts) -> Read:
    labels = {each["name"]: each["label"] for each in head["columns"]}
    return Read(list(labels), parts, labels, head["label"])


def _parts_of_rows(rows: Iterator[list[Any]], frame: Frame, head: Mapping[str, Any]) -> Parts:
    kinds = {each.name: each.kind for each in frame.data_set.columns}
    names = [each["name"] for each in head["columns"]]
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield {
            name: _of_json_values(values, kinds[name])
            for name, values in zip(names, zip(*part, strict=True), strict=True)
            if name in kinds
        }


def _of_json_values(values: tuple[Any, ...], kind: Kind) -> pa.Array:
    is_time = kind in ("date", "datetime")
    return pa.array(values, pa.string() if is_time else TYPES[kind]).cast(TYPES[kind])


def parquet(path: Path, frame: Frame) -> Read:  # noqa: ARG001
    """Read Parquet by Arrow; its columns are those of the fullest table."""
    schema = pq.read_schema(path)
    labels = {each.name: each.metadata[b"label"].decode() for each in schema}
    return Read(schema.names, _parquet_parts(path), labels)


def _parquet_parts(path: Path) -> Parts:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            yield dict(zip(batch.schema.names, batch.columns, strict=True))


def csv(path: Path, frame: Frame) -> Read:
    """Read CSV by pandas; its columns are those of the fullest table, as a CSV shows them."""
    names = list(pd.read_csv(path, dtype=str, nrows=0).columns)
    return Read(names, _csv_parts(path, csv_table(frame.fullest.slice(0, 0)).schema))


def _csv_parts(path: Path, shown: pa.Schema) -> Parts:
    with pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=_ROWS_AT_ONCE) as reader:
        for found in reader:
            yield {each.name: _of_csv(found[each.name], each.type) for each in shown if each.name in found}  # fmt: skip


def _of_csv(values: "pd.Series[str]", kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return _text(values)
    given = pa.array(values.where(values != "", None), pa.string(), from_pandas=True)
    return given.cast(kind)
