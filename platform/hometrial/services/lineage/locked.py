"""A cell of a lock in the database: read from what the lock's data sets are once laid out into, with its row's records."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import Disguise, profile
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.days import OTHER_NAMES
from hometrial.exports.tidy.tables import TIDY, Tidy
from hometrial.models import DataLock
from hometrial.services.lineage import sampled
from hometrial.services.lineage.cells import Cell, how_of, reason_of, said_of
from hometrial.services.lineage.chain import Facts, facts
from hometrial.services.lineage.laying import RECORDS, ROWS_IN_A_GROUP, file_of
from hometrial.services.lineage.shelved import shelved
from hometrial.services.locking import worked_out
from hometrial.services.locking.folders import Snapshot
from hometrial.services.locking.wanted import Wanted
from hometrial.services.locking.worked_out import LINEAGE, Order
from hometrial.services.metrics import RULES

_DAY, _TRAIL = "participant_day", "audit_trail"


@dataclass(frozen=True)
class Asked:
    """Which cell is asked for; rows count from 1."""

    data_set: str
    row: int
    variable: str


def in_lock(
    session: Session, database: Database, lock: DataLock, asked: Asked
) -> tuple[Cell, Source]:
    """Return a cell of a lock, and the source tables that the lock keeps; the first one of a lock has it laid out.

    Raises ExportRefusedError for a data set, a row or a variable that it has not; TrialError for a lock that is not
    seen, or cannot be laid out.
    """
    kept, order, home = shelved(session, lock), Order(LINEAGE, lock.number), database.settings.home
    if sampled.is_of_samples(asked.data_set):
        told = asked.data_set, asked.row, asked.variable
        return sampled.in_lock(database, lock, kept, told), kept
    standing = worked_out.standing(session, home, order)
    if standing.state != "ready":
        worked_out.make(database, order)
        standing = worked_out.standing(session, home, order)
    if standing.state != "ready":
        raise ExportRefusedError(f"lock {lock.name} cannot be laid out: {standing.error}")
    name = asked.data_set.lower() if asked.data_set.lower() in TIDY else asked.data_set.upper()
    path = _file(worked_out.file(home, standing.name, ""), name)
    tidy = TIDY.get(name)
    variable = asked.variable.upper() if tidy is None else asked.variable.lower()
    (value, reason), records = _read(path, name, asked.row, variable)
    if tidy is not None:
        records = _of_tidy(tidy, variable, value, records)
    how = how_of(name, variable) if tidy is None else _how(tidy, variable)
    disguise = _disguise(database, lock, kept)
    named = tuple(_named(each, disguise, kept) for each in records)
    return Cell(name, asked.row, variable, value, how, named, reason), kept


def _file(place: Path, name: str) -> Path:
    """Return the file of a data set. Raises ExportRefusedError for one that is not there: no other file is ever read."""
    if name == _TRAIL:
        raise ExportRefusedError(
            f"{name}: its rows are the trail itself, and nothing is behind them; `hometrial audit verify` proves them"
        )
    there = {each.name: each for each in place.iterdir()}
    if file_of(name) not in there:
        names = sorted(each.stem.removeprefix("tidy-") for each in there.values())
        raise ExportRefusedError(
            f"the lock has no data set {name}; it has {', '.join(names)}, and samples/STREAM/participant=P/month=YYYY-MM"
        )
    return there[file_of(name)]


def _read(
    path: Path, name: str, row: int, variable: str
) -> tuple[tuple[str, str | None], list[str]]:
    """Return a cell and the records of its row; of the file no more is read than the rows about it."""
    with pq.ParquetFile(path) as file:
        columns = [each for each in file.schema_arrow.names if each != RECORDS]
        if variable not in columns:
            raise ExportRefusedError(
                f"{name} has no variable {variable}; it has {', '.join(columns)}"
            )
        if not 1 <= row <= file.metadata.num_rows:
            raise ExportRefusedError(
                f"{name} has no row {row}; it has rows 1 to {file.metadata.num_rows}"
            )
        group, place = divmod(row - 1, ROWS_IN_A_GROUP)
        beside = [each for each in columns if each == reason_of(name, variable)]
        wanted = [variable, *beside, RECORDS]
        found: pa.Table = file.read_row_group(group, wanted).slice(place, 1)
    return said_of(found, name, variable), found[RECORDS][0].as_py()


def _of_tidy(tidy: Tidy, variable: str, value: str, records: list[str]) -> list[str]:
    """Return the record of a row of a tidy table; of a day's figure it is that figure."""
    metric = OTHER_NAMES.get(variable, variable)
    if tidy.name == _DAY and metric in RULES and value:
        return [f"daily_metric/{each.partition('/')[2]}/{metric}" for each in records]
    return records


def _how(tidy: Tidy, variable: str) -> Facts:
    found = next(each for each in tidy.variables if each.name == variable)
    return facts({"label": found.label, "unit": found.unit or None, "method": found.text or None})


def _disguise(database: Database, lock: DataLock, kept: Source) -> Disguise | None:
    """Return how a lock's people were disguised, if they were."""
    wanted = Wanted(tuple(lock.formats), profile(lock.profile), tuple(lock.streams))
    return Snapshot(database, kept, wanted, lock.made_at).disguise


def _named(record: str, disguise: Disguise | None, kept: Source) -> str:
    """Return a record under the name that it has in the house, whatever it was called when it left."""
    if disguise is None:
        return record
    table, _, name = record.partition("/")
    if table == "participant":
        known = {new: old for old, new in disguise.names.items()}
        return f"{table}/{known.get(name, name)}"
    ids = kept.table(table)["id"].to_pylist()
    return f"{table}/{_renamed(disguise, tuple(ids)).get(name, name)}"


@lru_cache(maxsize=64)
def _renamed(disguise: Disguise, ids: tuple[str, ...]) -> dict[str, str]:
    return {disguise.record(each): each for each in ids}
