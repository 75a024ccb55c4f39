"""Wear time from the presence of heart rate, and whether a day or night is valid (protocol 6.1).

Steps never tell: a device reports zero steps on a table, and a bedbound person makes none.
"""

import numpy as np

from hometrial.services.metrics.day import Day, Settings
from hometrial.services.metrics.episodes import Episode
from hometrial.services.metrics.heart import HeartRate
from hometrial.services.metrics.spans import Bools, runs

VALID_DAY, VALID_DAY_SHARE, VALID_DAY_24H = 600, 0.8, 960
"""Minutes of awake wear, or the share of the minutes awake; minutes of wear of the 24-hour rule."""
VALID_NIGHT = 70
"""The least heart-rate coverage of a valid night's main sleep, %."""


def worn_minutes(valid: Bools, settings: Settings) -> Bools:
    """Say of each minute whether it is worn: not in a non-wear bout.

    A bout is a stretch inside the day of at least `non_wear_minutes` without a valid minute.
    """
    worn = np.ones(len(valid), bool)
    for first, end in runs(~valid).tolist():
        worn[first:end] = end - first < settings.non_wear_minutes
    return worn


def wear(
    day: Day, heart_rate: HeartRate, settings: Settings, awake: Bools | None
) -> dict[str, float]:
    """Return wear time, and whether the day is valid; nothing if wear cannot be known.

    `awake` says of each minute whether it lies outside recorded sleep; None if none is recorded.
    """
    if not (day.has_heart_rate_device or heart_rate.valid.any()):
        return {}
    worn = worn_minutes(heart_rate.valid, settings)
    measured = {
        "wear_minutes": float(worn.sum()),
        "heart_rate_minutes": float(heart_rate.valid.sum()),
        "heart_rate_count": float(heart_rate.values.size),
        "heart_rate_left_out": float(heart_rate.left_out),
        "valid_day": float(_is_valid_day(worn, awake)),
        "valid_day_24h": float(worn.sum() >= VALID_DAY_24H),
    }
    if awake is not None:
        measured["awake_minutes"] = float(awake.sum())
        measured["awake_wear_minutes"] = float((worn & awake).sum())
    return measured


def _is_valid_day(worn: Bools, awake: Bools | None) -> bool:
    awake = np.ones(len(worn), bool) if awake is None else awake
    minutes, length = int((worn & awake).sum()), int(awake.sum())
    return minutes >= VALID_DAY or (length > 0 and minutes >= VALID_DAY_SHARE * length)


def night(day: Day, heart_rate: HeartRate, main_sleep: Episode | None) -> dict[str, float]:
    """Return how much of the main sleep has heart rate, and whether that makes a valid night."""
    minutes = np.empty(0) if main_sleep is None else heart_rate.during(main_sleep)
    if not (day.has_heart_rate_device or heart_rate.valid.any() or (~np.isnan(minutes)).any()):
        return {}
    if not minutes.size:
        return {"valid_night": 0.0}
    coverage = 100 * float((~np.isnan(minutes)).mean())
    return {"night_coverage": coverage, "valid_night": float(coverage >= VALID_NIGHT)}
