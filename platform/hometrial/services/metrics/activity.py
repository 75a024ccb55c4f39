"""Steps, whatever grain the source gives them in, and what minute steps tell of activity."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from hometrial.services.metrics.day import Day
from hometrial.services.metrics.priority import counted
from hometrial.services.metrics.spans import MINUTE, Bools, runs
from hometrial_ingest.local_time import Float64
from hometrial_ingest.signals import Signal

_PEAK = 30  # minutes in the peak cadence
_ACTIVE, _BOUT = 20, 2  # steps a minute, minutes


def steps(day: Day) -> dict[str, float]:
    """Return the day's steps, and each of the sums and totals they could have been taken from.

    `steps` is the source's daily total, else the sum of its intervals, else that of its hours; a
    total is never put right by a sum.
    """
    sums = _sums(day.steps, lambda: day.steps_counted, "minute_sum", "other_sources")
    hourly = day.steps_hourly
    sums |= _sums(hourly, lambda: counted(hourly), "hour_sum", "hour_other_sources")
    if Signal.STEPS_DAILY in day.daily:
        sums["steps_daily"] = float(day.daily[Signal.STEPS_DAILY])
    ranked = ("steps_daily", "steps_minute_sum", "steps_hour_sum")
    first = next((sums[name] for name in ranked if name in sums), None)
    return sums if first is None else {"steps": first, **sums}


def _sums(
    samples: pd.DataFrame, which: Callable[[], Bools], name: str, others: str
) -> dict[str, float]:
    if not len(samples):
        return {}
    counts, value = which(), samples["value"].to_numpy()
    sums = {f"steps_{name}": float(value[counts].sum())}
    if not counts.all():
        sums[f"steps_{others}"] = float(value[~counts].sum())
    return sums


def steps_by_minute(day: Day) -> Float64:
    """Return the steps of each of the day's minutes, NaN for a minute that no record begins in.

    All are NaN if some steps are known only of an interval longer than a minute.
    """
    used = day.steps[day.steps_counted] if len(day.steps) else day.steps
    duration, value = used["duration"].to_numpy(), used["value"].to_numpy()
    if ((duration > 60) & (value > 0)).any():
        return np.full(day.minutes, np.nan)
    minute = (used["at"].to_numpy() - day.start_at) // MINUTE
    fine = (duration <= 60) & (minute >= 0) & (minute < day.minutes)
    total = np.bincount(minute[fine], value[fine], minlength=day.minutes)
    reported = np.bincount(minute[fine], minlength=day.minutes) > 0
    return np.where(reported, total, np.nan)


def cadence(by_minute: Float64) -> dict[str, float]:
    """Return peak cadence and the number of active bouts, as far as minute steps are known."""
    known = np.sort(by_minute[~np.isnan(by_minute)])
    if not known.size:
        return {}
    active = runs(by_minute >= _ACTIVE)
    bouts = {"active_bouts": float((active[:, 1] - active[:, 0] >= _BOUT).sum())}
    if known.size < _PEAK:
        return bouts
    return {"peak30_cadence": float(known[-_PEAK:].mean()), **bouts}
