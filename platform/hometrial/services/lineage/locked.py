"""A cell of a lock in the database: its data set is made again of what the lock keeps, and its row's records are named."""

from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.deidentifying import Disguise, profile
from hometrial.exports.sdtm.assembling import Made, assemble
from hometrial.exports.sdtm.columnar import Columns, assemble_columns
from hometrial.exports.sdtm.domains import DOMAINS, tabulate
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy import projecting
from hometrial.exports.tidy.days import OTHER_NAMES
from hometrial.exports.tidy.tables import TIDY, Tidy
from hometrial.models import DataLock
from hometrial.services.lineage.cells import Cell, how_of
from hometrial.services.lineage.chain import Facts, facts, told
from hometrial.services.locking import keeping
from hometrial.services.locking.folders import Snapshot
from hometrial.services.locking.wanted import Wanted
from hometrial.services.metrics import RULES

_DAY = "participant_day"
_UNUSED = frozenset({"audit"})
"""The largest of the tables, of which no data set is made: it need not be released for one cell."""


@dataclass(frozen=True)
class LockMade:
    """A lock as it was kept, what of it was released, and how its people were disguised, if they were."""

    kept: Source
    released: Source
    disguise: Disguise | None


@dataclass(frozen=True)
class Asked:
    """Which cell is asked for; rows count from 1."""

    data_set: str
    row: int
    variable: str


def in_lock(
    session: Session, database: Database, lock: DataLock, asked: Asked
) -> tuple[Cell, Source]:
    """Return a cell of a lock, and the source tables that the lock keeps.

    Raises ExportRefusedError for a data set, a row or a variable that it has not; TrialError for a lock that is not seen.
    """
    kept = keeping.source_of(session, lock)
    wanted = Wanted(tuple(lock.formats), profile(lock.profile), tuple(lock.streams))
    told_of = Source({name: table for name, table in kept.tables.items() if name not in _UNUSED})
    snapshot = Snapshot(database, told_of, wanted, lock.made_at)
    lock_made = LockMade(kept, snapshot.released.source, snapshot.disguise)
    tidy = TIDY.get(asked.data_set.lower())
    if tidy is not None:
        return _of_tidy(tidy, lock_made, asked), kept
    made = _made(lock_made.released, asked.data_set.upper())
    name, variable = made.data_set.name, asked.variable.upper()
    value = _value(name, made.table, asked.row, variable)
    chosen = made.lineage.filter(pc.equal(made.lineage["row"], asked.row))
    records = tuple(_named(each, lock_made) for each in chosen["source"].to_pylist())
    return Cell(name, asked.row, variable, value, how_of(name, variable), records), kept


def _made(source: Source, name: str) -> Made:
    """Return a tabulation or an analysis data set. Raises ExportRefusedError if there is none of this name."""
    found = _domain(source, name.removeprefix("SUPP"))
    if name not in found:
        found = tabulate(source)
    if name not in found:
        found = {**found, **analyse(source, found)}
    if name not in found:
        raise ExportRefusedError(
            f"the lock has no data set {name}; it has {', '.join((*found, *TIDY))}"
        )
    return found[name]


def _domain(source: Source, name: str) -> dict[str, Made]:
    """Return a domain and its supplement, without the others; nothing if no function makes it."""
    if name not in DOMAINS:
        return {}
    study = Study(source)
    rows = DOMAINS[name](study)
    if not len(rows):
        return {}
    sets = (
        assemble_columns(name, rows, study)
        if isinstance(rows, Columns)
        else assemble(name, rows, study)
    )
    return {each.data_set.name: each for each in sets}


def _value(name: str, table: pa.Table, row: int, variable: str) -> str:
    if variable not in table.column_names:
        raise ExportRefusedError(
            f"{name} has no variable {variable}; it has {', '.join(table.column_names)}"
        )
    if not 1 <= row <= table.num_rows:
        raise ExportRefusedError(f"{name} has no row {row}; it has rows 1 to {table.num_rows}")
    value = table[variable][row - 1].as_py()
    return "" if value is None else told(value)


def _of_tidy(tidy: Tidy, lock_made: LockMade, asked: Asked) -> Cell:
    """Return a cell of a tidy table: its row is one record; of a day's figure it is that figure."""
    table = tidy.rows(lock_made.released)
    variable = asked.variable.lower()
    value = _value(tidy.name, table, asked.row, variable)
    records = [_named(f"{tidy.source}/{_record(tidy, lock_made.released, asked.row)}", lock_made)]
    metric = OTHER_NAMES.get(variable, variable)
    if tidy.name == _DAY and metric in RULES and value:
        records = [f"daily_metric/{records[0].partition('/')[2]}/{metric}"]
    return Cell(tidy.name, asked.row, variable, value, _how(tidy, variable), tuple(records))


def _record(tidy: Tidy, source: Source, row: int) -> str:
    """Return the id of the record of a row: the rows are those of the source table, in the order of the keys."""
    table = source.table(tidy.source).combine_chunks()
    made = projecting.projected(tidy.name, table, tidy.compute(source, table))
    order = pc.sort_indices(made, [(key, "ascending") for key in tidy.keys])
    found: str = table["id"][order[row - 1].as_py()].as_py()
    return found


def _how(tidy: Tidy, variable: str) -> Facts:
    found = next(each for each in tidy.variables if each.name == variable)
    return facts({"label": found.label, "unit": found.unit or None, "method": found.text or None})


def _named(record: str, lock_made: LockMade) -> str:
    """Return a record under the name that it has in the house, whatever it was called when it left."""
    if lock_made.disguise is None:
        return record
    table, _, name = record.partition("/")
    if table == "participant":
        known = {new: old for old, new in lock_made.disguise.names.items()}
        return f"{table}/{known.get(name, name)}"
    ids = lock_made.kept.table(table)["id"].to_pylist()
    return f"{table}/{_renamed(lock_made.disguise, tuple(ids)).get(name, name)}"


@lru_cache(maxsize=64)
def _renamed(disguise: Disguise, ids: tuple[str, ...]) -> dict[str, str]:
    return {disguise.record(each): each for each in ids}
