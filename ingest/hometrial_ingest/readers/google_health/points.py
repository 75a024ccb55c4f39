"""The shapes of Google Health API v4 data points, cut down to what is kept, and what each part means.

Names, types and units: Google's discovery document `health` v4, revision 20261030. Whole numbers arrive
as strings ("17"), so that these shapes are decoded with `strict=False`; a whole number that is left out
is 0 (protocol buffers leave out defaults), a fraction or a time that is left out is missing.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Raw, Struct

from hometrial_ingest.signals import Signal

# Beyond 2^53 a double is not exact any more.
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class Date(Struct, gc=False):
    """A civil day: {"year": 2026, "month": 1, "day": 7}."""

    year: int
    month: int
    day: int


class SampleTime(Struct, rename="camel", gc=False):
    """A moment: {"physicalTime": "2026-01-08T02:25:14Z", "utcOffset": "-14400s"}."""

    physical_time: str
    utc_offset: str | None = None


class Interval(Struct, rename="camel", gc=False):
    """A stretch of time: {"startTime", "startUtcOffset", "endTime", "endUtcOffset"}."""

    start_time: str
    end_time: str
    start_utc_offset: str | None = None
    end_utc_offset: str | None = None


class SessionInterval(Struct, rename="camel", gc=False):
    """An interval whose end is left out while the session is still running."""

    start_time: str
    end_time: str | None = None
    start_utc_offset: str | None = None
    end_utc_offset: str | None = None


class HeartRate(Struct, rename="camel", gc=False):
    """{"sampleTime": {...}, "beatsPerMinute": "60"}; 0 is never sent, so that it cannot be left out."""

    sample_time: SampleTime
    beats_per_minute: Whole


class Steps(Struct, gc=False):
    """{"interval": {...}, "count": "100"}."""

    interval: Interval
    count: Whole = 0


class Distance(Struct, gc=False):
    """{"interval": {...}, "millimeters": "70000"}."""

    interval: Interval
    millimeters: Whole = 0


class HeartRateVariability(Struct, rename="camel", gc=False):
    """{"sampleTime": {...}, "rootMeanSquare...Milliseconds": 45.5, "standardDeviationMilliseconds": 52.1}."""

    sample_time: SampleTime
    root_mean_square_of_successive_differences_milliseconds: float | None = None
    standard_deviation_milliseconds: float | None = None


class OxygenSaturation(Struct, rename="camel", gc=False):
    """{"sampleTime": {...}, "percentage": 96.5}."""

    sample_time: SampleTime
    percentage: float


class SleepStats(Struct, rename="camel", gc=False):
    """{"breathsPerMinute": 14.2, "standardDeviation": 1.1, "signalToNoise": 8.0}."""

    breaths_per_minute: float


class RespiratoryRateSleepSummary(Struct, rename="camel", gc=False):
    """{"sampleTime": {...}, "fullSleepStats": {...}, "deepSleepStats": {...}, ...}."""

    sample_time: SampleTime
    full_sleep_stats: SleepStats


class Weight(Struct, rename="camel", gc=False):
    """{"sampleTime": {...}, "weightGrams": 80000.0}."""

    sample_time: SampleTime
    weight_grams: float


class DailyRestingHeartRate(Struct, rename="camel", gc=False):
    """{"date": {...}, "beatsPerMinute": "62"}."""

    date: Date
    beats_per_minute: Whole


class DailyHeartRateVariability(Struct, rename="camel", gc=False):
    """{"date": {...}, "averageHeartRateVariabilityMilliseconds": 48.2, "entropy": 3.8, ...}."""

    date: Date
    average_heart_rate_variability_milliseconds: float | None = None


class DailyOxygenSaturation(Struct, rename="camel", gc=False):
    """{"date": {...}, "averagePercentage": 96.0, "lowerBoundPercentage": 94.0, ...}."""

    date: Date
    average_percentage: float


class DailyRespiratoryRate(Struct, rename="camel", gc=False):
    """{"date": {...}, "breathsPerMinute": 14.6}."""

    date: Date
    breaths_per_minute: float


class DailySleepTemperatureDerivations(Struct, rename="camel", gc=False):
    """{"date": {...}, "nightlyTemperatureCelsius": 34.1, "baselineTemperatureCelsius": 33.9, ...}."""

    date: Date
    nightly_temperature_celsius: float


class Stage(Struct, rename="camel", gc=False):
    """{"startTime", "startUtcOffset", "endTime", "endUtcOffset", "type": "LIGHT"}."""

    start_time: str
    end_time: str
    start_utc_offset: str | None = None
    end_utc_offset: str | None = None
    type: str | None = None


class SleepSummary(Struct, rename="camel", gc=False):
    """{"minutesInSleepPeriod": "400", "minutesAsleep": "390", "minutesAwake": "10", ...}."""

    minutes_in_sleep_period: Whole = 0
    minutes_asleep: Whole = 0
    minutes_awake: Whole = 0
    minutes_to_fall_asleep: Whole = 0
    minutes_after_wake_up: Whole = 0


class SleepMetadata(Struct, rename="camel", gc=False):
    """{"mainSleep": true, "processed": true, ...}; older builds said `main`."""

    main_sleep: bool | None = None
    main: bool | None = None


class Sleep(Struct, rename="camel", gc=False):
    """{"interval", "type": "STAGES", "stages": [...], "shortAwakenings": [...], "summary", "metadata"}."""

    interval: SessionInterval
    type: str | None = None
    stages: list[Stage] = []
    short_awakenings: list[Stage] = []
    summary: SleepSummary | None = None
    metadata: SleepMetadata | None = None


class Point(Struct, rename="camel", gc=False):
    """One data point; exactly one of its typed objects is set. `data_source` is read once per wording."""

    data_source: Raw = Raw(b"")
    heart_rate: HeartRate | None = None
    steps: Steps | None = None
    distance: Distance | None = None
    sleep: Sleep | None = None
    oxygen_saturation: OxygenSaturation | None = None
    heart_rate_variability: HeartRateVariability | None = None
    respiratory_rate_sleep_summary: RespiratoryRateSleepSummary | None = None
    weight: Weight | None = None
    daily_resting_heart_rate: DailyRestingHeartRate | None = None
    daily_heart_rate_variability: DailyHeartRateVariability | None = None
    daily_oxygen_saturation: DailyOxygenSaturation | None = None
    daily_respiratory_rate: DailyRespiratoryRate | None = None
    daily_sleep_temperature_derivations: DailySleepTemperatureDerivations | None = None
    name: str | None = None
    data_point_name: str | None = None


@dataclass(frozen=True)
class Reading:
    """One number of a typed object: where it stands, what signal it is, and its divisor to our unit."""

    attribute: str
    signal: Signal
    divisor: float = 1


READINGS: dict[str, tuple[Reading, ...]] = {
    "heart_rate": (Reading("beats_per_minute", Signal.HEART_RATE),),
    "steps": (Reading("count", Signal.STEPS),),
    "distance": (Reading("millimeters", Signal.DISTANCE, 1000),),
    "oxygen_saturation": (Reading("percentage", Signal.OXYGEN_SATURATION),),
    "heart_rate_variability": (
        Reading("root_mean_square_of_successive_differences_milliseconds", Signal.HRV_RMSSD),
        Reading("standard_deviation_milliseconds", Signal.HRV_SDNN),
    ),
    "respiratory_rate_sleep_summary": (
        Reading("full_sleep_stats.breaths_per_minute", Signal.RESPIRATORY_RATE),
    ),
    "weight": (Reading("weight_grams", Signal.WEIGHT, 1000),),
    "daily_resting_heart_rate": (Reading("beats_per_minute", Signal.RESTING_HEART_RATE),),
    "daily_heart_rate_variability": (
        Reading("average_heart_rate_variability_milliseconds", Signal.HRV_RMSSD_DAILY),
    ),
    "daily_oxygen_saturation": (Reading("average_percentage", Signal.OXYGEN_SATURATION_DAILY),),
    "daily_respiratory_rate": (Reading("breaths_per_minute", Signal.RESPIRATORY_RATE_DAILY),),
    "daily_sleep_temperature_derivations": (
        Reading("nightly_temperature_celsius", Signal.SKIN_TEMPERATURE_DAILY),
    ),
}
"""What is read of each typed object of a point, by its attribute of `Point`; sleep is read apart."""

TYPES = (*READINGS, "sleep")
"""The attributes of `Point` that hold a typed object."""


def camel(path: str) -> str:
    """Return an attribute path as the payload spells it: weight.weight_grams -> weight.weightGrams."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), path)
