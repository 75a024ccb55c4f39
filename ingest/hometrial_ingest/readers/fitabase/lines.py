"""CSV lines of which every one is kept or refused: the sieve that all kinds of file go through."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Unreadable
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitabase import cells
from hometrial_ingest.readers.fitabase.names import person_of
from hometrial_ingest.text import BLOCK_BYTES, CsvRows, columns, csv_rows

PERSON = "Id"
"""The column of the person, which a file of one person lacks."""

_UNEDITED = "export the file again and do not save it in a spreadsheet"
NO_STAMP = f"not a date and time such as 4/12/2016 7:21:00 AM; {_UNEDITED}"
"""Why a stamp was refused."""
NO_DAY = f"not a day such as 4/12/2016; {_UNEDITED}"
"""Why a day was refused."""
NO_WHOLE_NUMBER = f"not a whole number; {_UNEDITED}"
"""Why a count was refused."""
NO_NUMBER = f"not a number; {_UNEDITED}"
"""Why a measurement was refused."""
NO_IDENTIFIER = f"not an identifier (nothing, or a rounded number); {_UNEDITED}"
"""Why an identifier was refused."""


class Sieve:
    """Holds the lines of one block and drops those with a bad cell, each with its first bad cell.

    `unreadable` grows by one for each line that is dropped.
    """

    def __init__(self, rows: CsvRows, person: str | None) -> None:
        self.rows, self.unreadable = rows, list(rows.unreadable)
        self._good = pa.repeat(pa.scalar(value=True), len(rows.numbers))
        self._kept: dict[str, pa.Array] = {}
        if person is None:
            self.take("person", PERSON, cells.identifiers, NO_IDENTIFIER)
        else:
            self._kept["person"] = pa.repeat(pa.scalar(person), len(rows.numbers))

    def take(
        self, name: str, column: str, parse: Callable[[pa.Array], pa.Array], reason: str
    ) -> None:
        """Parse a column and keep it by a name; a null that `parse` leaves drops its line."""
        texts = self.rows.column(column)
        values = parse(texts)
        self.drop(pc.is_null(values), texts, column, reason)
        self._kept[name] = values

    def drop(self, bad: pa.Array, texts: pa.Array, field: str, reason: str) -> None:
        """Drop the lines where `bad` is true and nothing was found before."""
        new = pc.and_(self._good, bad)
        if not pc.any(new).as_py():
            return
        self._good = pc.and_not(self._good, new)
        numbers = self.rows.numbers.filter(new).to_pylist()
        values = texts.filter(new).to_pylist()
        self.unreadable += [
            Unreadable(row, field, value, reason)
            for row, value in zip(numbers, values, strict=True)
        ]

    def good(self) -> pa.Array:
        """Return which of the readable lines are kept, as booleans."""
        return self._good

    def table(self) -> pa.Table:
        """Return the kept lines: `row`, `person` and whatever was taken."""
        return pa.table({"row": self.rows.numbers, **self._kept}).filter(self._good)

    def refused(self) -> Sequence[Unreadable]:
        """Return the dropped lines in the order of the file."""
        return sorted(self.unreadable, key=lambda line: line.row)


def check_columns(file: SourceFile, wanted: Sequence[str]) -> list[str]:
    """Return the wanted columns, with that of the person if the file has it.

    Raises UnreadableFileError if one is missing, the person's too unless the file's name tells it.
    """
    if person_of(file.path) is None:
        return columns(file, [PERSON, *wanted])
    return columns(file, wanted, optional=[PERSON])


def sieves(
    file: SourceFile, wanted: Sequence[str], block_bytes: int = BLOCK_BYTES
) -> Iterator[Sieve]:
    """Yield the lines of a file block by block, the person of each already known."""
    found = check_columns(file, wanted)
    person = None if PERSON in found else person_of(file.path)
    for rows in csv_rows(file, found, block_bytes):
        yield Sieve(rows, person)
