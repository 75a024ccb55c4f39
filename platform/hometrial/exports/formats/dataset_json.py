"""CDISC Dataset-JSON 1.1, as one object or as lines (NDJSON): every character and length that a value has (exports.md 2.3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from hometrial.exports.formats import frames
from hometrial.exports.metadata import Column, DataSet

VERSION = "1.1.0"
_ROWS_AT_ONCE = 10_000
_TYPES = {"text": "string", "integer": "integer", "float": "double", "date": "date", "datetime": "datetime"}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What all files of one delivery say alike; OIDs equal those of its Define-XML."""

    study: str
    at: datetime
    originator: str
    system: str
    version: str
    title: str = ""
    """The study's, in words."""


def write(path: Path, data_set: DataSet, table: pa.Table, origin: Origin) -> None:
    """Write a canonical frame as one JSON object."""
    head = json.dumps(_head(data_set, table, origin), ensure_ascii=False, indent=1)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(head.removesuffix("\n}") + ',\n "rows": [')
        for place, row in enumerate(_rows(table)):
            file.write((",\n  " if place else "\n  ") + row)
        file.write("\n ]\n}\n")


def write_lines(path: Path, data_set: DataSet, table: pa.Table, origin: Origin) -> None:
    """Write a canonical frame as NDJSON: the object without its rows, then a row a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = _head(data_set, table, origin)
        file.write(json.dumps(head, ensure_ascii=False, separators=(",", ":")) + "\n")
        for row in _rows(table):
            file.write(row + "\n")


def _head(data_set: DataSet, table: pa.Table, origin: Origin) -> dict[str, object]:
    return {
        "datasetJSONCreationDateTime": f"{origin.at:%Y-%m-%dT%H:%M:%S}",
        "datasetJSONVersion": VERSION,
        "originator": origin.originator,
        "sourceSystem": {"name": origin.system, "version": origin.version},
        "studyOID": f"STUDY.{origin.study}",
        "metaDataVersionOID": f"MDV.{origin.study}",
        "metaDataRef": "define.xml",
        "itemGroupOID": f"IG.{data_set.name}",
        "records": table.num_rows,
        "name": data_set.name,
        "label": data_set.label,
        "columns": [_column(data_set, each, table) for each in data_set.columns],
    }


def _column(data_set: DataSet, column: Column, table: pa.Table) -> dict[str, object]:
    told: dict[str, object] = {
        "itemOID": f"IT.{data_set.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": _TYPES[column.kind],
    }
    if column.kind == "text":
        told["length"] = frames.length(table[column.name])
    if column.name in data_set.keys:
        told["keySequence"] = data_set.keys.index(column.name) + 1
    return told


def _rows(table: pa.Table) -> Iterator[str]:
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield json.dumps(
                [_value(each) for each in row], ensure_ascii=False, separators=(",", ":")
            )


def _value(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
