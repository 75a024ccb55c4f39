"""What the gate is given: a frame of samples of one signal, and what is known around it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.verdict import GateError

SECOND = 1_000_000
"""Microseconds, the unit of `at` and `local`."""
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

COLUMNS: Mapping[str, str] = {
    "row_id": "int64, unique: names the row in the verdict",
    "participant": "category: pseudonym",
    "at": "int64: instant, microseconds since 1970 UTC; 0 if not placed",
    "local": "int64: wall clock, microseconds since 1970-01-01 00:00 local",
    "offset": "int32: local minus UTC, seconds; 0 if not placed",
    "duration": "int64: seconds",
    "value": "float64: in the signal's unit",
    "code": "category: stage or kind of session",
    "session": "text: the source's key of the sleep session",
    "source": "category: provider and instrument",
    "placement": "category: placed, in_gap or ambiguous",
}
"""Columns of every frame. A column `zone` (category, IANA name) may be added; sentences then name it. So may
`device` (category, null where it is not named); without it no device is known."""

SESSION_COLUMNS: Mapping[str, str] = {
    "end_at": "float64 or Int64: instant of the end as the source gives it, microseconds UTC",
    "minutes_in_bed": "float64: as the source gives it",
    "in_progress": "bool: the session was still running when it was read",
}
STAGE_COLUMNS: Mapping[str, str] = {
    "overlay": "bool: a short awakening laid over the stages, not one of their sequence",
}
HEART_RATE_COLUMNS: Mapping[str, str] = {
    "confidence": "float64 or Int8: the source's own 0-3; null if it gives none",
}
PLACED, IN_GAP, AMBIGUOUS = "placed", "in_gap", "ambiguous"
"""Placements: the wall clock became an instant; it is skipped by a clock change; it happens twice."""

SESSIONS_COLUMNS = ("session", "participant", "source", "at", "duration", "minutes_in_bed")
TOTALS_COLUMNS = ("participant", "day", "value")


class Baseline(NamedTuple):
    """What is usual for one person: median and median absolute deviation over `days` days."""

    median: float
    deviation: float
    days: int


@dataclass(frozen=True)
class Settings:
    """Limits that are conventions, not physics; a study may set them. Time is UTC microseconds."""

    earliest: int = 315_532_800 * SECOND  # 1980-01-01, where a clock without battery starts again
    future_minutes: int = 5
    lowest_offset: int = -12 * 3600
    highest_offset: int = 14 * 3600
    overlap_seconds: float = 1.0
    session_margin_seconds: float = 60.0
    summary_minutes: float = 1.0
    # Google rounds each figure of a night by itself (wearables.md 1.10); the first name that fits counts.
    summary_minutes_of: Mapping[str, float] = field(
        default_factory=lambda: {"google-health": 2.0, "takeout/fitbit": 1.0, "takeout": 2.0}
    )
    # Apple Health gives no summary of a night, so there is nothing for the stages to add up to.
    without_summary: tuple[str, ...] = ("apple-health",)
    steps_per_minute: float = 300.0
    band_width: float = 8.0
    band_days: int = 14
    day_sum_share: float = 0.01
    stuck_minutes: float = 10.0
    # A pause of an hour is the bout of non-wear of protocol-and-instruments.md 6.1.
    pause_minutes: float = 60.0
    longest_gap_minutes: float = 240.0
    least_covered_minutes: float = 600.0
    # Who reads an item and taps an answer takes more than a second.
    screen_seconds: float = 1.0
    # Scales of two or three items are answered alike in earnest.
    straight_items: int = 6
    # Instead of the vocabulary's physical limits, by the name of the signal.
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def bounds_of(self, signal: Signal) -> tuple[float | None, float | None]:
        """Return the physical limits of a signal's values."""
        return self.bounds.get(str(signal), (SIGNALS[signal].low, SIGNALS[signal].high))


@dataclass(frozen=True)
class Context:
    """What the gate knows besides the frame.

    `now` is the moment of checking, UTC microseconds. `baselines` maps participants to what is usual
    for them in this signal. `daily_totals` (participant, day, value and, where totals differ by it,
    source; day: days since 1970-01-01 local) are the source's own. `sessions` (session, participant,
    source, at, duration, minutes_in_bed) are those that the stages of the frame belong to.
    """

    now: int
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    daily_totals: pd.DataFrame | None = None
    sessions: pd.DataFrame | None = None
    settings: Settings = Settings()


def columns_of(signal: Signal) -> dict[str, str]:
    """Return the columns that a frame of this signal must have, each with its type and meaning."""
    shape = SIGNALS[signal].shape
    if signal is Signal.HEART_RATE:
        return {**COLUMNS, **HEART_RATE_COLUMNS}
    if shape is Shape.SESSION:
        return {**COLUMNS, **SESSION_COLUMNS}
    return {**COLUMNS, **STAGE_COLUMNS} if shape is Shape.STAGE else dict(COLUMNS)


def checked(frame: pd.DataFrame, signal: Signal) -> pd.DataFrame:
    """Return the frame with `row_id` as its (unnamed) index and as a column.

    Raises GateError if a column is missing, if row_ids repeat, or if a row has no time or placement.
    """
    wanted = columns_of(signal)
    require(frame, wanted, f"a {signal} frame")
    if not frame["row_id"].is_unique:
        raise GateError(f"row_id repeats in a {signal} frame; give every row an id of its own")
    for name in ("participant", "code", "source", "placement"):
        if not isinstance(frame[name].dtype, pd.CategoricalDtype):
            raise GateError(f"column {name} is {frame[name].dtype}; make it a category")
    for name in ("row_id", "at", "local", "offset", "duration"):
        if not isinstance(frame[name].dtype, np.dtype) or frame[name].dtype.kind != "i":
            raise GateError(
                f"column {name} is {frame[name].dtype}; make it whole numbers without null"
            )
    _check_placement(frame)
    # GX reads the ids of failing rows from an unnamed index at once, from named columns one by one.
    return frame.set_axis(pd.Index(frame["row_id"].to_numpy(), name=None))


def require(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise GateError if the frame lacks one of the columns."""
    missing = sorted(set(columns) - set(frame.columns))
    if missing:
        raise GateError(f"{name} has no column {', '.join(missing)}; add it before the gate")


def placed(frame: pd.DataFrame) -> pd.Series:
    """Return which rows have an instant."""
    return frame["placement"] == PLACED


def _check_placement(frame: pd.DataFrame) -> None:
    unknown = set(frame["placement"].unique()) - {PLACED, IN_GAP, AMBIGUOUS}
    if unknown:
        raise GateError(
            f"placement holds {sorted(map(str, unknown))}; it is one of {PLACED}, {IN_GAP}, {AMBIGUOUS}"
        )
