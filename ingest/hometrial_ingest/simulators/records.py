"""What the cloud holds of one person and one data type, in columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulators.nights import Night
from hometrial_ingest.simulators.sources import MERGED_KEY, Source

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _whole() -> Integers:
    return np.zeros(0, np.int64)


def _floats() -> Floats:
    return np.zeros(0, np.float64)


@dataclass(frozen=True)
class Records:
    """Records of one type, oldest first, one place in every column each.

    `at`: start in µs UTC (of a daily value 0: it has a day, no instant). `local`: its wall clock in µs
    since 1970-01-01 00:00 local; of a daily value the day's midnight. `duration` in s, 0 for a sample and
    a daily value. `offset`: local minus UTC in s. `value` in the house's unit: /min, steps, m, kg, ms, %,
    Cel, minutes asleep (NaN while a session has no summary). `origin`: the place of the record's source
    in `sources`; -1 in the merged stream. `ids`: only of identifiable types (sleep, weight). `nights`:
    only of sleep, the session itself with stages. `details`: what else a daily value or a sample of
    several numbers holds, by name.
    """

    data_type: str
    at: Integers = field(default_factory=_whole)
    duration: Integers = field(default_factory=_whole)
    offset: Integers = field(default_factory=_whole)
    value: Floats = field(default_factory=_floats)
    origin: Integers = field(default_factory=_whole)
    sources: tuple[Source, ...] = ()
    local: Integers = field(default_factory=_whole)
    ids: tuple[str, ...] = ()
    nights: tuple[Night, ...] = ()
    details: tuple[Mapping[str, float], ...] = ()

    def __len__(self) -> int:
        return len(self.value)

    @property
    def source(self) -> list[str]:
        """The source of each record as our reader words it."""
        keys = [*(source.key for source in self.sources), MERGED_KEY]
        return [keys[place] for place in self.origin.tolist()]

    @property
    def device(self) -> list[str | None]:
        """The name of each record's device, None where it has none."""
        names = [*(source.device for source in self.sources), None]
        return [names[place] for place in self.origin.tolist()]


@dataclass(frozen=True)
class Hour:
    """One hour of a local day and what the cloud knows of its heart rate.

    `state`: present; not_worn (the device has synced past the hour and has nothing of it); not_synced
    (it has not handed the hour over yet, whatever it holds).
    """

    day: date
    start: datetime
    state: str


@dataclass(frozen=True)
class Change:
    """Something that became different in the cloud: [start, end) in seconds UTC; UPSERT or DELETE."""

    data_type: str
    start: int
    end: int
    operation: str = "UPSERT"
    record_id: str | None = None
