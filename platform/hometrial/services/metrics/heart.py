"""Heart rate minute by minute, and what is read from it: level, resting rate, rate at rest awake."""

from dataclasses import dataclass

import numpy as np

from hometrial.services.metrics.day import Day
from hometrial.services.metrics.episodes import Episode
from hometrial.services.metrics.priority import most_trusted
from hometrial.services.metrics.spans import MINUTE, Bools
from hometrial_ingest.local_time import Float64, Int64

LOWEST, HIGHEST = 30, 220
"""Heart rates outside these, beats a minute, are no measurement (protocol 6.1)."""
_BEFORE = 1440  # minutes before the day that `minutes` reaches back
_WINDOW, _WINDOW_VALID = 30, 20
_STILL_NEEDED = 20


@dataclass(frozen=True)
class HeartRate:
    """`values`: the day's samples that are kept; `left_out`: how many are no heart rate.

    Of several sources that tell of one minute, only the most trusted one's samples are kept.

    `minutes`: the mean of each minute's kept samples from 1440 minutes before the day to its end,
    NaN for a minute without any; its first minute begins at `origin` (µs UTC).
    """

    values: Float64
    left_out: int
    minutes: Float64
    origin: int

    @classmethod
    def of(cls, day: Day) -> "HeartRate":
        """Read a day's heart rate."""
        origin, size = day.start_at - _BEFORE * MINUTE, _BEFORE + day.minutes
        at = day.heart_rate["at"].to_numpy()
        value = day.heart_rate["value"].to_numpy()
        possible = (value >= LOWEST) & (value <= HIGHEST)
        today = (at >= day.start_at) & (at < day.end_at)
        good = _believed(day, possible)
        used = good & (at >= origin) & (at < day.end_at)
        minute = (at[used] - origin) // MINUTE
        count = np.bincount(minute, minlength=size)
        total = np.bincount(minute, value[used], minlength=size)
        minutes = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
        return cls(value[good & today], int((today & ~possible).sum()), minutes, origin)

    @property
    def today(self) -> Float64:
        """The minutes of the day itself."""
        return self.minutes[_BEFORE:]

    @property
    def valid(self) -> Bools:
        """Which minutes of the day have a kept sample."""
        return ~np.isnan(self.today)

    def during(self, episode: Episode) -> Float64:
        """Return the minutes that lie whole in an episode; NaN also for those before `origin`."""
        first = -((self.origin - episode.start_at) // MINUTE)
        end = (episode.end_at - self.origin) // MINUTE
        unseen = np.full(max(0, min(-first, end - first)), np.nan)
        return np.concatenate((unseen, self.minutes[max(first, 0) : max(end, 0)]))


def _believed(day: Day, possible: Bools) -> Bools:
    """Return which possible samples are of the most trusted source of their minute."""
    if "source" not in day.heart_rate or day.heart_rate["source"].nunique() < 2:
        return possible
    rows = np.flatnonzero(possible)
    minute = (day.heart_rate["at"].to_numpy()[rows] - day.start_at) // MINUTE
    believed = np.zeros(len(possible), bool)
    believed[rows] = most_trusted(
        minute - minute.min(initial=0), day.heart_rate["source"].iloc[rows]
    )
    return believed


def level(heart_rate: HeartRate) -> dict[str, float]:
    """Return mean, least and highest heart rate of the day."""
    if not heart_rate.values.size:
        return {}
    return {
        "heart_rate_mean": float(np.nanmean(heart_rate.today)),
        "heart_rate_min": float(heart_rate.values.min()),
        "heart_rate_max": float(heart_rate.values.max()),
    }


def resting_in_sleep(heart_rate: HeartRate, main_sleep: Episode) -> dict[str, float]:
    """Return the lowest mean of 30 minutes in a row, at least 20 of them valid, of the main sleep."""
    minutes = heart_rate.during(main_sleep)
    valid = ~np.isnan(minutes)
    count = _moving_sum(valid.astype(np.float64), _WINDOW)
    enough = count >= _WINDOW_VALID
    if not enough.any():
        return {}
    total = _moving_sum(np.where(valid, minutes, 0.0), _WINDOW)
    return {"rhr_sleep": float((total[enough] / count[enough]).min())}


def at_rest_awake(heart_rate: HeartRate, awake: Bools, steps: Float64) -> dict[str, float]:
    """Return the 5th percentile of heart rate in awake minutes that end five minutes of zero steps.

    `awake` and `steps` (NaN: no record) are those of the day's minutes.
    """
    still = np.zeros(len(steps), bool)
    still[4:] = _moving_sum((steps == 0).astype(np.float64), 5) == 5
    rates = heart_rate.today[still & awake & heart_rate.valid]
    if rates.size < _STILL_NEEDED:
        return {}
    return {"hr_p05_awake_still": float(np.percentile(rates, 5))}


def _moving_sum(values: Float64, window: int) -> Float64:
    if len(values) < window:
        return np.empty(0)
    reach: Float64 = np.append(0.0, np.cumsum(values))
    moved: Float64 = reach[window:] - reach[:-window]
    return moved


def minute_starts(day: Day) -> Int64:
    """Return the first instant of each of the day's minutes."""
    return day.start_at + np.arange(day.minutes, dtype=np.int64) * MINUTE
