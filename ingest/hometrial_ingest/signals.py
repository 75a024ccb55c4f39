"""THE vocabulary: every signal with its unit, plausible range, sampling shape and standard name.

Units are UCUM. The plausible range is physical: outside it a value cannot be a measurement of a living
person by this kind of device, whoever wears it. What is usual for one person is another question
(`hometrial_validation`). Open mHealth and IEEE 1752.1 names are those of the published schemas
(openmhealth/schemas, https://w3id.org/ieee/ieee-1752-schema/); `None` where no schema exists.
"""

from dataclasses import dataclass
from enum import StrEnum


class Signal(StrEnum):
    """The name of a signal; the same word in code, database, file name and page."""

    HEART_RATE = "heart_rate"
    STEPS = "steps"
    STEPS_HOURLY = "steps_hourly"
    STEPS_DAILY = "steps_daily"
    SLEEP_SESSION = "sleep_session"
    SLEEP_STAGE = "sleep_stage"
    MINUTES_ASLEEP_DAILY = "minutes_asleep_daily"
    TIME_IN_BED_DAILY = "time_in_bed_daily"
    SLEEP_RECORDS_DAILY = "sleep_records_daily"
    RESTING_HEART_RATE = "resting_heart_rate"
    HRV_RMSSD = "hrv_rmssd"
    HRV_RMSSD_DAILY = "hrv_rmssd_daily"
    HRV_SDNN = "hrv_sdnn"
    OXYGEN_SATURATION = "oxygen_saturation"
    OXYGEN_SATURATION_DAILY = "oxygen_saturation_daily"
    RESPIRATORY_RATE = "respiratory_rate"
    RESPIRATORY_RATE_DAILY = "respiratory_rate_daily"
    SKIN_TEMPERATURE_DAILY = "skin_temperature_daily"
    DISTANCE = "distance"
    DISTANCE_DAILY = "distance_daily"
    SEDENTARY_MINUTES_DAILY = "sedentary_minutes_daily"
    WEIGHT = "weight"


class Shape(StrEnum):
    """How a signal is sampled in time."""

    INSTANT = "instant"  # a value at one moment; duration is 0
    INTERVAL = "interval"  # an amount over [at, at + duration)
    SESSION = "session"  # an episode with a beginning, an end and a key of its own
    STAGE = "stage"  # a part of a session
    DAILY = "daily"  # one value for a local day; `at` is that day's first instant


class Aggregation(StrEnum):
    """What may be done to make one value of many."""

    MEAN = "mean"
    SUM = "sum"
    LAST = "last"
    NONE = "none"


@dataclass(frozen=True)
class SignalSpec:
    """What one signal means.

    `low` and `high` are the inclusive physical limits of one value in `unit`; `integer` says that
    a fraction cannot occur; `longest` is the longest plausible duration of one sample in seconds.
    """

    label: str
    unit: str
    shape: Shape
    aggregation: Aggregation
    low: float | None
    high: float | None
    longest: int
    omh: str | None
    ieee: str | None = None
    integer: bool = False


_DAY = 90_000  # the longest civil day, 25 h, in seconds
_I, _V, _S, _T, _D = Shape.INSTANT, Shape.INTERVAL, Shape.SESSION, Shape.STAGE, Shape.DAILY
_MEAN, _SUM, _LAST, _NONE = Aggregation.MEAN, Aggregation.SUM, Aggregation.LAST, Aggregation.NONE
_ACTIVITY = "ieee:physical-activity:1.0"

