"""Every data set of a lock laid out for lineage: its cells, and beside each row the source records that it came of.

To make one analysis data set all tabulations are needed; so they are all made once, and a cell is read from its file.
"""

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy import projecting
from hometrial.exports.tidy.tables import TIDY, Tidy

RECORDS = "source records"
"""The column of the records of a row; no variable can have this name."""
ROWS_IN_A_GROUP = 5_000
"""So many rows are read for one cell."""


def laid_out(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield each data set that source tables make, under the name of its file.

    Raises ValueRefusedError for a value that no data set can hold.
    """
    tabulations = tabulate(source)
    for made in (*tabulations.values(), *analyse(source, tabulations).values()):
        yield file_of(made.data_set.name), _written(made.table, _records(made))
    for each in TIDY.values():
        if each.source == "audit":
            continue  # the trail is behind everything, and nothing is behind the trail
        yield file_of(each.name), _written(each.rows(source), _record(each, source))


def file_of(name: str) -> str:
    """Return the name of a data set's file; those of standards and tidy tables differ in more than capitals."""
    return f"{'tidy-' if name in TIDY else ''}{name}.parquet"


def _written(table: pa.Table, records: pa.Array) -> bytes:
    out = io.BytesIO()
    both = table.append_column(RECORDS, records)
    pq.write_table(both, out, ROWS_IN_A_GROUP, compression="zstd", version="2.6")
    return out.getvalue()


def _records(made: Made) -> pa.Array:
    """Return of each row its source records, in the order in which its lineage has them."""
    rows, sources = made.lineage["row"].to_numpy(), made.lineage["source"].combine_chunks()
    order = rows.argsort(kind="stable")
    offsets = np.searchsorted(rows[order], np.arange(1, made.table.num_rows + 2))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), sources.take(pa.array(order)))


def _record(tidy: Tidy, source: Source) -> pa.Array:
    """Return of each row its one record: the rows are those of the source table, in the order of the keys."""
    table = source.table(tidy.source).combine_chunks()
    made = projecting.projected(tidy.name, table, tidy.compute(source, table))
    order = pc.sort_indices(made, [(key, "ascending") for key in tidy.keys])
    named = pc.binary_join_element_wise(tidy.source, table["id"].combine_chunks().take(order), "/")
    offsets = pa.array(range(len(named) + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, named)
