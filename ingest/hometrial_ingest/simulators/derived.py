"""Records that the cloud makes of nights and days: samples in sleep, daily values, weights."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.columns import Span, offsets
from hometrial_ingest.simulators.days import Recorded
from hometrial_ingest.simulators.people import Holder
from hometrial_ingest.simulators.records import Records
from hometrial_ingest.simulators.sources import TYPED, Source
from hometrial_ingest.simulators.syncs import seen_from

_MICRO = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()
Details = Mapping[str, float]


@dataclass
class Found:
    """Records one by one; `at` in µs UTC."""

    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    source: list[Source] = field(default_factory=list)
    details: list[Details] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def add(self, at: int, value: float, source: Source, details: Details) -> None:
        """Add one record."""
        self.at.append(at)
        self.value.append(value)
        self.source.append(source)
        self.details.append(details)


def sample_rows(data_type: str, days: Iterable[Recorded], span: Span) -> Found:
    """Gather the samples of staged nights that are in the cloud and whose instant lies in the span."""
    rows = Found()
    for day in days:
        for at, session, value, details in _SAMPLES[data_type](day):
            final = day.nights[session][2]
            if final.seen_from <= span.at and span.start * _MICRO <= at < span.end * _MICRO:
                rows.add(at, value, final.source, details)
    return rows


def _variability(day: Recorded) -> Iterator[tuple[int, int, float, Details]]:
    made = day.vitals
    columns = (made.at.tolist(), made.session.tolist(), made.rmssd.tolist(), made.sdnn.tolist())
    for at, session, rmssd, sdnn in zip(*columns, strict=True):
        yield at * _MICRO + at % 997 * 1_000, session, rmssd, {"sdnn": sdnn}


def _oxygen(day: Recorded) -> Iterator[tuple[int, int, float, Details]]:
    made = day.vitals
    columns = (made.at.tolist(), made.session.tolist(), made.oxygen.tolist())
    for at, session, percentage in zip(*columns, strict=True):
        yield at * _MICRO, session, percentage, {}


def _breathing(day: Recorded) -> Iterator[tuple[int, int, float, Details]]:
    for at, rates in day.vitals.breathing:
        session = next(n for n, found in enumerate(day.nights) if found[2].ends_at == at)
        yield at * _MICRO, session, rates["fullSleepStats"], rates


_SAMPLES: dict[str, Callable[[Recorded], Iterator[tuple[int, int, float, Details]]]] = {
    "heart-rate-variability": _variability,
    "oxygen-saturation": _oxygen,
    "respiratory-rate-sleep-summary": _breathing,
}
SAMPLE_TYPES = frozenset(_SAMPLES)
"""Types of samples in sleep."""


def daily_rows(data_type: str, days: Iterable[Recorded], at: int, syncs: Seconds) -> Found:
    """Gather the daily values that are in the cloud at an instant; `at` is the day's midnight, local."""
    rows = Found()
    for day in days:
        told = _DAILY[data_type](day)
        if told is not None and daily_seen_from(day, syncs) <= at:
            midnight = (day.local.date.toordinal() - _EPOCH) * 86_400 * _MICRO
            rows.add(midnight, told[0], day.covered[0][0].derived(), told[1])
    return rows


def daily_seen_from(day: Recorded, syncs: Seconds) -> int:
    """Return from when on the cloud has a day's values: with the night's stages, else once the day is over."""
    staged = [found[2] for found in day.nights if found[2].main and found[2].kind == "stages"]
    if staged:
        return staged[0].seen_from
    return int(seen_from(syncs, np.array([day.local.ends_at]))[0])


def _resting(day: Recorded) -> tuple[float, Details] | None:
    value = day.daily.resting_heart_rate
    return None if value is None else (value, {"with_sleep": day.daily.seen_asleep})


def _variability_daily(day: Recorded) -> tuple[float, Details] | None:
    value = day.daily.heart_rate_variability
    if value is None:
        return None
    resting = day.daily.resting_heart_rate or 60
    return value, {
        "non_rem": resting - 2,
        "entropy": round(2 + value / 40, 3),
        "deep": round(value * 1.1, 1),
    }


def _oxygen_daily(day: Recorded) -> tuple[float, Details] | None:
    bounds = day.daily.oxygen_saturation
    return None if bounds is None else (bounds[1], {"lower": bounds[0], "upper": bounds[2]})


def _breathing_daily(day: Recorded) -> tuple[float, Details] | None:
    value = day.daily.respiratory_rate
    return None if value is None else (value, {})


def _temperature_daily(day: Recorded) -> tuple[float, Details] | None:
    value = day.daily.skin_temperature
    return None if value is None else (value, {})


_DAILY: dict[str, Callable[[Recorded], tuple[float, Details] | None]] = {
    "daily-resting-heart-rate": _resting,
    "daily-heart-rate-variability": _variability_daily,
    "daily-oxygen-saturation": _oxygen_daily,
    "daily-respiratory-rate": _breathing_daily,
    "daily-sleep-temperature-derivations": _temperature_daily,
}
DAILY_TYPES = frozenset(_DAILY)
"""Types with one value for a day."""


def weight_rows(days: Iterable[Recorded], span: Span, gone: Callable[[str], bool]) -> Found:
    """Gather the weights that people typed in, a minute after they were on the scales, and kept."""
    rows = Found()
    for day in days:
        if day.weight is None:
            continue
        at, kilograms = day.weight
        if span.start <= at < span.end and at + 60 <= span.at and not gone(str(at)):
            rows.add(at * _MICRO + at % 1_000 * 1_000, kilograms, TYPED, {})
            rows.ids.append(str(at))
    return rows


def found_table(data_type: str, rows: Found, holder: Holder) -> Records:
    """Return records that were found one by one as columns, oldest first."""
    at = np.array(rows.at, np.int64)
    sources = tuple(dict.fromkeys(rows.source))
    daily = data_type in DAILY_TYPES
    offset = np.zeros(len(at), np.int64) if daily else offsets(holder.person.zones, at // _MICRO)
    origin = [sources.index(source) for source in rows.source]
    return Records(
        data_type,
        at=np.zeros(len(at), np.int64) if daily else at,
        duration=np.zeros(len(at), np.int64),
        offset=offset,
        value=np.array(rows.value, np.float64),
        origin=np.array(origin, np.int64),
        sources=sources,
        local=at + offset * _MICRO,
        ids=tuple(rows.ids),
        details=tuple(rows.details),
    )
