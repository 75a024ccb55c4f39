"""Steps and heart rate in the API's words: the day's entry and the detailed set beside it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.fitbit.account_clock import DAY, MINUTES

Counts = npt.NDArray[np.int64]
Entry = dict[str, object]

DETAILS = {"1sec": 1, "1min": 60, "5min": 300, "15min": 900}
"""Seconds between the entries of a detailed set, by the word in the path."""

_ZONES = (("Out of Range", 0.0, 0.5), ("Fat Burn", 0.5, 0.7), ("Cardio", 0.7, 0.85))
_CALORIES = (1.15, 4.2, 7.6, 10.4)  # kcal a minute in each zone


@dataclass(frozen=True)
class Span:
    """A stretch of the wall clock in seconds of the day, both ends included."""

    first: int = 0
    last: int = DAY - 1

    def holds(self, seconds: Seconds) -> npt.NDArray[np.bool_]:
        """Say of each time of day whether it lies in the stretch."""
        return (seconds >= self.first) & (seconds <= self.last)


WHOLE_DAY = Span()


def minutes_of_day(seconds: Seconds, values: Counts, repeated: str) -> Counts:
    """Lay values on the 1,440 minutes of a wall clock; minutes that nothing tells of are zero.

    `repeated` says what becomes of minutes that the clock showed twice: later, earlier or summed.
    """
    grid = np.zeros(MINUTES, np.int64)
    place = seconds // 60
    if repeated == "summed":
        np.add.at(grid, place, values)
    elif repeated == "earlier":
        grid[place[::-1]] = values[::-1]
    else:
        grid[place] = values
    return grid


def steps_dataset(grid: Counts, every: int, span: Span) -> list[Entry]:
    """Return the detailed set of steps: every entry is there, zeros too."""
    starts = np.arange(0, DAY, every)
    sums = grid.reshape(-1, every // 60).sum(axis=1)
    kept = span.holds(starts)
    return _entries(starts[kept], sums[kept])


def heart_dataset(seconds: Seconds, rates: Counts, every: int, span: Span) -> list[Entry]:
    """Return the detailed set of heart rate: averages of what there is, nothing where there is none."""
    slots = seconds // every * every
    starts, place = np.unique(slots, return_inverse=True)
    if every == 1:
        means = np.zeros(len(starts), np.int64)
        means[place] = rates  # a second that the clock showed twice: the later one
    else:
        sums, counts = np.bincount(place, rates, len(starts)), np.bincount(place)
        means = np.rint(sums / counts).astype(np.int64) if len(starts) else rates
    kept = span.holds(starts)
    return _entries(starts[kept], means[kept])


def intraday(dataset: list[Entry], every: int) -> Entry:
    """Return a detailed set as it stands beside the day's entry."""
    seconds = every == 1
    return {
        "dataset": dataset,
        "datasetInterval": 1 if seconds else every // 60,
        "datasetType": "second" if seconds else "minute",
    }


def steps_day(day: date, total: int) -> Entry:
    """Return a day's steps; the number is a string."""
    return {"dateTime": day.isoformat(), "value": str(total)}


def heart_zones(age: int, seconds: Seconds, rates: Counts) -> list[Entry]:
    """Return the four zones with the minutes spent in each."""
    highest = 220 - age
    bounds = [30, *(round(highest * upper) for _, _, upper in _ZONES), 220]
    _, place = np.unique(seconds // 60, return_inverse=True)
    by_minute = np.bincount(place, rates) / np.maximum(np.bincount(place), 1)
    inside = np.clip(np.searchsorted(bounds, by_minute, side="right") - 1, 0, 3)
    minutes = np.bincount(inside, minlength=4).tolist()
    names = [*(name for name, _, _ in _ZONES), "Peak"]
    return [
        {
            "caloriesOut": round(minutes[place] * _CALORIES[place], 5),
            "max": bounds[place + 1],
            "min": bounds[place],
            "minutes": minutes[place],
            "name": name,
        }
        for place, name in enumerate(names)
    ]


def heart_day(day: date, zones: list[Entry], resting: int | None) -> Entry:
    """Return a day's heart rate; the resting rate is left out until it is known."""
    value: Entry = {"customHeartRateZones": [], "heartRateZones": zones}
    if resting is not None:
        value["restingHeartRate"] = resting
    return {"dateTime": day.isoformat(), "value": value}


def heart_window(day: date, zones: list[Entry], dataset: list[Entry]) -> Entry:
    """Return the day's entry of a request with a time window: zones one level up, an average as text."""
    rates = [int(str(entry["value"])) for entry in dataset]
    average = f"{sum(rates) / len(rates):.1f}" if rates else "0"
    return {
        "customHeartRateZones": [],
        "dateTime": day.isoformat(),
        "heartRateZones": zones,
        "value": average,
    }


def _entries(seconds: Seconds, values: Counts) -> list[Entry]:
    return [
        {"time": f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}", "value": value}
        for at, value in zip(seconds.tolist(), values.tolist(), strict=True)
    ]
