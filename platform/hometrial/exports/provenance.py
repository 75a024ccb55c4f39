"""Where a folder's data sets came from: of each the source tables and the code, of each row its records, and what changed.

`provenance.json` speaks of entities, activities and what was used, as W3C PROV does; `lineage/*.parquet` goes down to rows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from hometrial.exports.differing import SCHEMA, differences
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.source.reading import Source, kept
from hometrial.exports.tidy.tables import Tidy
from hometrial.exports.writing import csv_table

LINEAGE = "provenance/lineage"
PROVENANCE = "provenance/provenance.json"


@dataclass(frozen=True)
class Before:
    """The lock before: what it was made of, released by the same profile, and its newest entry of the trail.

    `trail`: the trail of the lock that is made, with reasons as they may leave; its states lead from what was changed to
    the record that it is a part of, and leave in no file.
    """

    source: Source
    cutoff: int
    number: int
    trail: pa.Table | None = None


def write_lineage(place: Path, made: Iterable[Made]) -> dict[Path, int]:
    """Write of each data set which source records each row came of."""
    found = {}
    for each in made:
        path = place / LINEAGE / f"{each.data_set.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(each.lineage, path, compression="zstd", version="2.6")
        found[path] = each.lineage.num_rows
    return found


def read_lineage(place: Path, data_set: str, row: int) -> list[str]:
    """Return the source records of a row (from 1) of a data set in a folder."""
    path = place / LINEAGE / f"{data_set.upper()}.parquet"
    table: pa.Table = pq.read_table(path, filters=[("row", "=", row)])
    sources: list[str] = table["source"].to_pylist()
    return sources


def write(
    place: Path,
    source: Source,
    code: Mapping[str, Any],
    made: Mapping[str, list[str]],
    tidy: Iterable[Tidy],
) -> dict[Path, int]:
    """Write provenance.json; return it with the number of data sets it tells of.

    `made`: the source tables of each data set of a standard, by its name.
    """
    tables = {
        name: {"rows": source.table(name).num_rows, "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in kept(source)
    }
    used = {**made} | {f"tidy.{each.name}": [each.source] for each in tidy}
    body = {
        "activity": {"code": code["version"], "sha256": code["sha256"]},
        "source_tables": tables,
        "used": used,
    }
    path = place / PROVENANCE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return {path: len(used)}


def tables_of(made: Made) -> list[str]:
    """Return the source tables that a data set's rows came of."""
    return sorted({each.partition("/")[0] for each in made.lineage["source"].unique().to_pylist()})


def write_changes(place: Path, source: Source, before: Before) -> dict[Path, int]:
    """Write what differs from the lock before: rows added, changed, removed, with who did it, when and why."""
    after = source if before.trail is None else source.with_table("audit", before.trail)
    rows = [each.row() for each in differences(before.source, after, before.cutoff)]
    path = place / f"changes-since-{before.number:04d}.csv"
    options = pa_csv.WriteOptions(quoting_style="needed")
    pa_csv.write_csv(csv_table(pa.Table.from_pylist(rows, SCHEMA)), path, options)
    return {path: len(rows)}
