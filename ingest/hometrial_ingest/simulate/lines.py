"""CSV lines by the million: whole columns of US stamps and numbers joined by pyarrow, not row by row."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_DAY = 86_400
Integers = npt.NDArray[np.int64]


def stamps(wall_clock: Integers) -> pa.Array:
    """Return wall clocks (seconds since 1970-01-01 00:00 local) as Fitabase writes them.

    No leading zeros, twelve hours: `4/12/2016 7:21:00 AM`.
    """
    days, number = np.unique(wall_clock // _DAY, return_inverse=True)
    dates = pa.array([us_date(int(day)) for day in days], pa.string()).take(pa.array(number))
    times = _clock_faces().take(pa.array(wall_clock % _DAY))
    return pc.binary_join_element_wise(dates, times, "")


def us_date(day: int) -> str:
    """Return a day (days since 1970-01-01) as `4/12/2016`."""
    moment = datetime.fromtimestamp(day * _DAY, UTC)
    return f"{moment.month}/{moment.day}/{moment.year}"


def integers(values: Integers) -> pa.Array:
    """Return whole numbers as text."""
    return pa.array(values).cast(pa.string())


def lines(person: int, *columns: pa.Array) -> memoryview:
    """Return the bytes of CSV lines `person,column,column` ended by CR LF, as Fitabase ends them."""
    ends = pa.repeat(pa.scalar("\r\n"), len(columns[0]))
    joined = pc.binary_join_element_wise(pa.scalar(str(person)), *columns, ",")
    text = pc.binary_join_element_wise(joined, ends, "")
    # The data buffer of a string array that was just made is its strings end to end: the file's bytes.
    data = text.buffers()[2]
    return memoryview(b"") if data is None else memoryview(data)[: _length(text)]


def _length(text: pa.Array) -> int:
    return int(np.frombuffer(text.buffers()[1], np.int32)[len(text)])


@cache
def _clock_faces() -> pa.Array:
    """All 86,400 times of a day: ` 12:00:00 AM` to ` 11:59:59 PM`."""
    return pa.array(
        [
            f" {(second // 3_600 - 1) % 12 + 1}:{second // 60 % 60:02d}:{second % 60:02d}"
            f" {'AM' if second < _DAY // 2 else 'PM'}"
            for second in range(_DAY)
        ],
        pa.string(),
    )
