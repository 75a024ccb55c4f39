"""CDISC Dataset-JSON 1.1, as one object or as lines (NDJSON): every character and length that a value has (exports.md 2.3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.formats import frames, limits
from hometrial.exports.formats.limits import Limits
from hometrial.exports.metadata import Column, DataSet

VERSION = "1.1.0"
LIMITS = Limits(
    "Dataset-JSON",
    text=2**31 - 1,
    name=2**31 - 1,
    label=2**31 - 1,
    number=float("inf"),
    keeps_trailing_blanks=True,
    keeps_long_integers=True,
)
_ROWS_AT_ONCE = 10_000
_AS_IN_SAS = {
    "date": {"targetDataType": "integer", "displayFormat": "DATE9."},
    "datetime": {"targetDataType": "integer", "displayFormat": "DATETIME20."},
}
_TYPES = {"text": "string", "integer": "integer", "float": "double", "date": "date", "datetime": "datetime"}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What all files of one delivery say alike; OIDs equal those of its Define-XML.

    `version` of the system and `title` of the study are left out where they are empty.
    """

    study: str
    at: datetime
    originator: str = "Hometrial"
    system: str = "Hometrial"
    version: str = ""
    title: str = ""


def write(path: Path, data_set: DataSet, table: pa.Table, origin: Origin) -> None:
    """Write a canonical frame as one JSON object. Raises ValueRefusedError for a number that is none (NaN, infinite)."""
    limits.check(LIMITS, data_set, table)
    head = json.dumps(_head(data_set, table, origin), ensure_ascii=False, indent=1)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(head.removesuffix("\n}") + ',\n "rows": [')
        for place, row in enumerate(_rows(table)):
            file.write((",\n  " if place else "\n  ") + row)
        file.write("\n ]\n}\n")


def write_lines(path: Path, data_set: DataSet, table: pa.Table, origin: Origin) -> None:
    """Write a canonical frame as NDJSON: the object without its rows, then a row a line."""
    limits.check(LIMITS, data_set, table)
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
        **_system(origin),
        "studyOID": f"STUDY.{origin.study}",
        "metaDataVersionOID": f"MDV.{origin.study}",
        "metaDataRef": "define.xml",
        "itemGroupOID": f"IG.{data_set.name}",
        "records": table.num_rows,
        "name": data_set.name,
        "label": data_set.label,
        "columns": [_column(data_set, each, table) for each in data_set.columns],
    }


def _system(origin: Origin) -> dict[str, object]:
    if not origin.version:
        return {}
    return {"sourceSystem": {"name": origin.system, "version": origin.version}}


def _column(data_set: DataSet, column: Column, table: pa.Table) -> dict[str, object]:
    told: dict[str, object] = {
        "itemOID": f"IT.{data_set.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": _TYPES[column.kind],
        **_AS_IN_SAS.get(column.kind, {}),
    }
    if column.kind == "text":
        told["length"] = frames.length(table[column.name])
    if column.name in data_set.keys:
        told["keySequence"] = data_set.keys.index(column.name) + 1
    return told


def _rows(table: pa.Table) -> Iterator[str]:
    """Yield each row as the text of a JSON array; made in whole columns, as a row at a time takes ten times as long."""
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        if batch.num_columns:
            values = [_texts(column) for column in batch.columns]
            joined = pc.binary_join_element_wise(*values, ",")
            yield from pc.binary_join_element_wise("[", joined, "]", "").to_pylist()


def _texts(values: pa.Array) -> pa.Array:
    """Return values as JSON has them; a number is the shortest text that reads back equal."""
    if pa.types.is_string(values.type):
        known = values.dictionary_encode()
        quoted = [json.dumps(each, ensure_ascii=False) for each in known.dictionary.to_pylist()]
        return pc.fill_null(pa.array(quoted, pa.string()).take(known.indices), "null")
    if pa.types.is_timestamp(values.type):
        return _quoted(pc.strftime(values, "%Y-%m-%dT%H:%M:%S"))
    if pa.types.is_date(values.type):
        return _quoted(pc.strftime(values, "%Y-%m-%d"))
    return pc.fill_null(values.cast(pa.string()), "null")


def _quoted(values: pa.Array) -> pa.Array:
    return pc.fill_null(pc.binary_join_element_wise('"', values, '"', ""), "null")
