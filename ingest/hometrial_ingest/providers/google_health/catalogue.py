"""Which of the API's collections are read, what they are called there, and how they are filtered."""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from hometrial_ingest.data_types import DATA_TYPE_OF
from hometrial_ingest.provider import Stream
from hometrial_ingest.signals import Signal

_SCOPE = "https://www.googleapis.com/auth/googlehealth."
_ACTIVITY = f"{_SCOPE}activity_and_fitness.readonly"
_METRICS = f"{_SCOPE}health_metrics_and_measurements.readonly"
_SLEEP = f"{_SCOPE}sleep.readonly"
SETTINGS_SCOPE = f"{_SCOPE}settings.readonly"
"""Opens the account's time zone and its devices."""


class Kind(Enum):
    """The kind of a collection's records; the value is the member that a filter compares."""

    SAMPLE = "sample_time.physical_time"
    INTERVAL = "interval.start_time"
    SESSION = "interval.end_time"
    DAILY = "date"


@dataclass(frozen=True)
class Collection:
    """A stream as the API has it. `data_type` is the word in paths; `rolled_up`: daily totals exist."""

    stream: Stream
    data_type: str
    kind: Kind
    rolled_up: bool = False

    @property
    def member(self) -> str:
        """What its filters compare: heart_rate.sample_time.physical_time."""
        return f"{self.data_type.replace('-', '_')}.{self.kind.value}"

    @property
    def page_size(self) -> int:
        """The most records that the API puts on a page."""
        return 25 if self.kind is Kind.SESSION else 10_000


# Name, path id, kind, scope, days a read (a page takes 10,000 records, 25 of sleep) and signals.
_ROWS: tuple[tuple[str, str, Kind, str, int, tuple[Signal, ...]], ...] = (
    ("heart_rate", "heart-rate", Kind.SAMPLE, _METRICS, 1, (Signal.HEART_RATE,)),
    ("steps", "steps", Kind.INTERVAL, _ACTIVITY, 14, (Signal.STEPS, Signal.STEPS_DAILY)),
    ("distance", "distance", Kind.INTERVAL, _ACTIVITY, 14,
     (Signal.DISTANCE, Signal.DISTANCE_DAILY)),
    ("sleep", "sleep", Kind.SESSION, _SLEEP, 14, (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE)),
    ("heart_rate_variability", "heart-rate-variability", Kind.SAMPLE, _METRICS, 30,
     (Signal.HRV_RMSSD, Signal.HRV_SDNN)),
    ("oxygen_saturation", "oxygen-saturation", Kind.SAMPLE, _METRICS, 14,
     (Signal.OXYGEN_SATURATION,)),
    ("respiratory_rate", "respiratory-rate-sleep-summary", Kind.SAMPLE, _METRICS, 90,
     (Signal.RESPIRATORY_RATE,)),
    ("weight", "weight", Kind.SAMPLE, _METRICS, 90, (Signal.WEIGHT,)),
    ("resting_heart_rate", "daily-resting-heart-rate", Kind.DAILY, _METRICS, 90,
     (Signal.RESTING_HEART_RATE,)),
    ("heart_rate_variability_daily", "daily-heart-rate-variability", Kind.DAILY, _METRICS, 90,
     (Signal.HRV_RMSSD_DAILY,)),
    ("oxygen_saturation_daily", "daily-oxygen-saturation", Kind.DAILY, _METRICS, 90,
     (Signal.OXYGEN_SATURATION_DAILY,)),
    ("respiratory_rate_daily", "daily-respiratory-rate", Kind.DAILY, _METRICS, 90,
     (Signal.RESPIRATORY_RATE_DAILY,)),
    ("skin_temperature_daily", "daily-sleep-temperature-derivations", Kind.DAILY, _METRICS, 90,
     (Signal.SKIN_TEMPERATURE_DAILY,)),
)  # fmt: skip


def _collection(
    name: str, data_type: str, kind: Kind, scope: str, days: int, signals: tuple[Signal, ...]
) -> Collection:
    stream = Stream(
        name,
        frozenset(signals),
        DATA_TYPE_OF[signals[0]],
        scope,
        by_day=kind is Kind.DAILY,
        longest_days=days,
    )
    return Collection(stream, data_type, kind, rolled_up=kind is Kind.INTERVAL)


COLLECTIONS = MappingProxyType({row[0]: _collection(*row) for row in _ROWS})
"""The collections by the name of their stream."""

STREAMS = MappingProxyType({name: each.stream for name, each in COLLECTIONS.items()})
"""The streams by name."""

STREAM_OF = MappingProxyType({each.data_type: name for name, each in COLLECTIONS.items()})
"""The stream's name by the API's word for its data type."""
