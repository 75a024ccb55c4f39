"""What the cloud knows of each hour of a day: present, not worn, or not handed over yet."""

from datetime import UTC, datetime

import numpy as np

from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.days import Recorded
from hometrial_ingest.simulators.records import Hour
from hometrial_ingest.simulators.syncs import seen_from

_HOUR = 3_600


def hours(day: Recorded, now: int, syncs: Seconds) -> list[Hour]:
    """Return the hours of a local day that have begun at `now`, 23 to 25 of them when it is over."""
    starts = np.arange(day.local.starts_at, min(day.local.ends_at, now), _HOUR, dtype=np.int64)
    at = np.concatenate([series.at for series in day.heart_rate])
    known = at[seen_from(syncs, at) <= now]
    present = np.isin(np.arange(len(starts)), (known - day.local.starts_at) // _HOUR)
    handed = seen_from(syncs, np.minimum(starts + _HOUR, day.local.ends_at)) <= now
    return [
        Hour(day.local.date, datetime.fromtimestamp(start, UTC), _state(bool(has), bool(over)))
        for start, has, over in zip(starts.tolist(), present, handed, strict=True)
    ]


def _state(present: bool, handed: bool) -> str:  # noqa: FBT001
    if present:
        return "present"
    return "not_worn" if handed else "not_synced"
