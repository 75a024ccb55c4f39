"""DataSet: writes the tables of one data set into a folder, and keeps the count of every file."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hometrial.errors import ExportRefusedError
from hometrial.exports import columnar, delimited
from hometrial.exports.variable import Table

FORMATS = ("parquet", "csv")


@dataclass(frozen=True)
class WrittenFile:
    """One finished file; `rows` and `columns` are None of a file that is no table."""

    path: str
    rows: int | None
    bytes: int
    sha256: str
    columns: tuple[str, ...] | None


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the formats asked for, each once. Raises ExportRefusedError for one that is not written."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ExportRefusedError(
            f"{unknown[0]!r} is no format of a draft; choose from {', '.join(FORMATS)}"
        )
    if not formats:
        raise ExportRefusedError(f"no format was asked for; choose from {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in formats)


class DataSet:
    """A folder that is being filled; `files` lists what is finished."""

    def __init__(self, folder: Path, formats: Sequence[str]) -> None:
        self.folder, self.formats = folder, check_formats(formats)
        self.files: list[WrittenFile] = []

    def add_table(
        self,
        path: str,
        table: Table,
        pieces: Iterable[pa.Table],
        formats: Sequence[str] | None = None,
    ) -> int:
        """Write a table, piece by piece, in each format; `path` has no ending. Returns its rows."""
        wanted = self.formats if formats is None else formats
        rows = 0
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            sinks = [_Sink(stack, self._place(path, each), each, table) for each in wanted]
            for piece in pieces:
                rows += piece.num_rows
                for sink in sinks:
                    sink.write(piece)
        for each in wanted:
            self._finish(f"{path}.{each}", rows, table.columns)
        return rows

    def add_text(self, path: str, text: str) -> None:
        """Write a file of plain text."""
        (self.folder / path).write_bytes(text.encode())
        self._finish(path, None, None)

    def _place(self, path: str, ending: str) -> Path:
        return self.folder / f"{path}.{ending}"

    def _finish(self, path: str, rows: int | None, columns: tuple[str, ...] | None) -> None:
        file = self.folder / path
        self.files.append(WrittenFile(path, rows, file.stat().st_size, sha256_of(file), columns))


class _Sink:
    """One file of a table that is being written."""

    def __init__(self, stack: ExitStack, path: Path, ending: str, table: Table) -> None:
        self.schema = table.schema
        self.parquet, self.csv = None, None
        if ending == "parquet":
            self.parquet = stack.enter_context(columnar.open_file(path, self.schema))
        else:
            self.csv = stack.enter_context(path.open("wb"))
            delimited.write_header(self.csv, self.schema)

    def write(self, piece: pa.Table) -> None:
        """Write some rows. Raises ValueError if their columns are not those of the dictionary."""
        if not piece.schema.equals(self.schema):
            raise ValueError(f"columns {piece.schema} are not those of the dictionary: {self.schema}")
        if self.parquet is not None and piece.num_rows:
            self.parquet.write_table(piece, row_group_size=columnar.ROWS_IN_A_GROUP)
        if self.csv is not None:
            delimited.write_rows(self.csv, piece)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
