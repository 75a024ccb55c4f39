"""A data set that is written waits on the disk and not in memory: whoever looks at it again has its columns mapped."""

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from hometrial.exports.formats.frames import Frame
from hometrial.exports.metadata import DataSet

_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Parked:
    """A frame that waits: what it is, and the files in which its tables stand."""

    waiting: Frame
    """The frame without rows."""
    path: Path
    typed: Path | None = None

    @property
    def data_set(self) -> DataSet:
        """What it is."""
        return self.waiting.data_set

    @property
    def table(self) -> pa.Table:
        """What it says, as long as somebody holds it."""
        return _mapped(self.path)

    @property
    def frame(self) -> Frame:
        """The whole frame, as long as somebody holds it."""
        typed = None if self.typed is None else _mapped(self.typed)
        return replace(self.waiting, table=self.table, typed=typed)


def park(frame: Frame, stem: Path) -> Parked:
    """Put a frame on the disk; `stem` is the path of its files without their endings."""
    path = stem.with_name(f"{stem.name}.arrow")
    _put(frame.table, path)
    typed = None
    if frame.typed is not None:
        typed = stem.with_name(f"{stem.name}.typed.arrow")
        _put(frame.typed, typed)
    waiting = replace(frame, table=_nothing(frame.table), typed=None)
    return Parked(waiting, path, typed)


def kept(table: pa.Table, path: Path) -> pa.Table:
    """Put a table on the disk; return it as it stands there, its columns mapped."""
    _put(table, path)
    return _mapped(path)


@dataclass
class Waiting:
    """A folder in which tables wait that bear no name."""

    folder: Path
    put: int = 0

    def __call__(self, table: pa.Table) -> pa.Table:
        """Put a table on the disk; return it as it stands there."""
        self.put += 1
        return kept(table, self.folder / f"{self.put}.arrow")


def _nothing(table: pa.Table) -> pa.Table:
    return table.schema.empty_table()


def _put(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=_ROWS_AT_ONCE)


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
