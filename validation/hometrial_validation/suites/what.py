"""Rules about the value itself: physics for everybody, and what is usual for one person."""

from collections.abc import Mapping
from typing import Any

from hometrial_ingest.signals import SIGNALS, Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.rule import Rule
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import RELEASE, Row, measured, moment, number, real, whole


def _no_value(row: Row, signal: Signal, _settings: Settings) -> str:
    return (
        f"the row at {moment(whole(row, 'local'))} holds no {signal} value; read the file again if "
        "the source has one, else confirm the row as an error"
    )


def _outside(row: Row, signal: Signal, settings: Settings) -> str:
    spec, (least, greatest) = SIGNALS[signal], settings.bounds_of(signal)
    low = "-∞" if least is None else number(least)
    high = "∞" if greatest is None else number(greatest)
    return (
        f"{measured(real(row, 'value'), signal)} is outside {low}-{high} "
        f"{spec.unit.strip('{}')}, which no living person has; if the device is known to be right, "
        "release the row with a reason, else confirm it as an error"
    )


def _fraction(row: Row, signal: Signal, _settings: Settings) -> str:
    return f"{measured(real(row, 'value'), signal)} has a fraction, which this signal cannot have; {RELEASE}"


def _unusual(row: Row, signal: Signal, settings: Settings) -> str:
    return (
        f"{measured(real(row, 'value'), signal)} is outside {number(real(row, 'usual_low'))} to "
        f"{number(real(row, 'usual_high'))}, the person's own band of {number(settings.band_width)} "
        "robust deviations; it is kept, and worth a look at what happened that day"
    )


def _physical(signal: Signal, context: Context) -> Mapping[str, Any]:
    low, high = context.settings.bounds_of(signal)
    return {"measure": "value", "low": low, "high": high}


def _counted(signal: Signal) -> bool:
    # Minutes that some source gives to the second are a finer measurement and no wrong one.
    return SIGNALS[signal].integer and SIGNALS[signal].unit != "min"


PRESENT = Rule(
    "value_is_present",
    Severity.ERROR,
    "The row has a value.",
    "ExpectMeasureToBeKnown",
    ("local", "value"),
    _no_value,
    lambda _signal, _context: {"measure": "value"},
)

PHYSICS = (
    Rule(
        "value_is_physical",
        Severity.ERROR,
        "The value lies inside the signal's physical limits, those of the vocabulary.",
        "ExpectMeasureToBeBetween",
        ("value",),
        _outside,
        _physical,
    ),
    Rule(
        "value_is_whole",
        Severity.ERROR,
        "The value of a signal that counts has no fraction.",
        "ExpectWholeValue",
        ("value",),
        _fraction,
        applies=_counted,
    ),
)

USUAL = Rule(
    "value_is_usual_for_the_person",
    Severity.FLAG,
    "The value lies inside the person's own band: the median of at least 14 days, give or take 8 "
    "robust standard deviations.",
    "ExpectValueUsualForPerson",
    ("local", "value", "usual_low", "usual_high"),
    _unusual,
)
"""Never an error: a person whose every day is unlike the others is no bad data."""

VALUE = (PRESENT, *PHYSICS)
"""The rules of signals that always have a value."""
