"""What became different in the cloud between two instants: the stuff of notifications."""

from collections.abc import Iterable, Iterator

import numpy as np

from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.days import Recorded
from hometrial_ingest.simulators.derived import DAILY_TYPES, daily_seen_from
from hometrial_ingest.simulators.records import Change
from hometrial_ingest.simulators.sources import PHONE

_HANDED_OVER = ("steps", "heart-rate", "distance")
_HOUR = 3_600


def by_sync(syncs: Seconds, since: int, until: int, first: int) -> Iterator[Change]:
    """Yield what each sync in (since, until] brought: the stretch since the sync before it."""
    for place in range(*np.searchsorted(syncs, [since, until], side="right").tolist()):
        start = int(syncs[place - 1]) if place else first
        for data_type in _HANDED_OVER:
            yield Change(data_type, start, int(syncs[place]))


def by_day(days: Iterable[Recorded], syncs: Seconds, since: int, until: int) -> Iterator[Change]:
    """Yield what became known in (since, until] of nights, daily values, weights and phones."""
    for day in days:
        for found in day.nights:
            for night in found:
                if since < night.seen_from <= until:
                    end = night.ends_at or night.seen_from
                    yield Change("sleep", night.starts_at, end, record_id=night.id)
        if since < daily_seen_from(day, syncs) <= until:
            for data_type in sorted(DAILY_TYPES):
                yield Change(data_type, day.local.starts_at, day.local.ends_at)
        if day.weight and since < day.weight[0] + 60 <= until:
            yield Change("weight", day.weight[0], day.weight[0] + 1, record_id=str(day.weight[0]))
        yield from _phone(day, since, until)


def _phone(day: Recorded, since: int, until: int) -> Iterator[Change]:
    for series in day.steps:
        if series.source == PHONE:
            uploads = np.unique(-(-(series.at + 60) // _HOUR) * _HOUR)
            for upload in uploads[(uploads > since) & (uploads <= until)].tolist():
                yield Change("steps", upload - _HOUR, upload)
