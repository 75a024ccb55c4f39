"""Tables to Parquet and CSV: the same bytes for the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from hometrial.exports.dictionary import Variable, schema
from hometrial.exports.formulas import neutralised

FORMATS = ("parquet", "csv")


@dataclass
class TableWriter:
    """Writes one table, piece by piece, in each of the wanted formats.

    `stem` is the path without its ending. After the `with` block, `files` maps each path to its rows.
    """

    stem: Path
    variables: Sequence[Variable]
    formats: Sequence[str]
    files: dict[Path, int] = field(default_factory=dict)

    def __enter__(self) -> "TableWriter":
        self.stem.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema(self.variables)
        self._rows = 0
        if "parquet" in self.formats:
            self._parquet = pq.ParquetWriter(
                self._path("parquet"), self._schema, compression="zstd", version="2.6"
            )
        if "csv" in self.formats:
            plain = csv_table(self._schema.empty_table()).schema
            self._csv = pa_csv.CSVWriter(
                self._path("csv"), plain, write_options=pa_csv.WriteOptions(quoting_style="needed")
            )
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows. Raises pyarrow.ArrowInvalid if a value does not fit its variable's type."""
        table = table.select(self._schema.names).cast(self._schema)
        self._rows += table.num_rows
        if "parquet" in self.formats:
            self._parquet.write_table(table)
        if "csv" in self.formats and table.num_rows:
            self._csv.write_table(csv_table(table))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self.formats:
            (self._parquet if name == "parquet" else self._csv).close()
            self.files[self._path(name)] = self._rows

    def _path(self, ending: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}.{ending}")


def csv_table(table: pa.Table) -> pa.Table:
    """Return a table as CSV shows it: ISO 8601 times (Z for UTC), formulas neutralised, null empty."""
    return pa.table({name: _shown(table[name]) for name in table.column_names})


def _shown(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        clock = pc.strftime(column, "%Y-%m-%dT%H:%M:%S")  # microseconds, in every row alike
        return pc.binary_join_element_wise(clock, "Z", "") if kind.tz else clock
    if pa.types.is_date(kind):
        return pc.strftime(column, "%Y-%m-%d")
    if pa.types.is_string(kind):
        return neutralised(column)
    return column
