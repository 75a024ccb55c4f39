"""Rows of an analysis data set become its canonical frame, in the order of its keys, with their lineage."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports import metadata
from hometrial.exports.adam import standard
from hometrial.exports.adam.trial import ROW, Frame, Trial
from hometrial.exports.metadata import Column, ValueRefusedError
from hometrial.exports.sdtm.assembling import LINEAGE, Made

KEY = "_key"
"""Of a row while it is made: a number of its own, by which its sources are known."""
LINKS = [KEY, "SRCDOM", ROW]
"""Columns of the sources of rows: the row's key, the tabulation, and the row there."""


def own_links(rows: Frame) -> Frame:
    """Return the sources of rows that are each made of one row of a tabulation."""
    return rows.loc[rows[ROW].notna(), LINKS]


def finish(name: str, rows: Frame, links: Frame, trial: Trial) -> Made:
    """Return an analysis data set of its rows, or of those of some subjects, with every variable that it may have.

    Raises ValueRefusedError for a required value that is missing, or a variable that no row has.
    """
    data_set = standard.data_set(name)
    metadata.check(data_set)
    rows = rows.sort_values([*data_set.keys, KEY], kind="stable").reset_index(drop=True)
    if any(each.name == "ASEQ" for each in data_set.columns):
        rows["ASEQ"] = rows.groupby("USUBJID").cumcount() + 1
    arrays = [_array(name, each, rows) for each in data_set.columns]
    table = pa.Table.from_arrays(arrays, schema=metadata.schema(data_set))
    return Made(data_set, table, _lineage(rows, links, trial))


def together(parts: Sequence[Made]) -> Made:
    """Return a whole data set of its parts, in the order of their subjects, with the variables that say something."""
    whole = pa.concat_tables([each.table for each in parts])
    columns = tuple(each for each in parts[0].data_set.columns if _is_kept(each, whole[each.name]))
    kept = {each.name for each in columns}
    made = replace(
        parts[0].data_set,
        columns=columns,
        keys=tuple(each for each in parts[0].data_set.keys if each in kept),
    )
    arrays = [whole[each.name].combine_chunks() for each in columns]
    table = pa.Table.from_arrays(arrays, schema=metadata.schema(made))
    return Made(made, table, pa.concat_tables(_renumbered(parts)).combine_chunks())


def _renumbered(parts: Sequence[Made]) -> Iterator[pa.Table]:
    """Yield the lineage of each part, its rows numbered as those of the whole."""
    before = 0
    for each in parts:
        rows = pc.add(each.lineage["row"], before)
        yield pa.Table.from_arrays([rows, each.lineage["source"]], schema=LINEAGE)
        before += each.table.num_rows


def _is_kept(column: Column, values: pa.ChunkedArray) -> bool:
    """Keep what is required or expected, and what has a value."""
    if column.core in ("Req", "Exp"):
        return True
    if column.kind == "text":
        return bool(pc.any(pc.not_equal(values, "")).as_py())
    return int(values.null_count) < len(values)


def _array(name: str, column: Column, rows: Frame) -> pa.Array:
    if column.name not in rows:
        if column.core not in ("Req", "Exp"):
            nothing = pa.nulls(len(rows), metadata.ARROW[column.kind])
            return pc.fill_null(nothing, "") if column.kind == "text" else nothing
        raise ValueRefusedError(
            f"{name}.{column.name} was made for no row, and its table asks for it"
        )
    values = rows[column.name]
    if column.kind == "text":
        made = pc.fill_null(pa.array(values, from_pandas=True).cast(pa.string()), "")
        is_empty = pc.equal(made, "")
    elif column.kind == "date":
        made = pa.array(values.astype("datetime64[s]").to_numpy("datetime64[D]"), pa.date32())
        is_empty = pc.is_null(made)
    else:
        numbers = pa.array(values.astype("float64").to_numpy(), pa.float64(), from_pandas=True)
        made = numbers.cast(metadata.ARROW[column.kind])
        is_empty = pc.is_null(made)
    if column.core == "Req" and pc.any(is_empty).as_py():
        subject = rows["USUBJID"].iloc[is_empty.to_pylist().index(True)]
        raise ValueRefusedError(
            f"{name}.{column.name} of {subject} is empty, and the standard requires it"
        )
    return made


def _lineage(rows: Frame, links: Frame, trial: Trial) -> pa.Table:
    place = pd.Series(np.arange(1, len(rows) + 1), rows[KEY])
    found = []
    for domain, own in links.groupby("SRCDOM", sort=True):
        lineage = trial.lineage(str(domain), own[ROW])
        asked = Frame({"place": own[KEY].map(place), ROW: own[ROW].astype("int64")}).dropna()
        found.append(asked.merge(lineage, left_on=ROW, right_on="row")[["place", "source"]])
    if not found:
        return LINEAGE.empty_table()
    together = pd.concat(found).drop_duplicates().sort_values(["place", "source"])
    rows_of = pa.array(together["place"].to_numpy("int64"), pa.int64())
    return pa.Table.from_arrays(
        [rows_of, pa.array(together["source"].astype("object"), pa.string())], schema=LINEAGE
    )
