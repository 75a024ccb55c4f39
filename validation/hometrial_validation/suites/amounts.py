"""Suites of instants, of intervals and of the source's daily values."""

from collections.abc import Mapping
from typing import Any

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.prepare.days import with_day_sum
from hometrial_validation.prepare.episodes import with_previous_end
from hometrial_validation.prepare.person import with_usual
from hometrial_validation.prepare.rates import with_step_rate
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.suites.what import USUAL, VALUE
from hometrial_validation.suites.when import LASTING, TIME
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import RELEASE, Row, day, measured, moment, number, real, whole

_STEPS = (Signal.STEPS, Signal.STEPS_HOURLY)


def overlapping(row: Row, _signal: Signal, _settings: Settings) -> str:
    """Return the reason why a row overlaps what its device said before."""
    return (
        f"the row begins at {moment(whole(row, 'at'))} UTC, before what the same device began "
        f"earlier ends at {moment(whole(row, 'own_end'))} UTC, so that time would count twice; "
        f"{RELEASE}"
    )


def beside_another(row: Row, _signal: Signal, _settings: Settings) -> str:
    """Return the reason why a row overlaps what another device or app of its source said before."""
    return (
        f"the row begins at {moment(whole(row, 'at'))} UTC, before what the source {row['source']} began "
        f"earlier ends at {moment(whole(row, 'others_end'))} UTC; both are kept, as two devices or apps "
        "may share the source's name, and an analysis must not add them up"
    )


def _too_fast(row: Row, signal: Signal, settings: Settings) -> str:
    return (
        f"{measured(real(row, 'value'), signal)} in {number(whole(row, 'duration'))} s is more than "
        f"{number(settings.steps_per_minute)} a minute, above a sprinter's cadence; {RELEASE}"
    )


def _too_short(row: Row, signal: Signal, _settings: Settings) -> str:
    return (
        f"{measured(real(row, 'value'), signal)} in {number(whole(row, 'duration'))} s are more steps "
        "than fit the interval: the count is kept, its interval is too short"
    )


def _off_total(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"on {day(whole(row, 'day'))} the samples of {row['participant']} add up to "
        f"{number(real(row, 'day_sum'))} and the source's own total is "
        f"{number(real(row, 'day_total'))}; both are kept, and an analysis must say which it takes"
    )


def no_overlap(_signal: Signal, context: Context) -> Mapping[str, Any]:
    """Return the limit of an overlap with what the same device began."""
    return {"end": "own_end", "seconds": context.settings.overlap_seconds}


def no_others(_signal: Signal, context: Context) -> Mapping[str, Any]:
    """Return the limit of an overlap with what another device or app of the same source began."""
    return {"end": "others_end", "seconds": context.settings.overlap_seconds}


def _cadence(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "rate", "high": context.settings.steps_per_minute}


def _short_cadence(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "short_rate", "high": context.settings.steps_per_minute}


def _not_above(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"high_share": 1 + context.settings.day_sum_share}


def _not_below(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"low_share": 1 - context.settings.day_sum_share}


NO_OVERLAP = Rule(
    "no_overlap",
    Severity.ERROR,
    "The row begins after everything that surely the same device began earlier for the person has ended.",
    "ExpectNoOverlap",
    ("at", "duration", "own_end", "source"),
    overlapping,
    no_overlap,
)

NO_OTHERS = Rule(
    "no_overlap_of_devices",
    Severity.FLAG,
    "The row begins after everything that other devices or apps began earlier under the same source "
    "has ended.",
    "ExpectNoOverlap",
    ("at", "duration", "others_end", "source"),
    beside_another,
    no_others,
)

STEP_RATE = Rule(
    "steps_at_a_human_rate",
    Severity.ERROR,
    "There are at most 300 steps for each minute of an interval of a minute or more that the source timed.",
    "ExpectMeasureToBeBetween",
    ("value", "duration", "rate"),
    _too_fast,
    _cadence,
    applies=lambda signal: signal in _STEPS,
)

SHORT_INTERVAL = Rule(
    "steps_fit_their_interval",
    Severity.FLAG,
    "There are at most 300 steps for each minute of an interval of less than a minute, or of one whose "
    "length the source does not give.",
    "ExpectMeasureToBeBetween",
    ("value", "duration", "short_rate"),
    _too_short,
    _short_cadence,
    applies=lambda signal: signal in _STEPS,
)

DAY_SUMS = (
    Rule(
        "day_sum_not_above_total",
        Severity.FLAG,
        "The intervals of a local day add up to no more than the source's own daily total plus 1 %.",
        "ExpectDaySumNearTotal",
        ("participant", "day", "day_sum", "day_total"),
        _off_total,
        _not_above,
    ),
    Rule(
        "day_sum_not_below_total",
        Severity.FLAG,
        "The intervals of a local day add up to no less than the source's own daily total minus 1 %.",
        "ExpectDaySumNearTotal",
        ("participant", "day", "day_sum", "day_total"),
        _off_total,
        _not_below,
    ),
)

INSTANT = Suite("instant", 2, (*TIME, *VALUE, USUAL), (with_usual,))
INTERVAL = Suite(
    "interval",
    2,
    (*TIME, LASTING, *VALUE, STEP_RATE, NO_OVERLAP, SHORT_INTERVAL, NO_OTHERS, USUAL, *DAY_SUMS),
    (with_step_rate, with_previous_end, with_usual, with_day_sum),
)
DAILY = Suite("daily", 2, (*TIME, *VALUE, USUAL), (with_usual,))
