"""Days that look like a crash after exertion: a suggestion to staff, never told to the person, never an outcome.

A day is low if its steps are below the 10th percentile of the person's own usual days and, beside that, the
resting heart rate is more than 3 per minute above their own median, or the time in bed more than 2 hours, or the
logarithm of the heart-rate variability more than 1.5 standard deviations (robust, from the MAD) below its own.
A window is two low days or more, of which two may have a day between them that is not low or not known; a
single low day is one beside a day on which the person tapped that it is bad.

Source: `protocol-and-instruments.md` 6.2 (`crash_day`, its objective helper: a suggestion only), which names
steps, resting heart rate and time in bed; the variability is of features.md N15 and of rule HRV1's limit; windows
are ours. The limits are defaults and no validated ones. On synthetic people (tests/services/viewing/test_crashes.py)
it finds at least 80 % of crashes of two days or more, and at least 90 % of its windows are crashes; on real
people neither is known.

What it cannot tell: an infection, a period, alcohol or a broken night look the same; a crash of one day, one in which
the watch was not worn, and one of somebody whose usual days are near no steps at all are missed; a person's own
level that drifts from the run-in's makes all later days low or none.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

_DAY = timedelta(days=1)
_LOW_STEPS = 10  # percentile
_PULSE_ABOVE = 3.0  # per minute
_BED_ABOVE = 120.0  # minutes
_VARIABILITY_BELOW = 1.5  # robust standard deviations of the logarithm
_TO_DEVIATION = 1.4826
_LEAST_DAYS = 7
"""Of usual days, without which nothing is said; as of every own baseline."""


@dataclass(frozen=True)
class Series:
    """One measure of the days that can be used, and the days that are the person's usual ones."""

    values: Mapping[date, float]
    usual: Sequence[float]


@dataclass(frozen=True)
class Signs:
    """What the rule is given: of steps, resting heart rate, minutes in bed and variability (ms), and the taps."""

    steps: Series
    pulse: Series
    bed: Series
    variability: Series
    taps: Collection[date] = frozenset()


@dataclass(frozen=True)
class Suspected:
    """Days that look like a crash, both ends included, and what speaks for it."""

    first: date
    last: date
    signs: tuple[str, ...]


def suspected(signs: Signs) -> tuple[Suspected, ...]:
    """Return the windows that look like crashes, in time; none without a week of usual days."""
    low = _low_days(signs)
    windows: list[list[date]] = []
    for day in sorted(low):
        if windows and day - windows[-1][-1] <= 2 * _DAY:
            windows[-1].append(day)
        else:
            windows.append([day])
    return tuple(
        Suspected(found[0], found[-1], _words(found, low, signs.taps))
        for found in windows
        if len(found) > 1 or _is_tapped(found[0], signs.taps)
    )


def _is_tapped(day: date, taps: Collection[date]) -> bool:
    return any(each in taps for each in (day - _DAY, day, day + _DAY))


def _words(
    found: Sequence[date], low: Mapping[date, Collection[str]], taps: Collection[date]
) -> tuple[str, ...]:
    said = ["few steps", *sorted({word for day in found for word in low[day]})]
    if any(_is_tapped(day, taps) for day in found):
        said.append("bad day told")
    return tuple(said)


def _low_days(signs: Signs) -> dict[date, tuple[str, ...]]:
    if len(signs.steps.usual) < _LEAST_DAYS:
        return {}
    few = float(np.percentile(signs.steps.usual, _LOW_STEPS))
    low = [day for day, steps in signs.steps.values.items() if steps < few]
    beside = {day: tuple(_beside(day, signs)) for day in low}
    return {day: words for day, words in beside.items() if words}


def _beside(day: date, signs: Signs) -> Iterator[str]:
    """Yield what besides few steps is as in a crash."""
    if _above(signs.pulse, day, _PULSE_ABOVE):
        yield "resting heart rate up"
    if _above(signs.bed, day, _BED_ABOVE):
        yield "longer in bed"
    if _is_less_variable(signs.variability, day):
        yield "variability down"


def _above(series: Series, day: date, by: float) -> bool:
    value = series.values.get(day)
    if value is None or len(series.usual) < _LEAST_DAYS:
        return False
    return value > float(np.median(series.usual)) + by


def _is_less_variable(series: Series, day: date) -> bool:
    value = series.values.get(day)
    if value is None or value <= 0 or len(series.usual) < _LEAST_DAYS or min(series.usual) <= 0:
        return False
    usual = np.log(np.asarray(series.usual, float))
    median = float(np.median(usual))
    deviation = _TO_DEVIATION * float(np.median(np.abs(usual - median)))
    return float(np.log(value)) < median - _VARIABILITY_BELOW * deviation


def days_of(windows: Sequence[Suspected]) -> frozenset[date]:
    """Return every day that lies in a window."""
    return frozenset(
        each.first + timedelta(number)
        for each in windows
        for number in range((each.last - each.first).days + 1)
    )
