"""Writes a study as a Fitabase export: many people in a folder of CSV files, wall clocks without a zone.

On the wall clock a day has 1,440 minutes whatever happens (wearables.md 2.5 and 2.10): minutes that a
clock change or a flight skipped are zeros, minutes that happened twice are merged into their sum, and of
two heart-rate samples with the same stamp only the first is kept. A session's stamps run on from its
beginning, so that a night over a clock change ends an hour out, as in real archives.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from hometrial_ingest.simulate.lines import Integers, integers, lines, stamps
from hometrial_ingest.simulate.physiology import Day
from hometrial_ingest.simulate.sleep import Sleep
from hometrial_ingest.simulate.timeline import local_day

HEADERS = {
    "heartrate_seconds": "Id,Time,Value",
    "minuteStepsNarrow": "Id,ActivityMinute,Steps",
    "hourlySteps": "Id,ActivityHour,StepTotal",
    "dailyActivity": (
        "Id,ActivityDate,TotalSteps,TotalDistance,TrackerDistance,LoggedActivitiesDistance,"
        "VeryActiveDistance,ModeratelyActiveDistance,LightActiveDistance,SedentaryActiveDistance,"
        "VeryActiveMinutes,FairlyActiveMinutes,LightlyActiveMinutes,SedentaryMinutes,Calories"
    ),
    "sleepDay": "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed",
    "minuteSleep": "Id,date,value,logId",
    "weightLogInfo": "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId",
}
"""The files of the export, without `_merged.csv`, and their columns."""

_DAY = 86_400
_POUNDS = 2.2046226218  # in a kilogram
_STRIDE = 0.414  # of the body height, the usual rule for walking
_LIGHT, _FAIR, _VERY = 1, 70, 95  # steps a minute from which a minute counts as active
_SLEEP_CODES = {"awake": 3, "restless": 2}  # everything else is 1, asleep


def write(days: Iterable[Day], folder: Path) -> None:
    """Write the days, ordered by person and date, into the export's seven files."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {name: stack.enter_context(_opened(folder, name)) for name in HEADERS}
        for day in days:
            for name, written in _files(day):
                files[name].write(written)


def _opened(folder: Path, name: str) -> BinaryIO:
    file = (folder / f"{name}_merged.csv").open("wb")
    file.write(HEADERS[name].encode() + b"\r\n")
    return file


def _files(day: Day) -> Iterator[tuple[str, memoryview]]:
    minutes = wall_clock_minutes(day)
    yield "heartrate_seconds", _heart_rate(day)
    yield "minuteStepsNarrow", _steps(day, minutes, 60)
    yield "hourlySteps", _steps(day, minutes.reshape(24, 60).sum(axis=1), 3_600)
    yield "dailyActivity", _row(day, _activity(day, minutes).cells())
    if day.sleeps:
        yield "sleepDay", _row(day, _sleep_day(day))
    for sleep in day.sleeps:
        yield "minuteSleep", _minute_sleep(day, sleep)
    if day.weight is not None:
        yield "weightLogInfo", _row(day, _weight(day, *day.weight))


def wall_clock_minutes(day: Day) -> Integers:
    """Return the steps of the 1,440 minutes of the wall clock."""
    wall = day.local.wall_clock(day.local.minute_starts()) % _DAY // 60
    merged = np.zeros(1_440, np.int64)
    np.add.at(merged, wall, day.steps)
    return merged


def _midnight(day: Day) -> int:
    return (day.local.date - date(1970, 1, 1)).days * _DAY


def _heart_rate(day: Day) -> memoryview:
    wall = day.local.wall_clock(day.heart_rate_at)
    order = np.argsort(wall, kind="stable")
    # A stamp that comes again at another instant is the hour that happened twice.
    same = np.diff(wall[order], prepend=-1) == 0
    moved = np.diff(day.heart_rate_at[order], prepend=-1) != 0
    order = order[~(same & moved)]
    return lines(day.person.fitabase_id, stamps(wall[order]), integers(day.heart_rate[order]))


