"""Columns of one data type out of recorded days: all sources side by side, or merged by priority."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulate.timeline import LocalDay, Seconds, Zones, offset_at
from hometrial_ingest.simulators.days import Recorded, Series
from hometrial_ingest.simulators.nights import Night
from hometrial_ingest.simulators.people import Holder
from hometrial_ingest.simulators.records import Records
from hometrial_ingest.simulators.sources import ECHO, PHONE, TYPED, Source
from hometrial_ingest.simulators.syncs import NEVER, seen_from

_HOUR, _DAY, _MICRO = 3_600, 86_400, 1_000_000
_STRIDE = 0.415  # of the height
_ECHO_AFTER = 600  # Health Connect has what the wearable handed over ten minutes later
Mask = npt.NDArray[np.bool_]
_ARRAYS = ("at", "duration", "offset", "value", "origin", "local")


@dataclass(frozen=True)
class Span:
    """[start, end) in seconds UTC, as the cloud stood at `at`."""

    start: int
    end: int
    at: int


@dataclass
class Rows:
    """Records that are being gathered: arrays with their source, in any order."""

    at: list[Seconds] = field(default_factory=list)
    value: list[npt.NDArray[np.float64]] = field(default_factory=list)
    origin: list[Seconds] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def add(self, source: Source, at: Seconds, value: npt.NDArray[np.number]) -> None:
        """Add the records of one source."""
        if source not in self.sources:
            self.sources.append(source)
        place = self.sources.index(source)
        self.at.append(at)
        self.value.append(value.astype(np.float64))
        self.origin.append(np.full(len(at), place, np.int64))


def visible(source: Source, until: Seconds, syncs: Seconds) -> Seconds:
    """Return from when on the cloud has what a source recorded up to each instant (seconds UTC)."""
    if source == PHONE:  # a phone is always near the network: it uploads at full hours
        return -(-until // _HOUR) * _HOUR
    if source == TYPED:
        return until + 60
    handed = seen_from(syncs, until)
    return np.where(handed == NEVER, handed, handed + _ECHO_AFTER) if source == ECHO else handed


def heart_rate(days: Iterable[Recorded], span: Span, syncs: Seconds, *, merged: bool) -> Rows:
    """Gather heart-rate samples; merged, an older device yields in every minute the newer one has."""
    rows = Rows()
    for day in days:
        taken: Seconds = np.zeros(0, np.int64)
        for series in day.heart_rate:
            kept = _in_span(series, span, 0, syncs)
            if merged and len(taken):
                kept &= ~np.isin(series.at // 60, taken)
            rows.add(series.source, series.at[kept], series.value[kept])
            if merged and len(day.heart_rate) > 1:
                taken = np.unique(series.at[kept] // 60)
    return rows


def steps(days: Iterable[Recorded], span: Span, syncs: Seconds) -> Rows:
    """Gather the minutes with steps of every source."""
    rows = Rows()
    for day in days:
        for series in day.steps:
            kept = _in_span(series, span, 60, syncs)
            rows.add(series.source, series.at[kept], series.value[kept])
    return rows


def merged_steps(days: Iterable[Recorded], span: Span, syncs: Seconds) -> Rows:
    """Gather each minute's steps of the first source that speaks for it: newest wearable, phone, echo.

    A wearable speaks for all minutes in which it was worn and which it has handed over; the others
    only for those with steps.
    """
    rows = Rows()
    for day in days:
        covered = dict(day.covered)
        free = np.ones(day.local.minutes, np.bool_)
        for series in day.steps:
            kept = _in_span(series, span, 60, syncs)
            minute = (series.at - day.local.starts_at) // 60
            kept &= free[minute]
            rows.add(series.source, series.at[kept], series.value[kept])
            free[minute[kept]] = False
            if series.source in covered:
                free &= ~(covered[series.source] & _handed_over(day.local, span.at, syncs))
    return rows


def _handed_over(local: LocalDay, at: int, syncs: Seconds) -> Mask:
    handed: Mask = seen_from(syncs, local.minute_starts() + 60) <= at
    return handed


def _in_span(series: Series, span: Span, duration: int, syncs: Seconds) -> Mask:
    inside: Mask = (series.at >= span.start) & (series.at < span.end)
    if span.at < span.end + 40 * 86_400:  # else all of it was handed over long ago
        inside &= visible(series.source, series.at + duration, syncs) <= span.at
    return inside


def table(data_type: str, rows: Rows, holder: Holder, duration: int) -> Records:
    """Return gathered rows as records, oldest first, the source that counts first in front."""
    if not rows.at:
        return Records(data_type)
    at, origin = np.concatenate(rows.at), np.concatenate(rows.origin)
    order = np.lexsort((origin, at))
    at, origin = at[order], origin[order]
    offset = offsets(holder.person.zones, at)
    return Records(
        data_type,
        at=at * _MICRO,
        duration=np.full(len(at), duration, np.int64),
        offset=offset,
        value=np.concatenate(rows.value)[order],
        origin=origin,
        sources=tuple(rows.sources),
        local=(at + offset) * _MICRO,
    )


def offsets(zones: Zones, at: Seconds) -> Seconds:
    """Return local minus UTC in seconds at instants; nobody changes zones twice in one day of UTC."""
    days, place = np.unique(at // _DAY, return_inverse=True)
    edges = np.array([_edges(zones, day) for day in days.tolist()], np.int64).reshape(-1, 2)
    found: Seconds = edges[place, 0]
    unsettled = np.flatnonzero(edges[place, 0] != edges[place, 1])
    found[unsettled] = [_quarter(zones, quarter) for quarter in (at[unsettled] // 900).tolist()]
    return found


@lru_cache(maxsize=1 << 16)
def _edges(zones: Zones, day: int) -> tuple[int, int]:
    return offset_at(zones, day * _DAY), offset_at(zones, (day + 1) * _DAY)


@lru_cache(maxsize=1 << 12)
def _quarter(zones: Zones, quarter: int) -> int:
    """Offsets change at quarter hours only."""
    return offset_at(zones, quarter * 900)


def nights(found: Sequence[Night], holder: Holder) -> Records:
    """Return versions of sessions as records; `value` is the minutes asleep."""
    starts = np.array([night.starts_at for night in found], np.int64)
    offset = np.array([offset_at(holder.person.zones, int(s)) for s in starts], np.int64)
    sources = tuple(dict.fromkeys(night.source for night in found))
    return Records(
        "sleep",
        at=starts * _MICRO,
        duration=np.array([_length(night) for night in found], np.int64),
        offset=offset,
        value=np.array([n.minutes.asleep if n.minutes else np.nan for n in found], np.float64),
        origin=np.array([sources.index(n.source) for n in found], np.int64),
        sources=sources,
        local=(starts + offset) * _MICRO,
        ids=tuple(night.id for night in found),
        nights=tuple(found),
    )


def _length(night: Night) -> int:
    return 0 if night.ends_at is None else night.ends_at - night.starts_at


def distance(found: Records, holder: Holder) -> Records:
    """Return the distances (m) that belong to steps: only a wearable tells them."""
    stride = round(_STRIDE * holder.person.body.height * 1_000)  # mm
    worn = np.array([source.is_wearable for source in found.sources], np.bool_)[found.origin]
    return Records(
        "distance",
        at=found.at[worn],
        duration=found.duration[worn],
        offset=found.offset[worn],
        value=found.value[worn] * stride / 1_000,
        origin=found.origin[worn],
        sources=found.sources,
        local=found.local[worn],
    )


def without_origin(found: Records) -> Records:
    """Return records as the merged stream has them: it does not say where they came from."""
    return replace(found, origin=np.full(len(found), -1, np.int64))


def taken(found: Records, kept: Mask) -> Records:
    """Return the records of a mask."""
    places = np.flatnonzero(kept).tolist()
    return replace(
        found,
        **{name: getattr(found, name)[kept] for name in _ARRAYS},
        ids=tuple(found.ids[place] for place in places if found.ids),
        nights=tuple(found.nights[place] for place in places if found.nights),
        details=tuple(found.details[place] for place in places if found.details),
    )
