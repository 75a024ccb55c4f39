"""How long, how well and when a person slept (protocol 6.3, exports.md 6.2)."""

import numpy as np

from hometrial.services.metrics.day import DEFAULT, Day, Settings, extents
from hometrial.services.metrics.episodes import Episode, episodes, main_sleep, sleep_periods
from hometrial.services.metrics.heart import HeartRate, minute_starts
from hometrial.services.metrics.priority import of_first_source
from hometrial.services.metrics.spans import (
    MINUTE,
    NOTHING,
    between,
    holds,
    minutes_of,
    spans,
    union,
)
from hometrial.services.metrics.wear import worn_minutes
from hometrial_ingest.local_time import DAY, SECOND, Float64

_AWAKENING = 5  # minutes awake that make an awakening


def sleep(found: list[Episode], day: Day) -> dict[str, float]:
    """Return what the main sleep and the naps amount to; nothing if no sleep is recorded."""
    main = main_sleep(found)
    if main is None:
        return {}
    naps = [one.asleep_minutes for one in found if one is not main]
    return _told(day) | _of_main(main) | _course(main, day) | _naps(main, naps)


def _told(day: Day) -> dict[str, float]:
    """Return what the source itself says of its sessions, added up; unknown if one says nothing."""
    minutes = of_first_source(day.sessions)["value"]
    return {} if minutes.isna().any() else {"sleep_session_minutes": float(minutes.sum())}


def _of_main(main: Episode) -> dict[str, float]:
    measured = {"time_in_bed_minutes": main.in_bed_minutes}
    if main.asleep_minutes is not None:
        measured["sleep_minutes"] = main.asleep_minutes
        if main.in_bed_minutes > 0:
            measured["sleep_efficiency"] = 100 * main.asleep_minutes / main.in_bed_minutes
    return measured


def _course(main: Episode, day: Day) -> dict[str, float]:
    """Return what only stages tell: when sleep began and ended, and the wakefulness between."""
    if main.asleep is None or not len(main.asleep):
        return {}
    onset, offset = int(main.asleep[0, 0]), int(main.asleep[-1, 1])
    awake = between(union(main.asleep))
    long = awake[:, 1] - awake[:, 0] >= _AWAKENING * MINUTE
    return {
        "sleep_onset_latency": (onset - main.start_at) / MINUTE,
        "waso_minutes": minutes_of(awake),
        "awakenings": float(long.sum()),
        "sleep_midpoint": ((onset + offset) / 2 - _local_midnight(day)) / MINUTE,
    }


def _local_midnight(day: Day) -> int:
    # Where a clock change takes midnight away, the day's first instant is one o'clock.
    return day.start_at - (day.start_at + day.offset_at_start * SECOND) % DAY


def _naps(main: Episode, naps: list[float | None]) -> dict[str, float]:
    known = [minutes for minutes in naps if minutes is not None]
    if len(known) < len(naps):
        return {}
    measured = {"nap_minutes": float(sum(known))}
    if main.asleep_minutes is not None:
        measured["sleep_24h_minutes"] = main.asleep_minutes + sum(known)
    return measured


def sleep_wake(day: Day, settings: Settings = DEFAULT) -> Float64:
    """Return 1 for each of the day's minutes asleep, 0 for awake, NaN for unknown: for the SRI.

    Asleep: the minute's first instant lies in sleep; in a session without stages all of it does.
    Awake: the device was worn, and the minute is not asleep.
    """
    starts = minute_starts(day)
    told = [
        spans(np.array([one.start_at]), np.array([one.end_at]))
        if one.asleep is None
        else one.asleep
        for one in episodes(day, settings)
    ]
    following = extents(of_first_source(day.sessions_next))
    asleep = holds(union(np.concatenate([NOTHING, *told, following])), starts)
    worn = worn_minutes(HeartRate.of(day).valid, settings)
    known_awake = worn | holds(sleep_periods(day), starts)
    return np.where(asleep, 1.0, np.where(known_awake, 0.0, np.nan))
