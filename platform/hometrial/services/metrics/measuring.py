"""All metrics of a day, in one call."""

from hometrial.services.metrics.activity import cadence, steps, steps_by_minute
from hometrial.services.metrics.day import DEFAULT, PASSED_ON, Day, Settings
from hometrial.services.metrics.episodes import episodes, main_sleep, sleep_periods
from hometrial.services.metrics.heart import (
    HeartRate,
    at_rest_awake,
    level,
    minute_starts,
    resting_in_sleep,
)
from hometrial.services.metrics.sleep import sleep
from hometrial.services.metrics.spans import Bools, holds
from hometrial.services.metrics.wear import night, wear
from hometrial_ingest.signals import Signal


def measure(day: Day, settings: Settings = DEFAULT) -> dict[str, float]:
    """Return every metric of RULES that can be computed of this day; one that is unknown is absent."""
    heart_rate, awake = HeartRate.of(day), _awake(day)
    found, by_minute = episodes(day, settings), steps_by_minute(day)
    main = main_sleep(found)
    measured = wear(day, heart_rate, settings, awake) | night(day, heart_rate, main)
    measured |= level(heart_rate) | steps(day) | cadence(by_minute) | sleep(found, day)
    if main is not None:
        measured |= resting_in_sleep(heart_rate, main)
    if awake is not None:
        measured |= at_rest_awake(heart_rate, awake, by_minute)
    return measured | {PASSED_ON[Signal(name)]: float(day.daily[name]) for name in day.daily}


def _awake(day: Day) -> Bools | None:
    asleep = sleep_periods(day)
    return ~holds(asleep, minute_starts(day)) if len(asleep) else None
