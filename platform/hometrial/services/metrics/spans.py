"""Stretches of time: arrays of shape (n, 2) of int64 microseconds, each row [start, end)."""

import numpy as np
import numpy.typing as npt

from hometrial_ingest.local_time import SECOND, Int64

Bools = npt.NDArray[np.bool_]

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOTHING: Int64 = np.empty((0, 2), np.int64)
_EVER, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def spans(starts: Int64, ends: Int64) -> Int64:
    """Return one span for each start and end."""
    return np.column_stack((starts, ends))


def union(pieces: Int64, pause: int = 0) -> Int64:
    """Return the spans in order, those that overlap or are at most `pause` µs apart made one."""
    if not len(pieces):
        return NOTHING
    pieces = pieces[np.argsort(pieces[:, 0], kind="stable")]
    reach = np.maximum.accumulate(pieces[:, 1])
    apart = pieces[1:, 0] - reach[:-1] > pause
    return spans(pieces[np.append(True, apart), 0], reach[np.append(apart, True)])


def between(ordered: Int64) -> Int64:
    """Return the pauses between the spans of a union."""
    return spans(ordered[:-1, 1], ordered[1:, 0])


def without(ordered: Int64, removed: Int64) -> Int64:
    """Return what is left of one union outside another."""
    edges = np.concatenate(([[_EVER, _EVER]], removed, [[_NEVER, _NEVER]])).astype(np.int64)
    free = between(edges)
    starts = np.maximum.outer(ordered[:, 0], free[:, 0]).ravel()
    ends = np.minimum.outer(ordered[:, 1], free[:, 1]).ravel()
    return spans(starts, ends)[starts < ends]


def touches(pieces: Int64, ordered: Int64) -> Bools:
    """Say of each piece whether it shares a moment with a union."""
    if not len(ordered):
        return np.zeros(len(pieces), bool)
    following = np.searchsorted(ordered[:, 1], pieces[:, 0], "right")
    starts = np.append(ordered[:, 0], _NEVER)[following]
    return starts < pieces[:, 1]


def holds(ordered: Int64, moments: Int64) -> Bools:
    """Say of each moment whether it lies in a union."""
    return touches(spans(moments, moments + 1), ordered)


def minutes_of(pieces: Int64) -> float:
    """Return the sum of the spans' lengths in minutes."""
    return float((pieces[:, 1] - pieces[:, 0]).sum() / MINUTE)


def runs(flags: Bools) -> Int64:
    """Return [first, end) of each run of True, in positions of the array."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2).astype(np.int64)
