"""What a heart-rate series shows about the device: placeholders, a stuck value, pauses, coverage."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import DAY, MINUTE, Context, placed
from hometrial_validation.prepare.groups import grouped, in_time

FILLER = 70
"""The placeholder of Fitbit devices, beats a minute: it carries confidence 0 in account exports, and
stands out by thousands of rows in exports without confidence."""
_SPIKE_ROWS = 30


def with_filler(frame: pd.DataFrame, _context: Context) -> pd.DataFrame:
    """Add `filler`: the value is exactly 70 with confidence 0, or one of a spike of exact 70.

    A spike, where there is no confidence: at least 30 rows of one participant and source, and more
    than twice as many as have 69 and as have 71.
    """
    exact = frame["value"] == FILLER
    confidence = frame["confidence"].astype("float64")
    zero = confidence == 0
    spike = confidence.isna() & _in_spike(frame)
    return frame.assign(filler=exact & (zero | spike) & placed(frame))


def _in_spike(frame: pd.DataFrame) -> np.ndarray:
    group = grouped(frame, ("participant", "source"))
    value = frame["value"].to_numpy()
    size = int(group.max(initial=-1)) + 1
    below, at, above = (
        np.bincount(group[value == FILLER + step], minlength=size) for step in (-1, 0, 1)
    )
    spiked = (at >= _SPIKE_ROWS) & (at > 2 * np.maximum(below, above))
    return np.asarray(spiked[group])


def with_series(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add `run_minutes`, `gap_minutes`, and on the first row of each local day `covered_minutes`.

    `run_minutes` is how long the value has stood still around a row; `gap_minutes` how long the
    series paused before it on the same local day; `covered_minutes` what the day's samples cover
    when pauses of less than `pause_minutes` count as worn. A series is one participant's and source's.
    """
    rows = frame.loc[placed(frame), ["row_id", "participant", "source", "at", "local", "value"]]
    group = grouped(rows, ("participant", "source"))
    order = in_time(rows, group)
    rows, group = rows.iloc[order], group[order]
    day = (rows["local"] // DAY).to_numpy()
    at, pause = rows["at"].to_numpy(), context.settings.pause_minutes
    facts = pd.DataFrame(
        {
            "run_minutes": _runs(group, at, rows["value"].to_numpy(), pause),
            "gap_minutes": _gaps(_change(group, day), at),
        },
        index=rows.index,
    )
    facts["covered_minutes"] = _covered(_change(group, day), facts["gap_minutes"].to_numpy(), pause)
    return frame.assign(**{str(name): facts[name].reindex(frame.index) for name in facts})


def _change(*columns: np.ndarray) -> np.ndarray:
    starts = np.ones(len(columns[0]), dtype=bool)
    starts[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return starts


def _runs(group: np.ndarray, at: np.ndarray, value: np.ndarray, pause: float) -> np.ndarray:
    starts = _change(group, value)
    starts[1:] |= np.diff(at) >= pause * MINUTE
    first = np.flatnonzero(starts)
    if not len(first):
        return np.empty(0)
    last = np.append(first[1:], len(at)) - 1
    minutes = (at[last] - at[first]) / MINUTE
    return np.asarray(minutes[np.cumsum(starts) - 1])


def _gaps(starts: np.ndarray, at: np.ndarray) -> np.ndarray:
    gaps = np.full(len(at), np.nan)
    gaps[1:] = np.diff(at) / MINUTE
    gaps[starts] = np.nan
    return gaps


def _covered(starts: np.ndarray, gaps: np.ndarray, pause: float) -> np.ndarray:
    worn = np.where(gaps < pause, gaps, 0.0)
    covered = np.full(len(gaps), np.nan)
    covered[starts] = np.bincount(np.cumsum(starts) - 1, weights=worn)
    return covered