SIGNALS: dict[Signal, SignalSpec] = {
    # Lowest adult heart rate on record is in the high twenties; 250 is above any sinus rhythm.
    Signal.HEART_RATE: SignalSpec(
        "Heart rate", "/min", _I, _MEAN, 25, 250, 86_400, "omh:heart-rate:2.0"
    ),
    # 300 steps a minute is above a sprinter's cadence; scaled to the
    # duration of the interval by the gate. The limits here are those of one interval of any length.
    Signal.STEPS: SignalSpec(
        "Steps", "{steps}", _V, _SUM, 0, 1_000_000, _DAY, "omh:step-count:3.0", _ACTIVITY
    ),
    Signal.STEPS_HOURLY: SignalSpec(
        "Steps, the source's hourly sum",
        "{steps}",
        _V,
        _SUM,
        0,
        18_000,
        3_600,
        "omh:step-count:3.0",
        _ACTIVITY,
        integer=True,
    ),
    Signal.STEPS_DAILY: SignalSpec(
        "Steps, the source's daily total",
        "{steps}",
        _D,
        _LAST,
        0,
        200_000,
        _DAY,
        "omh:step-count:3.0",
        _ACTIVITY,
        integer=True,
    ),
    Signal.SLEEP_SESSION: SignalSpec(
        "Sleep session (value: minutes asleep)",
        "min",
        _S,
        _SUM,
        0,
        2_880,
        172_800,
        "omh:sleep-episode:1.1",
        "ieee:sleep-episode:1.0",
        integer=True,
    ),
    Signal.SLEEP_STAGE: SignalSpec(
        "Sleep stage",
        "1",
        _T,
        _NONE,
        None,
        None,
        172_800,
        None,
        "ieee:sleep-stage-summary:1.0",
        integer=True,
    ),
    Signal.MINUTES_ASLEEP_DAILY: SignalSpec(
        "Minutes asleep, the source's daily total",
        "min",
        _D,
        _LAST,
        0,
        1_500,
        _DAY,
        "omh:total-sleep-time:1.0",
        "ieee:total-sleep-time:1.0",
        integer=True,
    ),
    Signal.TIME_IN_BED_DAILY: SignalSpec(
        "Time in bed, the source's daily total",
        "min",
        _D,
        _LAST,
        0,
        1_500,
        _DAY,
        None,
        "ieee:time-in-bed:1.0",
        integer=True,
    ),
    Signal.SLEEP_RECORDS_DAILY: SignalSpec(
        "Sleep records, the source's daily count", "1", _D, _LAST, 0, 24, _DAY, None, integer=True
    ),
    Signal.RESTING_HEART_RATE: SignalSpec(
        "Resting heart rate, the source's daily value",
        "/min",
        _D,
        _LAST,
        25,
        200,
        _DAY,
        "omh:heart-rate:2.0",
    ),
    Signal.HRV_RMSSD: SignalSpec(
        "Heart-rate variability, RMSSD", "ms", _I, _MEAN, 0, 500, 86_400, None
    ),
    Signal.HRV_RMSSD_DAILY: SignalSpec(
        "Heart-rate variability, RMSSD, the source's daily value",
        "ms",
        _D,
        _LAST,
        0,
        500,
        _DAY,
        None,
    ),
    Signal.HRV_SDNN: SignalSpec(
        "Heart-rate variability, SDNN", "ms", _I, _MEAN, 0, 500, 86_400, None
    ),
    Signal.OXYGEN_SATURATION: SignalSpec(
        "Oxygen saturation", "%", _I, _MEAN, 50, 100, 86_400, "omh:oxygen-saturation:2.0"
    ),
    Signal.OXYGEN_SATURATION_DAILY: SignalSpec(
        "Oxygen saturation, the source's daily average",
        "%",
        _D,
        _LAST,
        50,
        100,
        _DAY,
        "omh:oxygen-saturation:2.0",
    ),
    Signal.RESPIRATORY_RATE: SignalSpec(
        "Respiratory rate", "/min", _I, _MEAN, 3, 80, 86_400, "omh:respiratory-rate:2.0"
    ),
    Signal.RESPIRATORY_RATE_DAILY: SignalSpec(
        "Respiratory rate, the source's daily value",
        "/min",
        _D,
        _LAST,
        3,
        80,
        _DAY,
        "omh:respiratory-rate:2.0",
    ),
    Signal.SKIN_TEMPERATURE_DAILY: SignalSpec(
        "Skin temperature in sleep, the source's nightly value",
        "Cel",
        _D,
        _LAST,
        20,
        45,
        _DAY,
        "omh:body-temperature:4.0",
    ),
    Signal.DISTANCE: SignalSpec("Distance", "m", _V, _SUM, 0, 1_000_000, _DAY, None, _ACTIVITY),
    Signal.DISTANCE_DAILY: SignalSpec(
        "Distance, the source's daily total",
        "m",
        _D,
        _LAST,
        0,
        300_000,
        _DAY,
        None,
        _ACTIVITY,
    ),
    Signal.SEDENTARY_MINUTES_DAILY: SignalSpec(
        "Sedentary minutes, the source's daily total",
        "min",
        _D,
        _LAST,
        0,
        1_500,
        _DAY,
        None,
        _ACTIVITY,
        integer=True,
    ),
    Signal.WEIGHT: SignalSpec(
        "Body weight", "kg", _I, _LAST, 2, 650, 86_400, "omh:body-weight:2.0"
    ),
}

STAGES = ("awake", "light", "deep", "rem", "asleep", "restless", "in_bed", "unknown")
"""Codes of a sleep stage. awake/light/deep/rem of staged sleep, asleep/restless/awake of classic
sleep, in_bed where the source says no more than that."""

ASLEEP_STAGES = ("light", "deep", "rem", "asleep")
"""The stages that count as sleep (classic `restless` does not: wearables.md 2.7)."""
