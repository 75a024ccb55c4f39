"""minuteSleep: classic sleep, a minute a line; the lines of one log make one session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Frame, Segment, Unreadable, nonempty
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitabase import cells
from hometrial_ingest.readers.fitabase.lines import NO_IDENTIFIER, NO_STAMP, Sieve, sieves
from hometrial_ingest.signals import Signal
from hometrial_ingest.text import BLOCK_BYTES

# Id,date,value,logId
# 1503960366,4/12/2016 2:47:30 AM,3,11380564589
COLUMNS = ["date", "value", "logId"]
"""The columns that the file must have."""
LONGEST_LOG = 50_000
"""More minutes than this (over a month) are not one sleep; they would all have to be held in memory."""

_ASLEEP = "asleep"
_STAGES = {"1": _ASLEEP, "2": "restless", "3": "awake"}
_NO_STAGE = "not a state of sleep (1 asleep, 2 restless, 3 awake); export the file again"
_MINUTE = 60_000_000
_SECOND = 1_000_000


@dataclass(frozen=True)
class _Lines:
    """Consecutive lines of the file: all `rows` from `first` on, readable or not."""

    first: int
    rows: int
    table: pa.Table
    unreadable: Sequence[Unreadable]

    def and_then(self, others: "_Lines") -> "_Lines":
        table = pa.concat_tables([self.table, others.table]).combine_chunks()
        unreadable = [*self.unreadable, *others.unreadable]
        return _Lines(self.first, self.rows + others.rows, table, unreadable)

    def split(self, index: int) -> tuple["_Lines", "_Lines"]:
        """Return what stands before and from the readable line at an index."""
        row = self.table["row"][index].as_py()
        rows = row - self.first
        before = [line for line in self.unreadable if line.row < row]
        after = [line for line in self.unreadable if line.row > row]
        return (
            _Lines(self.first, rows, self.table.slice(0, index), before),
            _Lines(row, self.rows - rows, self.table.slice(index), after),
        )


def read_sleep(file: SourceFile, block_bytes: int = BLOCK_BYTES) -> Iterator[Segment]:
    """Yield each sleep log as one session and as a stage a line; no log is cut between two segments.

    Raises UnreadableFileError if a column is missing, the text is damaged or a log has no end.
    """
    open_log: _Lines | None = None
    for sieve in sieves(file, COLUMNS, block_bytes):
        lines = _sift(sieve)
        if open_log is not None:
            lines = open_log.and_then(lines)
        begins = _beginnings(lines.table)
        ended, open_log = lines.split(begins[-1]) if len(begins) else (lines, None)
        if ended.rows:
            yield _segment(ended)
        _refuse_endless(file, open_log)
    if open_log is not None:
        yield _segment(open_log)


def _sift(sieve: Sieve) -> _Lines:
    sieve.take("local", "date", cells.stamps, NO_STAMP)
    sieve.take("stage", "value", _stages, _NO_STAGE)
    sieve.take("log", "logId", cells.identifiers, NO_IDENTIFIER)
    return _Lines(sieve.rows.first, sieve.rows.rows, sieve.table(), sieve.refused())


def _stages(values: pa.Array) -> pa.Array:
    encoded = values.dictionary_encode()
    words = [_STAGES.get(word) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def _beginnings(table: pa.Table) -> np.ndarray:
    """Return the indices of the lines at which another log begins."""
    if not table.num_rows:
        return np.array([], np.int64)
    person, log = _codes(table["person"]), _codes(table["log"])
    changed = (person[1:] != person[:-1]) | (log[1:] != log[:-1])
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    codes: np.ndarray = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return codes


def _refuse_endless(file: SourceFile, log: _Lines | None) -> None:
    if log is None or log.table.num_rows <= LONGEST_LOG:
        return
    raise UnreadableFileError(
        file.path,
        f"a sleep log of more than {LONGEST_LOG} minutes begins in row {log.first}",
        "export the file again",
        field="logId",
        value=log.table["log"][0].as_py(),
    )


def _segment(lines: _Lines) -> Segment:
    frames = (
        [_session_frame(lines.table), _stage_frame(lines.table)] if lines.table.num_rows else []
    )
    return Segment(lines.rows, nonempty(frames), lines.unreadable)


def _session_frame(table: pa.Table) -> Frame:
    begins = _beginnings(table)
    local = table["local"].to_numpy()
    counted = _first_of_each_minute(local, begins)
    asleep = np.array(table["stage"].to_pylist()) == _ASLEEP
    start = np.minimum.reduceat(local, begins)
    end = np.maximum.reduceat(local, begins) + _MINUTE
    firsts = table.take(pa.array(begins))
    return Frame.of(
        Signal.SLEEP_SESSION,
        {
            "row": firsts["row"],
            "person": firsts["person"],
            "local": start,
            "duration": (end - start) // _SECOND,
            "value": np.add.reduceat(counted & asleep, begins, dtype=np.float64),
            "code": "classic",
            "session": firsts["log"],
            "source": "fitabase",
            "end_local": end,
            "minutes_in_bed": np.add.reduceat(counted, begins, dtype=np.float64),
        },
    )


def _first_of_each_minute(local: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return which lines count: Fitabase may write a log twice, and a minute is slept only once."""
    log = np.zeros(len(local), np.int64)
    log[begins] = 1
    log = np.cumsum(log)
    order = np.lexsort((local, log))
    again = (np.diff(local[order]) == 0) & (np.diff(log[order]) == 0)
    counted = np.ones(len(local), bool)
    counted[order[1:][again]] = False
    return counted


def _stage_frame(table: pa.Table) -> Frame:
    return Frame.of(
        Signal.SLEEP_STAGE,
        {
            "row": table["row"],
            "person": table["person"],
            "local": table["local"],
            "duration": 60,
            "code": table["stage"],
            "session": table["log"],
            "source": "fitabase",
            "overlay": False,
        },
    )
