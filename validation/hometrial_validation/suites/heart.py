"""The suite of heart rate: that of instants, and what the series tells about the device."""

from collections.abc import Mapping
from typing import Any

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.prepare.heart import with_filler, with_series
from hometrial_validation.prepare.person import with_usual
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.suites.what import USUAL, VALUE
from hometrial_validation.suites.when import TIME
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import Row, moment, number, real, whole


def _placeholder(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"heart rate {number(real(row, 'value'))} /min at {moment(whole(row, 'local'))} looks like "
        "the device's placeholder; it is kept, and an analysis may leave such rows out"
    )


def _stuck(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"heart rate {number(real(row, 'value'))} /min around {moment(whole(row, 'local'))} stood "
        f"still for {number(real(row, 'run_minutes'))} minutes, longer than "
        f"{number(settings.stuck_minutes)}; it is kept, and the fit of the device is worth a question"
    )


def _paused(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"{row['participant']} has no heart rate for {number(real(row, 'gap_minutes'))} minutes "
        f"before {moment(whole(row, 'local'))}, longer than {number(settings.longest_gap_minutes)}; "
        "the row is kept, and the pause counts as not worn"
    )


def _thin(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"on {moment(whole(row, 'local'))[:10]} the heart rate of {row['participant']} covers "
        f"{number(real(row, 'covered_minutes'))} minutes ({real(row, 'covered_minutes') / 1440:.0%} "
        f"of 24 hours), fewer than {number(settings.least_covered_minutes)}; the rows are kept, and "
        "the day may not be valid"
    )


def _run(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "run_minutes", "high": context.settings.stuck_minutes}


def _gap(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "gap_minutes", "high": context.settings.longest_gap_minutes}


def _coverage(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "covered_minutes", "low": context.settings.least_covered_minutes}


DEVICE = (
    Rule(
        "not_a_filler_value",
        Severity.FLAG,
        "The value is not the device's placeholder: exactly 70 with confidence 0, or, where the "
        "source gives no confidence, one of a spike of exact 70.",
        "ExpectRowNotToBeMarked",
        ("local", "value", "confidence", "filler"),
        _placeholder,
        lambda _signal, _context: {"mark": "filler"},
    ),
    Rule(
        "value_is_not_stuck",
        Severity.FLAG,
        "The value does not stand still for more than 10 minutes.",
        "ExpectMeasureToBeBetween",
        ("local", "value", "run_minutes"),
        _stuck,
        _run,
    ),
    Rule(
        "no_long_gap",
        Severity.FLAG,
        "The series does not pause for more than 4 hours of a local day.",
        "ExpectMeasureToBeBetween",
        ("participant", "local", "gap_minutes"),
        _paused,
        _gap,
    ),
    Rule(
        "day_is_covered",
        Severity.FLAG,
        "The samples of a local day cover at least 10 hours, pauses of an hour and more left out.",
        "ExpectMeasureToBeBetween",
        ("participant", "local", "covered_minutes"),
        _thin,
        _coverage,
    ),
)

HEART_RATE = Suite(
    "heart_rate",
    2,
    (*TIME, *VALUE, USUAL, *DEVICE),
    (with_usual, with_filler, with_series),
)
