"""One person's local days as the devices recorded them, made when asked for and kept within a bound."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from threading import Lock

import numpy as np

from hometrial_ingest.simulate.person import Device
from hometrial_ingest.simulate.physiology import Counts, Daily, Day, live
from hometrial_ingest.simulate.timeline import LocalDay, Seconds
from hometrial_ingest.simulate.wear import worn
from hometrial_ingest.simulators.nights import Night, versions
from hometrial_ingest.simulators.people import Holder
from hometrial_ingest.simulators.sources import ECHO, PHONE, Source
from hometrial_ingest.simulators.vitals import Vitals, vitals

_SWAP_FROM, _SWAP_TO = 10 * 3_600, 18 * 3_600  # on the day of a swap both devices are worn between
_OVERHEAD = 4_096  # bytes of a day beside its arrays, roughly


@dataclass(frozen=True)
class Series:
    """What one source recorded on one day: instants (seconds UTC) and whole numbers."""

    source: Source
    at: Seconds
    value: np.ndarray[tuple[int], np.dtype[np.int16]]


@dataclass(frozen=True)
class Recorded:
    """A day in the memory of its devices, the newest wearable's series first.

    `steps` holds the minutes with steps. `covered`: for each wearable the minutes of the day in which
    it was worn, so that it speaks for them even where it counted nothing.
    """

    local: LocalDay
    heart_rate: tuple[Series, ...]
    steps: tuple[Series, ...]
    covered: tuple[tuple[Source, np.ndarray[tuple[int], np.dtype[np.bool_]]], ...]
    nights: tuple[tuple[Night, ...], ...]
    daily: Daily
    weight: tuple[int, float] | None
    vitals: Vitals

    @property
    def size(self) -> int:
        """About how many bytes the day takes."""
        series = (*self.heart_rate, *self.steps)
        arrays = sum(s.at.nbytes + s.value.nbytes for s in series)
        return _OVERHEAD + arrays + 6 * self.vitals.at.nbytes + 1_440 * len(self.covered)


class Days:
    """Days by person and date; the least recently used go when more than `cache_bytes` are kept."""

    def __init__(self, heart_rate_every: int, cache_bytes: int) -> None:
        self._every, self._room = heart_rate_every, cache_bytes
        self._kept: OrderedDict[tuple[int, date], Recorded] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def day(self, holder: Holder, day: date, syncs: Seconds) -> Recorded:
        """Return a day, from the cache if it is there."""
        key = (holder.number, day)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = record(holder, live(holder.person, day), syncs, self._every)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._held += made.size
            while self._held > self._room and len(self._kept) > 1:
                self._held -= self._kept.popitem(last=False)[1].size
        return made


def record(holder: Holder, day: Day, syncs: Seconds, every: int) -> Recorded:
    """Divide a day among the sources that saw it."""
    wearables = list(_spans(holder, day.local))
    at, beats = _thinned(day, every)
    minutes = day.local.minute_starts()
    newest = wearables[0][0].derived()
    return Recorded(
        local=day.local,
        heart_rate=tuple(_beats(span, at, beats, n) for n, span in enumerate(wearables)),
        steps=tuple(_steps(holder, day, wearables)),
        covered=tuple(
            (source, worn(day.off, minutes) & (minutes >= since) & (minutes < until))
            for source, since, until in wearables
        ),
        nights=tuple(versions(holder.person, sleep, newest, syncs) for sleep in day.sleeps),
        daily=day.daily,
        weight=day.weight,
        vitals=vitals(day),
    )


def _spans(holder: Holder, local: LocalDay) -> Iterator[tuple[Source, int, int]]:
    """Yield the wearables of a day with the time in which each recorded."""
    found = holder.wearables(local.date)
    for device, source in found:
        since, until = local.starts_at, local.ends_at
        if len(found) > 1:
            since, until = _swapped(device, local)
        yield source, since, until


def _swapped(device: Device, local: LocalDay) -> tuple[int, int]:
    if device.last_day == local.date:
        return local.starts_at, local.starts_at + _SWAP_TO
    return local.starts_at + _SWAP_FROM, local.ends_at


def _thinned(day: Day, every: int) -> tuple[Seconds, Counts]:
    """Keep the first sample of each stretch of `every` seconds; all of them up to five."""
    if every <= 5:
        return day.heart_rate_at, day.heart_rate
    first = np.diff(day.heart_rate_at // every, prepend=-1) != 0
    return day.heart_rate_at[first], day.heart_rate[first]


def _beats(span: tuple[Source, int, int], at: Seconds, beats: Counts, number: int) -> Series:
    """A second device on the same wrist measures a second later and a beat more."""
    source, since, until = span
    kept = (at >= since) & (at + number < until)
    return Series(source, at[kept] + number, (beats[kept] + number).astype(np.int16))


def _steps(holder: Holder, day: Day, wearables: list[tuple[Source, int, int]]) -> Iterator[Series]:
    minutes = day.local.minute_starts()
    for number, (source, since, until) in enumerate(wearables):
        counts = day.steps * (100 - 5 * number) // 100
        counts = counts * ((minutes >= since) & (minutes < until))
        yield _counted(source, minutes, counts)
    if day.phone_steps.any():
        yield _counted(PHONE, minutes, day.phone_steps)
    if holder.echoes:
        yield _counted(ECHO, minutes, day.steps)


def _counted(source: Source, minutes: Seconds, counts: Counts) -> Series:
    kept = counts > 0
    return Series(source, minutes[kept], counts[kept].astype(np.int16))
