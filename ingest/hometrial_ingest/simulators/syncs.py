"""When a device hands over what it holds: some moments a day, and none in a silent stretch."""

from datetime import date, timedelta

import numpy as np

from hometrial_ingest.simulate.timeline import Seconds, midnight
from hometrial_ingest.simulators.draws import Draw, draw
from hometrial_ingest.simulators.people import Holder

_AFTER = 4  # days after the last one on which syncs go on, so that everything arrives
_MORNING, _NIGHT = 0.75, 0.3  # shares of days with a sync soon after waking, and in mid-sleep
NEVER = np.iinfo(np.int64).max
"""The instant of what does not happen."""


def schedule(holder: Holder) -> Seconds:
    """Return the instants (seconds UTC) of a person's syncs, ascending."""
    person = holder.person
    days = (person.last_day - person.first_day).days + 1 + _AFTER
    rng = draw(person.seed, Draw.SYNCS, person.number)
    starts = _midnights(holder, days)
    wakes = 60 * (person.habits.bedtime + person.habits.sleep_minutes)
    moments = [
        _some(rng, starts + wakes + rng.integers(-1_200, 5_400, size=days), _MORNING),
        _some(rng, starts + rng.integers(7_200, 14_400, size=days), _NIGHT),
        starts + rng.integers(12, 14, size=days) * 3_600 + rng.integers(0, 3_600, size=days),
        _some(rng, starts + rng.integers(57_600, 68_400, size=days), 0.7),
        starts + rng.integers(72_000, 84_000, size=days),
    ]
    every = np.unique(np.concatenate(moments))
    return every[~_silent(holder, every)]


def seen_from(syncs: Seconds, until: Seconds) -> Seconds:
    """Return when that which ended at each instant was handed over: the first sync not before it."""
    place = np.searchsorted(syncs, until, side="left")
    return np.append(syncs, NEVER)[place]


def _midnights(holder: Holder, days: int) -> Seconds:
    first = holder.person.first_day
    zones = holder.person.zones
    return np.array([midnight(zones, first + timedelta(days=day)) for day in range(days)], np.int64)


def _some(rng: np.random.Generator, moments: Seconds, share: float) -> Seconds:
    return moments[rng.random(len(moments)) < share]


def _silent(holder: Holder, moments: Seconds) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if holder.silent is None:
        return np.zeros(len(moments), np.bool_)
    first, last = holder.silent
    from_at = _start(holder, first)
    to_at = _start(holder, last + timedelta(days=1))
    silent: np.ndarray[tuple[int], np.dtype[np.bool_]] = (moments >= from_at) & (moments < to_at)
    return silent


def _start(holder: Holder, day: date) -> int:
    return midnight(holder.person.zones, day)
