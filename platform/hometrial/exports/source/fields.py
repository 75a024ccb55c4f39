"""What a column of a source table may be; its kind decides what de-identification does with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from hometrial.errors import ExportRefusedError

Kind = Literal[
    "id",
    "code",
    "text",
    "free",
    "integer",
    "float",
    "flag",
    "day",
    "partial",
    "local",
    "instant",
    "occasion",
]
ARROW: dict[str, pa.DataType] = {
    "id": pa.string(),
    "code": pa.string(),
    "text": pa.string(),
    "free": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "flag": pa.bool_(),
    "day": pa.date32(),
    "partial": pa.string(),
    "local": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "occasion": pa.string(),
}
"""id: a record's stable name. code: a word of a closed list. text: words of the study's own (labels, versions).
free: words somebody typed, which may tell who they are. day: a local civil day. partial: an ISO 8601 date as far as
it is known (2024, 2024-05). local: a wall clock with its offset, 2026-03-05T10:15:00+01:00. instant: UTC.
occasion: the name of an occasion of a form, which may hold a day.
"""


@dataclass(frozen=True)
class Field:
    """A column. `is_unblinding`: in a blinded trial it tells the arm, and stays with the unblinded export.

    `is_amount`: there any amount is given as 1 instead, so that it is still told that there was one.
    """

    name: str
    kind: Kind
    text: str = ""
    is_unblinding: bool = False
    is_amount: bool = False


@dataclass(frozen=True)
class SourceTable:
    """A table: its name, what one row is, and its columns. The first is `id`, unique and stable from lock to lock.

    A table with a column `participant` is about people: it holds their pseudonym.
    """

    name: str
    row: str
    fields: tuple[Field, ...]

    @property
    def schema(self) -> pa.Schema:
        """The columns in Arrow; each may be null but `id`."""
        return pa.schema([pa.field(each.name, ARROW[each.kind]) for each in self.fields])

    def of(self, kind: Kind) -> tuple[str, ...]:
        """Return the names of the columns of a kind."""
        return tuple(each.name for each in self.fields if each.kind == kind)

    def table(self, rows: Iterable[Mapping[str, object]]) -> pa.Table:
        """Return rows in order of their ids. Raises ExportRefusedError for a column it has not, or a value that does not fit."""
        kept = list(rows)
        names = {each.name for each in self.fields}
        for row in kept:
            for name in row.keys() - names:
                raise ExportRefusedError(f"the source table {self.name} has no column {name}")
        try:
            made = pa.table(
                {
                    each.name: pa.array([row.get(each.name) for row in kept], ARROW[each.kind])
                    for each in self.fields
                },
                schema=self.schema,
            )
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ExportRefusedError(f"the source table {self.name}: {error}") from error
        return made.sort_by([("id", "ascending")])
