"""A study's source tables together: as they were taken, and as they are read again from their files."""

import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hometrial.declarations import read as read_declaration
from hometrial.errors import ExportRefusedError
from hometrial.exports.source.tables import BY_NAME, TABLES
from hometrial.protocol.model import Protocol

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """All source tables by name; one that is missing is empty."""

    tables: Mapping[str, pa.Table]
    lacking: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)
    """By table the columns that were not known when its rows were taken: they are null because nobody asked."""
    _rows: dict[str, list[Row]] = field(default_factory=dict, compare=False, repr=False)

    def table(self, name: str) -> pa.Table:
        """Return a table. Raises KeyError for a name that no source table has."""
        known = BY_NAME[name]
        found = self.tables.get(name)
        return known.schema.empty_table() if found is None else found

    def with_table(self, name: str, table: pa.Table) -> "Source":
        """Return the same tables with another one in the place of one."""
        return Source({**self.tables, name: table}, self.lacking)

    def rows(self, name: str) -> list[Row]:
        """Return a table's rows as dictionaries, in order of their ids. They are shared: do not change them."""
        if name not in self._rows:
            self._rows[name] = self.table(name).to_pylist()
        return self._rows[name]

    def by_person(self, name: str) -> dict[str, list[Row]]:
        """Return a table's rows by participant, each person's in order of their ids."""
        found: dict[str, list[Row]] = {}
        for row in self.rows(name):
            found.setdefault(row["participant"], []).append(row)
        return found

    def rows_of(self, name: str, column: str, keys: Collection[str]) -> dict[str, list[Row]]:
        """Return those of a table's rows that have one of these keys in a column, by key, in order of their ids.

        Unlike `rows` they are not kept: for tables that are too large to be read as a whole.
        """
        table, found = self.table(name), dict[str, list[Row]]()
        is_asked = pc.is_in(table[column], value_set=pa.array(keys, pa.string()))
        for row in table.filter(is_asked).to_pylist():
            found.setdefault(row[column], []).append(row)
        return found

    @property
    def people(self) -> list[str]:
        """The pseudonyms in order."""
        return sorted(row["participant"] for row in self.rows("participant"))

    @property
    def has_protocol(self) -> bool:
        """Whether a protocol is in force."""
        return any(row["in_force"] for row in self.rows("protocol_version"))

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocol in force, or nothing: what words there are where data came before a protocol."""
        return (self.protocol,) if self.has_protocol else ()

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol in force. Raises ExportRefusedError if there is none."""
        for row in self.rows("protocol_version"):
            if row["in_force"]:
                return read_declaration(row["body"], str(row["id"]), Protocol)
        raise ExportRefusedError(
            "no protocol is in force; publish one (hometrial trial publish) before data sets are made of it"
        )


def in_order(table: pa.Table) -> pa.Table:
    """Return rows in the order of their ids; where they are so already, the table itself and no copy."""
    ids = table["id"]
    if pc.all(pc.less_equal(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py() is not False:
        return table
    return table.sort_by([("id", "ascending")])


def kept(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield each source table as a Parquet file: the same bytes for the same rows."""
    for each in TABLES:
        sink = io.BytesIO()
        pq.write_table(source.table(each.name), sink, compression="zstd", version="2.6")
        yield each.name, sink.getvalue()


def read(files: Mapping[str, bytes]) -> Source:
    """Return the source tables of their files. A column added since is null; one that is gone is refused."""
    tables: dict[str, pa.Table] = {}
    lacking: dict[str, frozenset[str]] = {}
    for name, body in files.items():
        known = BY_NAME.get(name)
        if known is None:
            raise ExportRefusedError(f"{name} is no source table of this version of the platform")
        found = pq.read_table(io.BytesIO(body))
        gone = sorted(set(found.column_names) - set(known.schema.names))
        if gone:
            raise ExportRefusedError(
                f"the source table {name} has {gone[0]}, which this version does not know; "
                "rebuild with the version that the manifest names"
            )
        columns = {
            each.name: found[each.name]
            if each.name in found.column_names
            else pa.nulls(found.num_rows, each.type)
            for each in known.schema
        }
        tables[name] = pa.table(columns, schema=known.schema).combine_chunks()
        new = frozenset(known.schema.names) - set(found.column_names)
        lacking |= {name: new} if new else {}
    return Source(tables, lacking)
