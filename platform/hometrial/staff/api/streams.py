"""Rows on their way out, a piece at a time: JSON, NDJSON, CSV, Parquet."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from hometrial.exports.writing import csv_table

STREAMS = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
"""Formats in which all rows come at once, with their media types."""
_PIECE = 2_000


def told(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows as JSON has them: instants with Z, wall clocks without, days as ISO 8601, null where nothing is."""
    return [{name: _told(value) for name, value in row.items()} for row in table.to_pylist()]


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def stream(tables: Iterable[pa.Table], schema: pa.Schema, form: str) -> Iterator[bytes]:
    """Yield rows as bytes of a format; one piece of them is in memory at a time."""
    return {"ndjson": _ndjson, "csv": _csv, "parquet": _parquet}[form](tables, schema)


def _ndjson(tables: Iterable[pa.Table], _schema: pa.Schema) -> Iterator[bytes]:
    for table in tables:
        for start in range(0, table.num_rows, _PIECE):
            rows = told(table.slice(start, _PIECE))
            yield "".join(
                f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n" for row in rows
            ).encode()


def _csv(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    yield _written(schema.empty_table(), header=True)
    for table in tables:
        if table.num_rows:
            yield _written(table, header=False)


def _written(table: pa.Table, *, header: bool) -> bytes:
    into = BytesIO()
    options = pa_csv.WriteOptions(include_header=header, quoting_style="needed")
    pa_csv.write_csv(csv_table(table), into, options)
    return into.getvalue()


class _Through:
    """A file that hands on what was written to it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.closed = False

    def write(self, part: bytes) -> int:
        """Take bytes."""
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """End it."""
        self.closed = True

    def taken(self) -> bytes:
        """Hand on what has come."""
        found, self._parts = b"".join(self._parts), []
        return found


def _parquet(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    through = _Through()
    with pq.ParquetWriter(through, schema, compression="zstd", version="2.6") as writer:
        for table in tables:
            writer.write_table(table.cast(schema))
            yield through.taken()
    yield through.taken()
