"""minuteStepsWide: an hour a line, a minute a column."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Frame, Segment, nonempty
from hometrial_ingest.reader import SEGMENT_ROWS, SourceFile
from hometrial_ingest.readers.fitabase import cells
from hometrial_ingest.readers.fitabase.lines import NO_NUMBER, NO_STAMP, Sieve, sieves
from hometrial_ingest.signals import Signal

# Id,ActivityHour,Steps00,Steps01,...,Steps59
# 1503960366,4/13/2016 12:00:00 AM,4,16,...,0
STAMP = "ActivityHour"
MINUTES = [f"Steps{minute:02}" for minute in range(60)]
COLUMNS = [STAMP, *MINUTES]
"""The columns that the file must have."""

_MINUTE = 60_000_000
_EMPTY_HOUR = "no minute of the hour has a value; export the file again"
# A cell is at least a digit and a comma; more minutes than this cannot be in such a block.
_BLOCK_BYTES = 2 * SEGMENT_ROWS


def read_wide(file: SourceFile) -> Iterator[Segment]:
    """Yield a sample for each minute that has a value; an empty cell is a minute without one.

    Raises UnreadableFileError if a column is missing or the text is damaged.
    """
    for sieve in sieves(file, COLUMNS, _BLOCK_BYTES):
        sieve.take("local", STAMP, cells.stamps, NO_STAMP)
        values = _take_minutes(sieve)
        frame = _frame(sieve, values)
        yield Segment(sieve.rows.rows, nonempty([frame]), sieve.refused())


def _take_minutes(sieve: Sieve) -> np.ndarray:
    """Return the values as lines by minutes, not a number where a cell is empty; drop bad lines."""
    lines = len(sieve.rows.numbers)
    texts = pa.concat_arrays([sieve.rows.column(name) for name in MINUTES])
    parsed = cells.decimals(texts)
    empty = pc.equal(texts, "").to_numpy(zero_copy_only=False).reshape(60, lines)
    values: np.ndarray = parsed.to_numpy(zero_copy_only=False).reshape(60, lines)
    bad = np.isnan(values) & ~empty
    for minute in np.flatnonzero(bad.any(axis=1)):
        name = MINUTES[minute]
        sieve.drop(pa.array(bad[minute]), sieve.rows.column(name), name, NO_NUMBER)
    hours = f"{MINUTES[0]}..{MINUTES[-1]}"
    first = sieve.rows.column(MINUTES[0])
    sieve.drop(pa.array(empty.all(axis=0)), first, hours, _EMPTY_HOUR)
    return values.T


def _frame(sieve: Sieve, values: np.ndarray) -> Frame:
    table = sieve.table()
    kept = values[sieve.good().to_numpy(zero_copy_only=False)]
    line, minute = np.nonzero(~np.isnan(kept))
    hours = table.take(pa.array(line))
    return Frame.of(
        Signal.STEPS,
        {
            "row": hours["row"],
            "person": hours["person"],
            "local": pc.add(hours["local"], pa.array(minute * _MINUTE)),
            "duration": 60,
            "value": kept[line, minute],
            "source": "fitabase",
        },
    )
