"""Variable and Table: what an exported column is, said once for Parquet, CSV and the dictionary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

WORD = pa.dictionary(pa.int32(), pa.string())
INSTANT = pa.timestamp("us", "UTC")
WALL_CLOCK = pa.timestamp("us")

_TYPE_NAMES: Mapping[pa.DataType, str] = {
    WORD: "text",
    pa.string(): "text",
    pa.int64(): "integer",
    pa.int32(): "integer",
    pa.int8(): "integer",
    pa.float64(): "number",
    pa.bool_(): "true or false",
    pa.date32(): "date",
    INSTANT: "instant (UTC)",
    WALL_CLOCK: "wall clock (local)",
}


@dataclass(frozen=True)
class Variable:
    """One column: `unit` is UCUM, `codes` the values it may take, `origin` where the figure is from."""

    name: str
    type: pa.DataType
    label: str
    unit: str = ""
    codes: str = ""
    text: str = ""
    origin: str = ""

    @property
    def type_name(self) -> str:
        """The type in the words of the dictionary."""
        return _TYPE_NAMES[self.type]

    @property
    def field(self) -> pa.Field:
        """The column in Parquet, with `label` and `unit` in its metadata."""
        return pa.field(self.name, self.type, metadata={"label": self.label, "unit": self.unit})


@dataclass(frozen=True)
class Table:
    """One exported table; `name` is its path without ending, or the folder of its files."""

    name: str
    label: str
    variables: tuple[Variable, ...]

    @property
    def schema(self) -> pa.Schema:
        """The columns in Parquet; the table's label stands in the metadata of the file."""
        return pa.schema([each.field for each in self.variables], metadata={"label": self.label})

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns in their order."""
        return tuple(each.name for each in self.variables)

    def of(self, rows: Iterable[Mapping[str, object]]) -> pa.Table:
        """Return rows as an Arrow table. Raises KeyError for a column that is missing or not ours."""
        listed = list(rows)
        for row in listed:
            if row.keys() != set(self.columns):
                odd = sorted(row.keys() ^ set(self.columns))
                raise KeyError(f"{self.name}: columns do not match the dictionary: {odd}")
        columns = [pa.array([row[v.name] for row in listed], v.type) for v in self.variables]
        return pa.table(columns, schema=self.schema)
