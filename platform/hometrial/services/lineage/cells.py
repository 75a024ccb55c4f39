"""A cell of a delivered data set: what it says, how its variable is made, and which source records its row came of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports import vouching
from hometrial.exports.folder import MANIFEST, MANIFEST_SUMS
from hometrial.exports.provenance import LINEAGE, read_lineage
from hometrial.exports.sdtm import standard
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.tables import TIDY
from hometrial.services.lineage.chain import Chain, Facts, facts, told
from hometrial.services.lineage.tracing import trace
from hometrial.services.locking import keeping

_PARQUET = ("sdtm-parquet", "adam-parquet")
_SHIFTED, _TWIN = "public", "twin"
_RESULTS = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
_CODE = 2  # letters of a domain, which its variables begin with; QSFSS is one of QS


@dataclass(frozen=True)
class Cell:
    """A cell, and the source records of its row. `value` is None where the folder has no Parquet file to read it from.

    `empty_because`: of a result that was not obtained, what its row says of why (--REASND).
    """

    data_set: str
    row: int
    variable: str
    value: str | None
    how: Facts
    records: tuple[str, ...]
    empty_because: str | None = None


@dataclass(frozen=True)
class Traced:
    """A cell with a chain for each record of its row; those beyond what was asked for are only named, in `more`."""

    cell: Cell
    chains: tuple[Chain, ...]
    more: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        cell = self.cell
        return {
            "data_set": cell.data_set,
            "row": cell.row,
            "variable": cell.variable,
            "value": cell.value,
            "empty_because": cell.empty_because,
            "variable_is_made": dict(cell.how),
            "chains": [each.document() for each in self.chains],
            "more_records": list(self.more),
        }


def in_folder(place: Path, data_set: str, row: int, variable: str) -> Cell:
    """Return a cell of a folder. Raises ExportRefusedError for a data set, a row or a variable that it has not."""
    name = data_set.upper()
    known = {each.stem: each for each in (place / LINEAGE).glob("*.parquet")}
    if name.lower() in TIDY and known:
        raise ExportRefusedError(
            f"{place} tells no lineage of the tidy table {name.lower()}; give the name of its lock instead of the folder"
        )
    if name not in known:
        there = ", ".join(sorted(known))
        raise ExportRefusedError(
            f"{place} tells no lineage of {name}; it does of: {there or 'nothing, so it is no folder of data sets'}"
        )
    path = known[name]
    value, reason = _value(place, name, row, variable.upper())
    records = tuple(read_lineage(place, name, row))
    if not records:
        rows = pq.read_table(path, columns=["row"])["row"].to_pylist()
        raise ExportRefusedError(
            f"{name} has no row {row}; it has rows 1 to {max(rows, default=0)}"
        )
    how = how_of(name, variable.upper())
    return Cell(name, row, variable.upper(), value, how, records, reason)


def _value(place: Path, name: str, row: int, variable: str) -> tuple[str | None, str | None]:
    """Read a cell, and why it is empty, from a folder's Parquet. Raises ExportRefusedError for a variable or a row that is not there."""
    found = [
        path
        for folder in _PARQUET
        for path in (place / folder).glob("*.parquet")
        if path.stem.upper() == name
    ]
    if not found:
        return None, None
    table = pq.read_table(found[0])
    if variable not in table.column_names:
        raise ExportRefusedError(
            f"{name} has no variable {variable}; it has {', '.join(table.column_names)}"
        )
    if not 1 <= row <= table.num_rows:
        raise ExportRefusedError(f"{name} has no row {row}; it has rows 1 to {table.num_rows}")
    return said_of(table.slice(row - 1, 1), name, variable)


def reason_of(name: str, variable: str) -> str:
    """Return the variable that says why a result is empty; empty for a variable that is no result."""
    domain = name[:_CODE]
    return f"{domain}REASND" if variable.removeprefix(domain) in _RESULTS else ""


def said_of(row: pa.Table, name: str, variable: str) -> tuple[str, str | None]:
    """Return what a cell of a table of one row says; and of one that says nothing why, if that is told."""
    value, reason = row[variable][0].as_py(), reason_of(name, variable)
    if value not in (None, ""):
        return told(value), None
    has_reason = reason in row.column_names
    return "", (row[reason][0].as_py() or None) if has_reason else None


def how_of(name: str, variable: str) -> Facts:
    """Return how a variable of a tabulation comes about, as its Define-XML says; nothing of other data sets."""
    try:
        column = standard.domain(name).column(variable)
    except (KeyError, StopIteration):
        return ()
    known = {
        "label": column.label,
        "origin": column.origin,
        "source": column.source,
        "method": column.method or None,
    }
    return facts(known)


def lock_of(session: Session, place: Path) -> Source | None:
    """Return the source tables of the lock that a folder is of, None for a draft and for a lock of elsewhere.

    Raises ExportRefusedError for a folder without a manifest, and for one whose dates were moved: its records have names
    that lead nowhere.
    """
    path = place / MANIFEST
    if not path.is_file():
        raise ExportRefusedError(f"{place} has no {MANIFEST}, so it is no folder of data sets")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if (manifest.get("profile") or {}).get("name") == _SHIFTED:
        raise ExportRefusedError(
            f"{place} was made for the public: its records were renamed, and nothing in it leads back; "
            "trace the same row in a lock of the profile study"
        )
    if manifest.get("kind") == _TWIN:
        raise ExportRefusedError(
            f"{place} is a twin: its people are invented, and nothing is behind them"
        )
    known = {each.name: each for each in keeping.locks(session)}
    lock = known.get(str(manifest.get("name")))
    if lock is not None and not _is_its_root(place, lock.root):
        raise ExportRefusedError(
            f"{place} says that it is lock {lock.name}, and its root is another than that lock's: it was changed, or is of "
            f"another installation; run: hometrial lock verify {place}"
        )
    return None if lock is None else keeping.source_of(session, lock)


def _is_its_root(place: Path, root: str) -> bool:
    return (place / MANIFEST_SUMS).is_file() and vouching.root_of(place) == root


def traced(session: Session, cell: Cell, taken: Source | None, most: int = 1000) -> Traced:
    """Return a cell with the chains of its records, so many at most. Raises ExportRefusedError."""
    chains = tuple(trace(session, each, taken) for each in cell.records[:most])
    return Traced(cell, chains, cell.records[most:])
