"""Sleep sessions of one source joined to episodes, with what their stages or summaries say of sleep."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hometrial.services.metrics.day import Day, Settings, extents
from hometrial.services.metrics.priority import of_first_source
from hometrial.services.metrics.spans import (
    MINUTE,
    NOTHING,
    Bools,
    minutes_of,
    spans,
    union,
    without,
)
from hometrial_ingest.local_time import SECOND, Int64
from hometrial_ingest.signals import ASLEEP_STAGES

_AWAKE_STAGES = ("awake", "restless")
_SAYS_NOTHING = "in_bed"


@dataclass(frozen=True)
class Episode:
    """One sleep: [start_at, end_at) in µs UTC, the sessions of one source with short pauses between.

    `asleep`: the stretches of sleep in order, None if a session has no stages that tell them.
    `asleep_minutes`: None if neither stages nor the source's summary tell it.
    """

    start_at: int
    end_at: int
    in_bed_minutes: float
    asleep: Int64 | None
    asleep_minutes: float | None


@dataclass(frozen=True)
class _Session:
    start_at: int
    end_at: int
    in_bed_minutes: float
    asleep: Int64 | None
    summary_minutes: float | None


def episodes(day: Day, settings: Settings) -> list[Episode]:
    """Return the sleep that ended on this day, in order, of the most trusted source that has any."""
    chosen = of_first_source(day.sessions)
    sessions = _sessions(chosen, day.stages)
    wholes = union(extents(chosen), settings.merge_minutes * MINUTE)
    return [
        _episode([s for s in sessions if start <= s.start_at and s.end_at <= end])
        for start, end in wholes.tolist()
    ]


def main_sleep(found: list[Episode]) -> Episode | None:
    """Return the longest episode, the earlier of two that are equally long."""
    return max(found, key=lambda one: one.end_at - one.start_at, default=None)


def sleep_periods(day: Day) -> Int64:
    """Return when the person was in a recorded sleep, this day's and the one that follows it."""
    known = (of_first_source(frame) for frame in (day.sessions, day.sessions_next))
    return union(np.concatenate([extents(frame) for frame in known]))


def _sessions(chosen: pd.DataFrame, stages: pd.DataFrame) -> list[_Session]:
    columns = ("at", "end_at", "minutes_in_bed", "value", "session", "source")
    told = _stages_by_session(stages) if len(chosen) else {}
    return [
        _session(at, end_at, (in_bed, value), told.get((source, key)))
        for at, end_at, in_bed, value, key, source in zip(
            *(chosen[name].tolist() for name in columns), strict=True
        )
    ]


def _session(at: int, end_at: int, summary: tuple[float, float], asleep: Int64 | None) -> _Session:
    in_bed, value = (None if math.isnan(number) else number for number in summary)
    whole = (end_at - at) / MINUTE
    # Where there are stages they cover the session; else the source's own figure says what it counted.
    minutes = whole if asleep is not None or in_bed is None else in_bed
    return _Session(at, end_at, minutes, asleep, value)


def _stages_by_session(stages: pd.DataFrame) -> dict[tuple[str, str], Int64]:
    """Return the stretches of sleep of each session all of whose stages have a known meaning."""
    starts = stages["at"].to_numpy()
    pieces = spans(starts, starts + stages["duration"].to_numpy() * SECOND)
    code = stages["code"].to_numpy(dtype=object)
    overlay = stages["overlay"].to_numpy(dtype=bool, na_value=False)
    rows: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(stages["source"], stages["session"], strict=True)):
        rows.setdefault(key, []).append(row)
    read = {key: _asleep(pieces[of], code[of], overlay[of]) for key, of in rows.items()}
    return {key: asleep for key, asleep in read.items() if asleep is not None}


def _asleep(pieces: Int64, code: np.ndarray, overlay: Bools) -> Int64 | None:
    asleep = np.isin(code, ASLEEP_STAGES) & ~overlay
    awake = np.isin(code, _AWAKE_STAGES)
    sequence = ~overlay & (code != _SAYS_NOTHING)
    if not sequence.any() or not (asleep | awake)[sequence].all():
        return None
    return without(union(pieces[asleep]), union(pieces[awake & overlay]))


def _episode(sessions: list[_Session]) -> Episode:
    start, end = min(s.start_at for s in sessions), max(s.end_at for s in sessions)
    not_in_bed = sum((s.end_at - s.start_at) / MINUTE - s.in_bed_minutes for s in sessions)
    told = [s.asleep for s in sessions if s.asleep is not None]
    asleep = union(np.concatenate([NOTHING, *told]))
    return Episode(
        start,
        end,
        (end - start) / MINUTE - not_in_bed,
        asleep if len(told) == len(sessions) else None,
        _asleep_minutes(sessions, asleep),
    )


def _asleep_minutes(sessions: list[_Session], asleep: Int64) -> float | None:
    summaries = [s.summary_minutes for s in sessions if s.asleep is None]
    if summaries and _overlap(sessions):
        return None  # the same sleep may stand in two summaries
    known = [minutes for minutes in summaries if minutes is not None]
    return minutes_of(asleep) + sum(known) if len(known) == len(summaries) else None


def _overlap(sessions: list[_Session]) -> bool:
    pieces = np.array([(s.start_at, s.end_at) for s in sessions])
    return minutes_of(union(pieces)) < minutes_of(pieces)
