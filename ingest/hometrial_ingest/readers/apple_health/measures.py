"""Which types of record are kept, as which signal, and in which units they may come."""

from collections.abc import Mapping
from dataclasses import dataclass

from hometrial_ingest.signals import Signal


@dataclass(frozen=True)
class Measure:
    """The signal of a type of record; `factors` turns a value in one of its units into the signal's."""

    signal: Signal
    factors: Mapping[str, float]


MEASURES: Mapping[str, Measure] = {
    "HKQuantityTypeIdentifierStepCount": Measure(Signal.STEPS, {"count": 1.0}),
    "HKQuantityTypeIdentifierHeartRate": Measure(Signal.HEART_RATE, {"count/min": 1.0}),
    "HKQuantityTypeIdentifierRestingHeartRate": Measure(
        Signal.RESTING_HEART_RATE, {"count/min": 1.0}
    ),
    "HKQuantityTypeIdentifierHeartRateVariabilitySDNN": Measure(Signal.HRV_SDNN, {"ms": 1.0}),
    # Apple writes the unit "%" beside a fraction: 0.97 is 97 %.
    "HKQuantityTypeIdentifierOxygenSaturation": Measure(Signal.OXYGEN_SATURATION, {"%": 100.0}),
    "HKQuantityTypeIdentifierRespiratoryRate": Measure(Signal.RESPIRATORY_RATE, {"count/min": 1.0}),
    # The international yard and pound agreement of 1959 makes mile, pound and stone exact.
    "HKQuantityTypeIdentifierDistanceWalkingRunning": Measure(
        Signal.DISTANCE, {"m": 1.0, "km": 1000.0, "mi": 1609.344}
    ),
    "HKQuantityTypeIdentifierBodyMass": Measure(
        Signal.WEIGHT, {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "st": 6.35029318}
    ),
}

SLEEP_TYPE = "HKCategoryTypeIdentifierSleepAnalysis"

SLEEP_STAGES: Mapping[str, str] = {
    "HKCategoryValueSleepAnalysisInBed": "in_bed",
    "HKCategoryValueSleepAnalysisAsleep": "asleep",  # before iOS 16
    "HKCategoryValueSleepAnalysisAsleepUnspecified": "asleep",
    "HKCategoryValueSleepAnalysisAsleepCore": "light",  # HealthKit: core is stages N1 and N2
    "HKCategoryValueSleepAnalysisAsleepDeep": "deep",
    "HKCategoryValueSleepAnalysisAsleepREM": "rem",
    "HKCategoryValueSleepAnalysisAwake": "awake",
}
"""The stage of our vocabulary for each value of a sleep record."""

KEPT_TYPES = frozenset([*MEASURES, SLEEP_TYPE])
"""The types whose records are source rows; all others are left alone."""
