"""Files with one moment a line: heart rate, steps of a minute or an hour, daily totals, weight."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Frame, Segment, nonempty
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitabase import cells
from hometrial_ingest.readers.fitabase.lines import (
    NO_DAY,
    NO_NUMBER,
    NO_STAMP,
    NO_WHOLE_NUMBER,
    Sieve,
    sieves,
)
from hometrial_ingest.signals import SIGNALS, Shape, Signal


@dataclass(frozen=True)
class Value:
    """A column that holds a signal; times `factor` it is in the signal's unit."""

    column: str
    signal: Signal
    factor: float = 1


@dataclass(frozen=True)
class Layout:
    """The columns of a plain file: one stamp and one or more values, each over `duration` seconds."""

    stamp: str
    values: Sequence[Value]
    duration: int = 0
    source: str = "fitabase"

    @property
    def columns(self) -> list[str]:
        """The columns that the file must have."""
        return [self.stamp, *(value.column for value in self.values)]


LAYOUTS = {
    # Id,Time,Value
    # 2022484408,4/12/2016 7:21:00 AM,97
    "heart_rate": Layout("Time", [Value("Value", Signal.HEART_RATE)]),
    # The same columns. A minute's mean is no measurement of its first second, and a folder may hold
    # both files: under one source the two values of that second would contradict each other.
    "heart_rate_1min": Layout("Time", [Value("Value", Signal.HEART_RATE)], source="fitabase/1min"),
    # Id,ActivityMinute,Steps
    "minute_steps_narrow": Layout("ActivityMinute", [Value("Steps", Signal.STEPS)], duration=60),
    # Id,ActivityHour,StepTotal
    "hourly_steps": Layout(
        "ActivityHour", [Value("StepTotal", Signal.STEPS_HOURLY)], duration=3_600
    ),
    # Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed
    # 1503960366,4/12/2016 12:00:00 AM,1,327,346
    "sleep_day": Layout(
        "SleepDay",
        [
            Value("TotalSleepRecords", Signal.SLEEP_RECORDS_DAILY),
            Value("TotalMinutesAsleep", Signal.MINUTES_ASLEEP_DAILY),
            Value("TotalTimeInBed", Signal.TIME_IN_BED_DAILY),
        ],
    ),
    # Id,ActivityDate,TotalSteps,TotalDistance,...,SedentaryMinutes,Calories     distances in km
    # 1503960366,4/12/2016,13162,8.5,...,728,1985
    "daily_activity": Layout(
        "ActivityDate",
        [
            Value("TotalSteps", Signal.STEPS_DAILY),
            Value("TotalDistance", Signal.DISTANCE_DAILY, factor=1_000),
            Value("SedentaryMinutes", Signal.SEDENTARY_MINUTES_DAILY),
        ],
    ),
    # Id,ActivityDay,StepTotal
    "daily_steps": Layout("ActivityDay", [Value("StepTotal", Signal.STEPS_DAILY)]),
    # Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId
    # 1503960366,5/2/2016 11:59:59 PM,52.5999984741211,115.963146545323,22,22.6499996185303,True,1462233599000
    "weight": Layout("Date", [Value("WeightKg", Signal.WEIGHT)]),
}
"""The plain files by kind."""


def read_plain(file: SourceFile, layout: Layout) -> Iterator[Segment]:
    """Yield the samples of a plain file; a line with one bad cell is unreadable as a whole.

    Raises UnreadableFileError if a column is missing or the text is damaged.
    """
    for sieve in sieves(file, layout.columns):
        _take_stamp(sieve, layout)
        for value in layout.values:
            _take_value(sieve, value)
        table = sieve.table()
        frames = [_frame(table, value, layout) for value in layout.values]
        yield Segment(sieve.rows.rows, nonempty(frames), sieve.refused())


def _take_stamp(sieve: Sieve, layout: Layout) -> None:
    if SIGNALS[layout.values[0].signal].shape is Shape.DAILY:
        sieve.take("local", layout.stamp, cells.days, NO_DAY)
    else:
        sieve.take("local", layout.stamp, cells.stamps, NO_STAMP)


def _take_value(sieve: Sieve, value: Value) -> None:
    if SIGNALS[value.signal].integer:
        sieve.take(value.column, value.column, cells.whole_numbers, NO_WHOLE_NUMBER)
    else:
        sieve.take(value.column, value.column, cells.decimals, NO_NUMBER)


def _frame(table: pa.Table, value: Value, layout: Layout) -> Frame:
    return Frame.of(
        value.signal,
        {
            "row": table["row"],
            "person": table["person"],
            "local": table["local"],
            "duration": layout.duration,
            "value": pc.multiply(table[value.column], value.factor),
            "source": layout.source,
        },
    )
