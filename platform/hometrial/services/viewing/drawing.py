"""One person's heart rate, steps, sleep, wear and gaps over some days, made small enough to draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DailyMetric, Gap, Participant
from hometrial.services import enrolling, storing
from hometrial.services.comparing import day_number
from hometrial.services.metrics.priority import counted, of_first_source
from hometrial.services.viewing import people
from hometrial.services.viewing.days import Days
from hometrial_ingest.local_time import SECOND, ZoneHistory
from hometrial_ingest.signals import Signal

Mark = dict[str, Any]
"""One thing to draw. Times `t` and `until` are minutes since the drawing's first instant."""

_MINUTE = 60 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BINS = ((14, 5), (42, 15), (10_000, 60))
"""Up to so many days, so many minutes make one point of heart rate: at most some 4,000 points."""
_CLOCK_STEP = 15 * _MINUTE
"""Zones change their clocks at quarters of an hour only."""
_CLOCK_UP_TO, _CLOCK_TICKS = 3, 180 * _MINUTE
"""Up to so many days the axis is labelled so often."""
_HOURLY_UP_TO = 42
"""Days up to which steps are drawn by the hour; beyond it, by the day."""


@dataclass(frozen=True)
class Drawing:
    """Marks on one axis of elapsed minutes, so that a day of 23 or 25 hours is as wide as it was.

    `offsets`: from which minute on the local clock is how many minutes ahead of UTC.
    """

    origin: datetime
    minutes: int
    bin_minutes: int
    ticks: Sequence[tuple[int, str]]
    offsets: Sequence[tuple[int, int]]
    heart_rate: Sequence[Mark]
    steps: Sequence[Mark]
    steps_per: str
    sleep: Sequence[Mark]
    wear: Sequence[Mark]
    gaps: Sequence[Mark]


