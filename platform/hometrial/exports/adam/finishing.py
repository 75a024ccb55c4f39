"""Rows of an analysis data set become its canonical frame, in the order of its keys, with their lineage."""

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
    """Return an analysis data set of its rows; identifiers and population come of the subjects.

    Raises ValueRefusedError for a required value that is missing, or two rows with the same keys.
    """
    data_set = standard.data_set(name)
    rows = rows.sort_values([*data_set.keys, KEY], kind="stable").reset_index(drop=True)
    if any(each.name == "ASEQ" for each in data_set.columns):
        rows["ASEQ"] = rows.groupby("USUBJID").cumcount() + 1
    columns = tuple(each for each in data_set.columns if _is_kept(each, rows))
    kept = {each.name for each in columns}
    made = replace(
        data_set, columns=columns, keys=tuple(each for each in data_set.keys if each in kept)
    )
    metadata.check(made)
    arrays = [_array(name, each, rows) for each in columns]
    table = pa.Table.from_arrays(arrays, schema=metadata.schema(made))
    return Made(made, table, _lineage(rows, links, trial))


def _is_kept(column: Column, rows: Frame) -> bool:
    """Keep what is required or expected, and what has a value."""
    if column.core in ("Req", "Exp"):
        return True
    return column.name in rows and bool(
        (rows[column.name].notna() & (rows[column.name] != "")).any()
    )


def _array(name: str, column: Column, rows: Frame) -> pa.Array:
    if column.name not in rows:
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
        lineage = trial.lineage(str(domain))
        asked = Frame({"place": own[KEY].map(place), ROW: own[ROW].astype("int64")}).dropna()
        found.append(asked.merge(lineage, left_on=ROW, right_on="row")[["place", "source"]])
    if not found:
        return LINEAGE.empty_table()
    together = pd.concat(found).drop_duplicates().sort_values(["place", "source"])
    rows_of = pa.array(together["place"].to_numpy("int64"), pa.int64())
    return pa.Table.from_arrays(
        [rows_of, pa.array(together["source"].astype("object"), pa.string())], schema=LINEAGE
    )
