"""A sample of a stream: a row of one file of `samples/`, and the record that it is, one instant of a chunk."""

import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Source
from hometrial.models import DataLock
from hometrial.services.lineage.cells import Cell, said_of
from hometrial.services.lineage.chain import facts
from hometrial.services.lineage.tracing import SAMPLE
from hometrial.services.streaming import files
from hometrial.services.streaming import writing as streaming
from hometrial_ingest.signals import Signal

_FOLDER = "samples/"
_FILE = re.compile(
    r"samples/(?P<stream>\w+)/participant=(?P<person>[^/]+)/month=(?P<month>\d{4}-\d{2})(?:/part\.parquet)?"
)
_WAY_OUT = "name one file of samples, as samples/heart_rate/participant=P-0001/month=2026-03"


def is_of_samples(data_set: str) -> bool:
    """Say whether a data set is asked for by the place of a file of samples."""
    return data_set.lower().startswith(_FOLDER)


def in_folder(place: Path, data_set: str, row: int, variable: str) -> Cell:
    """Return a cell of a file of samples in a folder. Raises ExportRefusedError for what is not there."""
    named = _named(data_set)
    name = named.group().removesuffix("/part.parquet")
    path = place / name / "part.parquet"
    if not path.is_file():
        raise ExportRefusedError(f"{place} has no samples {name}; {_WAY_OUT}")
    return _cell(name, Signal(named["stream"]), path, row, variable)


def in_lock(database: Database, lock: DataLock, kept: Source, asked: tuple[str, int, str]) -> Cell:
    """Return a cell of a file of samples of a lock, which is made of the chunks that the lock names.

    Raises ExportRefusedError for what is not there, and for a lock for the public.
    """
    data_set, row, variable = asked
    named = _named(data_set)
    if lock.profile == "public":
        raise ExportRefusedError(
            f"lock {lock.name} was made for the public: its samples were renamed and moved; trace a lock of the profile study"
        )
    chunks = [each for each in _of_person(kept, named) if _is_within(lock, each, named)]
    name = named.group().removesuffix("/part.parquet")
    if not chunks:
        raise ExportRefusedError(f"lock {lock.name} has no samples {name}; {_WAY_OUT}")
    with TemporaryDirectory() as made:
        written = streaming.write(
            database, chunks, Path(made), None, lambda _step: None, known_at=lock.made_at
        )
        (path,) = written
        return _cell(name, Signal(named["stream"]), path, row, variable)


def _named(data_set: str) -> re.Match[str]:
    found = _FILE.fullmatch(data_set)
    if found is None or found["stream"] not in {str(each) for each in Signal}:
        raise ExportRefusedError(f"{data_set} is no file of samples; {_WAY_OUT}")
    return found


def _of_person(kept: Source, named: re.Match[str]) -> list[dict[str, Any]]:
    table = kept.table("chunk")
    is_theirs = pc.and_(
        pc.equal(table["participant"], named["person"]), pc.equal(table["stream"], named["stream"])
    )
    return list(table.filter(is_theirs).to_pylist())


def _is_within(lock: DataLock, chunk: Mapping[str, Any], named: re.Match[str]) -> bool:
    has_stream = "all" in lock.streams or named["stream"] in lock.streams
    return has_stream and bool(chunk["samples"]) and f"{chunk['day']:%Y-%m}" == named["month"]


def _cell(name: str, signal: Signal, path: Path, row: int, variable: str) -> Cell:
    table = pq.read_table(path, partitioning=None)
    if variable.lower() not in table.column_names:
        raise ExportRefusedError(
            f"{name} has no variable {variable}; it has {', '.join(table.column_names)}"
        )
    if not 1 <= row <= table.num_rows:
        raise ExportRefusedError(f"{name} has no row {row}; it has rows 1 to {table.num_rows}")
    one = table.slice(row - 1, 1)
    value, _ = said_of(one, name, variable.lower())
    about = next(each for each in files.variables_of(signal) if each.name == variable.lower())
    how = facts({"label": about.label, "unit": about.unit or None, "method": about.text or None})
    return Cell(name, row, variable.lower(), value, how, (_record(one),))


def _record(one: pa.Table) -> str:
    """Return the record of a row: its chunk, and the instant at which it begins."""
    at = one["at" if "at" in one.column_names else "start_at"][0].as_py()
    code, stream, day, _version = one["chunk"][0].as_py().rsplit("/", 3)
    return f"{SAMPLE}/{code}/{stream}/{day}/{at.astimezone(UTC).isoformat()}"