@dataclass(frozen=True)
class _Axis:
    """Where on the axis an instant lies, and what the clock on the person's wall showed."""

    zones: ZoneHistory
    origin: int
    end: int
    bounds: dict[date, tuple[datetime, datetime]]

    def minute(self, at: int) -> float:
        """Return minutes since the first instant, within the drawing."""
        inside = min(max(at, self.origin), self.end)
        return round((inside - self.origin) / _MINUTE, 2)

    def ticks(self) -> list[tuple[int, str]]:
        """Return where the axis is labelled: at local midnights, of few days also between them."""
        if len(self.bounds) > _CLOCK_UP_TO:
            return [(int(self.minute(_at(b[0]))), f"{day:%m-%d}") for day, b in self.bounds.items()]
        at = np.arange(self.origin, self.end, _CLOCK_TICKS, dtype=np.int64)
        offset, _ = self.zones.place_instant(at)
        texts = [local_text(int(a), int(o)) for a, o in zip(at, offset, strict=True)]
        return [(int(self.minute(int(a))), text[5:16]) for a, text in zip(at, texts, strict=True)]

    def offsets(self) -> list[tuple[int, int]]:
        """Return the minutes at which the offset changes, with the offset from then on, in minutes."""
        at = np.arange(self.origin, self.end, _CLOCK_STEP, dtype=np.int64)
        offset, _ = self.zones.place_instant(at)
        changes = np.flatnonzero(np.diff(offset, prepend=offset[0] - 1))
        return [(int(self.minute(int(at[n]))), int(offset[n]) // 60) for n in changes]


def local_text(at: int, offset: int, *, seconds: bool = False) -> str:
    """Return an instant (µs UTC) on a wall clock that is `offset` seconds ahead of UTC."""
    moment = _EPOCH + timedelta(microseconds=at) + timedelta(seconds=offset)
    hours, minutes = divmod(abs(offset) // 60, 60)
    shown = f"{moment:%Y-%m-%d %H:%M:%S}" if seconds else f"{moment:%Y-%m-%d %H:%M}"
    return f"{shown} {'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def draw(session: Session, person: Participant, days: Days) -> Drawing:
    """Return what there is to draw of a person. Raises ZoneNeededError if no zone is on record."""
    axis = _axis(session, person, days)
    by_hour = days.length <= _HOURLY_UP_TO
    bin_minutes = next(minutes for longest, minutes in _BINS if days.length <= longest)
    values = _values(session, person, days)
    return Drawing(
        origin=axis.bounds[days.first][0],
        minutes=int((axis.end - axis.origin) // _MINUTE),
        bin_minutes=bin_minutes,
        ticks=axis.ticks(),
        offsets=axis.offsets(),
        heart_rate=_heart_rate(_load(session, person, Signal.HEART_RATE, days), axis, bin_minutes),
        steps=_hours(session, person, days, axis) if by_hour else _daily(values, "steps", axis),
        steps_per="hour" if by_hour else "day",
        sleep=_sleep(session, person, days, axis),
        wear=_daily(values, "wear_minutes", axis, per=60),
        gaps=[_gap(gap, axis) for gap in people.gaps(session, person.id, days)],
    )


def _axis(session: Session, person: Participant, days: Days) -> _Axis:
    zones = enrolling.zones_of(session, person)
    bounds = enrolling.day_bounds(zones, days.each())
    return _Axis(zones, _at(bounds[days.first][0]), _at(bounds[days.last][1]), bounds)


def _at(moment: datetime) -> int:
    return clock.microseconds(moment)


def _load(session: Session, person: Participant, signal: Signal, days: Days) -> pd.DataFrame:
    first, last = day_number(days.first) - 1, day_number(days.last) + 1
    found = storing.current_chunks(session, signal, [person.code], first, last)
    table: pd.DataFrame = storing.load_table(found, signal).to_pandas()
    return table.sort_values("at", kind="stable", ignore_index=True)


def _inside(samples: pd.DataFrame, axis: _Axis) -> pd.DataFrame:
    return samples[(samples["at"] >= axis.origin) & (samples["at"] < axis.end)]


def _heart_rate(samples: pd.DataFrame, axis: _Axis, bin_minutes: int) -> list[Mark]:
    """Return mean, least and highest of each bin; `run` changes where bins are missing between."""
    samples = _inside(samples, axis)
    number = (samples["at"].to_numpy(np.int64) - axis.origin) // (bin_minutes * _MINUTE)
    bins = samples["value"].astype(float).groupby(number)
    means, lows, highs = bins.mean().round(1), bins.min().astype(int), bins.max().astype(int)
    place = means.index.to_numpy(np.int64)
    runs = np.cumsum(np.diff(place, prepend=place[:1]) > 1)
    columns = ((place * bin_minutes), means, lows, highs, runs)
    names = ("t", "mean", "low", "high", "run")
    lists = [column.tolist() for column in columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def _hours(session: Session, person: Participant, days: Days, axis: _Axis) -> list[Mark]:
    """Return steps by the hour, as the metric counts them: the most trusted source where two overlap."""
    samples = _load(session, person, Signal.STEPS, days)
    if not len(samples):
        samples = _load(session, person, Signal.STEPS_HOURLY, days)
    samples = _inside(samples, axis)
    samples = samples[counted(samples)]
    hour = (samples["at"].to_numpy(np.int64) - axis.origin) // (60 * _MINUTE)
    total = np.bincount(hour, samples["value"].to_numpy(float)).astype(np.int64)
    return [
        {"t": number * 60, "until": number * 60 + 60, "steps": int(total[number])}
        for number in np.flatnonzero(total).tolist()
    ]


def _values(session: Session, person: Participant, days: Days) -> dict[tuple[str, date], float]:
    rows = session.execute(
        select(DailyMetric.metric, DailyMetric.day, DailyMetric.value).where(
            DailyMetric.participant_id == person.id,
            DailyMetric.metric.in_(["wear_minutes", "steps"]),
            DailyMetric.day.between(days.first, days.last),
        )
    )
    return {(metric, day): value for metric, day, value in rows}


def _daily(
    values: dict[tuple[str, date], float], metric: str, axis: _Axis, per: float = 1
) -> list[Mark]:
    name = "steps" if metric == "steps" else "hours"
    return [
        {
            "t": axis.minute(_at(start)),
            "until": axis.minute(_at(end)),
            name: round(values[metric, day] / per, 1),
        }
        for day, (start, end) in axis.bounds.items()
        if (metric, day) in values
    ]


def _sleep(session: Session, person: Participant, days: Days, axis: _Axis) -> list[Mark]:
    """Return the stages of the most trusted source, night by night; sessions where it has no stages."""
    stages = _load(session, person, Signal.SLEEP_STAGE, days)
    sessions = _load(session, person, Signal.SLEEP_SESSION, days)
    if len(stages):
        stages = stages[~stages["overlay"].fillna(value=False).astype(bool)]
    marks = []
    for _, night in sessions.groupby("day"):
        told = of_first_source(night)
        staged = stages[stages["session"].isin(told["session"])]
        plain = told[~told["session"].isin(staged["session"])].assign(code="asleep")
        marks += [*_spans(staged, axis), *_spans(plain, axis)]
    return marks


def _spans(samples: pd.DataFrame, axis: _Axis) -> list[Mark]:
    """Return samples as spans, those of one stage that follow each other at once made one."""
    if not len(samples):
        return []
    samples = samples.sort_values("at", kind="stable")
    start = samples["at"].to_numpy(np.int64)
    end = start + samples["duration"].to_numpy(np.int64) * SECOND
    code = samples["code"].astype(object).to_numpy()
    fresh = np.ones(len(samples), bool)
    fresh[1:] = (start[1:] != end[:-1]) | (code[1:] != code[:-1])
    ends = end[np.append(fresh[1:], True)]
    return [
        {"t": axis.minute(int(at)), "until": axis.minute(int(until)), "stage": str(stage)}
        for at, until, stage in zip(start[fresh], ends, code[fresh], strict=True)
        if until > axis.origin and at < axis.end
    ]


def _gap(gap: Gap, axis: _Axis) -> Mark:
    return {
        "t": axis.minute(_at(gap.start_at)),
        "until": axis.minute(_at(gap.end_at)),
        "stream": gap.stream.replace("_", " "),
        "cause": gap.cause.replace("_", " "),
    }
