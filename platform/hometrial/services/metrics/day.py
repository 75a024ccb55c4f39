"""Day: everything that is measured of one participant's local day, without saying whose it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from hometrial.services.metrics.priority import counted
from hometrial.services.metrics.spans import MINUTE, Bools, spans
from hometrial_ingest.local_time import Int64
from hometrial_ingest.signals import Signal

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "heart_rate": {"at": "int64", "value": "float64"},
    "steps": {"at": "int64", "duration": "int64", "value": "float64", "source": "object"},
    "steps_hourly": {"at": "int64", "duration": "int64", "value": "float64", "source": "object"},
    "sessions": {
        "at": "int64",
        "end_at": "int64",
        "duration": "int64",
        "value": "float64",
        "minutes_in_bed": "float64",
        "main_sleep": "object",
        "session": "object",
        "source": "object",
        "code": "object",
    },
    "stages": {
        "at": "int64",
        "duration": "int64",
        "code": "object",
        "overlay": "object",
        "session": "object",
        "source": "object",
    },
    "sessions_next": {"at": "int64", "end_at": "int64", "source": "object"},
}
"""The columns that each frame of a Day has at least; `at` and `end_at` in µs UTC, `duration` in s."""

PASSED_ON: Mapping[Signal, str] = {
    Signal.STEPS_DAILY: "steps_daily",
    Signal.DISTANCE_DAILY: "distance",
    Signal.SEDENTARY_MINUTES_DAILY: "sedentary_minutes",
    Signal.MINUTES_ASLEEP_DAILY: "minutes_asleep_daily",
    Signal.TIME_IN_BED_DAILY: "time_in_bed_daily",
    Signal.SLEEP_RECORDS_DAILY: "sleep_records_daily",
    Signal.RESTING_HEART_RATE: "rhr_vendor",
    Signal.HRV_RMSSD_DAILY: "hrv_rmssd",
    Signal.OXYGEN_SATURATION_DAILY: "oxygen_saturation",
    Signal.RESPIRATORY_RATE_DAILY: "respiratory_rate",
    Signal.SKIN_TEMPERATURE_DAILY: "skin_temperature",
    Signal.WEIGHT: "weight",
}
"""The metric that each of the source's own daily values becomes, unchanged."""


def no_rows(name: str) -> pd.DataFrame:
    """Return an empty frame with the columns of this frame of a Day."""
    return pd.DataFrame({c: pd.Series([], dtype=kind) for c, kind in COLUMNS[name].items()})


@dataclass(frozen=True)
class Day:
    """One local civil day, [start_at, end_at) in µs UTC; 1380, 1440 or 1500 minutes as a rule.

    `offset_at_start`: local minus UTC at `start_at`, in seconds. `has_heart_rate_device`: whether a
    day without heart rate is a day without wear, or one that nothing is known of.
    `heart_rate` reaches back to a day before `start_at`, for a main sleep that began the evening
    before; without a column `source` it is all of one source. `steps` and `steps_hourly` hold the samples of this day. `sessions` ended on it, `stages`
    are theirs. `sessions_next` began on this day and ended on the next: they tell only who was awake.
    `daily` holds the source's own values by signal name; of weight, the day's last.

    Raises ValueError for a column that is missing, a daily value of another signal or one that is
    no number, and a day that ends before it starts or not on a whole minute.
    """

    start_at: int
    end_at: int
    offset_at_start: int
    has_heart_rate_device: bool
    heart_rate: pd.DataFrame = field(default_factory=lambda: no_rows("heart_rate"))
    steps: pd.DataFrame = field(default_factory=lambda: no_rows("steps"))
    steps_hourly: pd.DataFrame = field(default_factory=lambda: no_rows("steps_hourly"))
    sessions: pd.DataFrame = field(default_factory=lambda: no_rows("sessions"))
    stages: pd.DataFrame = field(default_factory=lambda: no_rows("stages"))
    sessions_next: pd.DataFrame = field(default_factory=lambda: no_rows("sessions_next"))
    daily: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        length = self.end_at - self.start_at
        if length <= 0 or length % MINUTE:
            raise ValueError(f"a day of {length} µs is not one of whole minutes")
        for name, columns in COLUMNS.items():
            missing = columns.keys() - set(getattr(self, name).columns)
            if missing:
                raise ValueError(f"{name} of a day lacks the columns {sorted(missing)}")
        for signal, value in self.daily.items():
            if signal not in PASSED_ON or not math.isfinite(value):
                raise ValueError(f"no metric can be made of the daily value {signal} {value}")

    @property
    def minutes(self) -> int:
        """The length of the day in minutes."""
        return (self.end_at - self.start_at) // MINUTE

    @cached_property
    def steps_counted(self) -> Bools:
        """Which intervals of `steps` count."""
        return counted(self.steps)


def extents(sessions: pd.DataFrame) -> Int64:
    """Return the span of each sleep session."""
    return spans(sessions["at"].to_numpy(), sessions["end_at"].to_numpy())


@dataclass(frozen=True)
class Settings:
    """What a trial may choose (protocol 6.1, 6.3), in minutes.

    `non_wear_minutes`: the shortest stretch without a valid minute that counts as not worn; 30, 60
    or 90. `merge_minutes`: the longest pause inside one sleep episode; 30 or 60.
    Raises ValueError for any other value.
    """

    non_wear_minutes: int = 60
    merge_minutes: int = 30

    def __post_init__(self) -> None:
        if self.non_wear_minutes not in (30, 60, 90):
            raise ValueError(f"non_wear_minutes is 30, 60 or 90, not {self.non_wear_minutes}")
        if self.merge_minutes not in (30, 60):
            raise ValueError(f"merge_minutes is 30 or 60, not {self.merge_minutes}")


DEFAULT = Settings()
"""The settings of a trial that chooses none."""
