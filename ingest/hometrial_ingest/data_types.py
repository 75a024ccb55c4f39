"""What a person consents to, signal by signal: the data types of a consent form."""

from enum import StrEnum

from hometrial_ingest.signals import Signal


class DataType(StrEnum):
    """One switch on the consent form (features.md B5); everything is off until it is given."""

    HEART_RATE = "heart_rate"
    STEPS = "steps"
    SLEEP = "sleep"
    OXYGEN_SATURATION = "oxygen_saturation"
    RESPIRATORY_RATE = "respiratory_rate"
    SKIN_TEMPERATURE = "skin_temperature"
    WEIGHT = "weight"


_SIGNALS: dict[DataType, tuple[Signal, ...]] = {
    DataType.HEART_RATE: (
        Signal.HEART_RATE,
        Signal.RESTING_HEART_RATE,
        Signal.HRV_RMSSD,
        Signal.HRV_RMSSD_DAILY,
        Signal.HRV_SDNN,
    ),
    DataType.STEPS: (
        Signal.STEPS,
        Signal.STEPS_HOURLY,
        Signal.STEPS_DAILY,
        Signal.DISTANCE,
        Signal.DISTANCE_DAILY,
        Signal.SEDENTARY_MINUTES_DAILY,
    ),
    DataType.SLEEP: (
        Signal.SLEEP_SESSION,
        Signal.SLEEP_STAGE,
        Signal.MINUTES_ASLEEP_DAILY,
        Signal.TIME_IN_BED_DAILY,
        Signal.SLEEP_RECORDS_DAILY,
    ),
    DataType.OXYGEN_SATURATION: (Signal.OXYGEN_SATURATION, Signal.OXYGEN_SATURATION_DAILY),
    DataType.RESPIRATORY_RATE: (Signal.RESPIRATORY_RATE, Signal.RESPIRATORY_RATE_DAILY),
    DataType.SKIN_TEMPERATURE: (Signal.SKIN_TEMPERATURE_DAILY,),
    DataType.WEIGHT: (Signal.WEIGHT,),
}

DATA_TYPE_OF: dict[Signal, DataType] = {
    signal: data_type for data_type, signals in _SIGNALS.items() for signal in signals
}
"""The switch that covers each signal of the vocabulary."""