def _steps(day: Day, amounts: Integers, seconds: int) -> memoryview:
    begins = _midnight(day) + seconds * np.arange(len(amounts), dtype=np.int64)
    return lines(day.person.fitabase_id, stamps(begins), integers(amounts))


def _row(day: Day, cells: list[str]) -> memoryview:
    return lines(day.person.fitabase_id, *(pa.array([cell], pa.string()) for cell in cells))


@dataclass(frozen=True)
class _Activity:
    date: str
    steps: int
    kilometres: float
    active_minutes: tuple[int, int, int]
    sedentary_minutes: int
    calories: int

    def cells(self) -> list[str]:
        # Id,ActivityDate,TotalSteps,TotalDistance,TrackerDistance,... as in HEADERS["dailyActivity"]
        far = f"{self.kilometres:g}"
        distances = [far, far, "0", "0", "0", far, "0"]
        minutes = [str(minutes) for minutes in (*self.active_minutes, self.sedentary_minutes)]
        return [self.date, str(self.steps), *distances, *minutes, str(self.calories)]


def _activity(day: Day, minutes: Integers) -> _Activity:
    very = int((minutes >= _VERY).sum())
    fairly = int((minutes >= _FAIR).sum()) - very
    lightly = int((minutes >= _LIGHT).sum()) - very - fairly
    asleep = sum(sleep.minutes_in_bed for sleep in day.sleeps)
    steps = int(minutes.sum())
    return _Activity(
        date=_date(day),
        steps=steps,
        kilometres=round(steps * day.person.body.height * _STRIDE / 1_000, 2),
        active_minutes=(very, fairly, lightly),
        sedentary_minutes=1_440 - very - fairly - lightly - asleep,
        calories=round(22 * day.person.body.weight + 0.04 * steps),
    )


def _sleep_day(day: Day) -> list[str]:
    # Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed; the day is that of the end
    asleep = sum(sleep.minutes_asleep for sleep in day.sleeps)
    in_bed = sum(sleep.minutes_in_bed for sleep in day.sleeps)
    return [f"{_date(day)} 12:00:00 AM", str(len(day.sleeps)), str(asleep), str(in_bed)]


def _minute_sleep(day: Day, sleep: Sleep) -> memoryview:
    # Id,date,value,logId with value 1 asleep, 2 restless, 3 awake; stamps may stand at :30 seconds
    at = np.arange(sleep.starts_at, sleep.ends_at, 60, dtype=np.int64)
    codes = np.ones(len(at), np.int64)
    for stage in sleep.stages:
        inside = (at >= stage.starts_at) & (at < stage.ends_at)
        codes[inside] = _SLEEP_CODES.get(stage.code, 1)
    keys = integers(np.full(len(at), sleep.key, np.int64))
    wall = at + _offset_at_start(day, sleep)
    return lines(day.person.fitabase_id, stamps(wall), integers(codes), keys)


def _offset_at_start(day: Day, sleep: Sleep) -> int:
    if sleep.starts_at >= day.local.starts_at:
        return int(day.local.offset(np.array([sleep.starts_at]))[0])
    before = local_day(day.person.zones, day.local.date - timedelta(days=1))
    return int(before.offset(np.array([sleep.starts_at]))[0])


def _weight(day: Day, at: int, kilograms: float) -> list[str]:
    # Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId; LogId is the stamp in milliseconds
    wall = int(day.local.wall_clock(np.array([at]))[0])
    stored = float(np.float32(kilograms))  # Fitabase shows single precision: 52.5999984741211
    body_mass_index = round(stored / day.person.body.height**2, 2)
    stamp = stamps(np.array([wall]))[0].as_py()
    numbers = [f"{stored:.15g}", f"{stored * _POUNDS:.15g}", "", f"{body_mass_index:g}"]
    return [stamp, *numbers, "True", str(wall * 1_000)]


def _date(day: Day) -> str:
    return f"{day.local.date.month}/{day.local.date.day}/{day.local.date.year}"
