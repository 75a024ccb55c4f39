"""Rules about time that every frame is asked."""

from collections.abc import Mapping
from typing import Any

from hometrial_ingest.signals import SIGNALS, Signal
from hometrial_validation.frame import AMBIGUOUS, IN_GAP, MINUTE, Context, Settings
from hometrial_validation.rule import Rule
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import RELEASE, Row, moment, number, offset, whole


def _zone(row: Row) -> str:
    return str(row["zone"]) if "zone" in row else "the zone that is on file for the person"


def _does_not_exist(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"{moment(whole(row, 'local'))} does not exist in {_zone(row)}, where the clocks were put "
        "forward over it; correct the zone on file for that day, or confirm the row as an error"
    )


def _happens_twice(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"{moment(whole(row, 'local'))} happens twice in {_zone(row)}, where the clocks were put "
        "back over it, and the file does not say which is meant; import a source that gives the "
        "offset, or confirm the row as an error"
    )


def _reset_clock(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"the instant {moment(whole(row, 'at'))} UTC is before {moment(settings.earliest)}, as from "
        "a device whose clock was reset; set the device's clock, and confirm the row as an error"
    )


def _future(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"the instant {moment(whole(row, 'at'))} UTC is more than {settings.future_minutes} minutes "
        "after the moment of checking; check the device's clock and the zone on file, and let the "
        "row be checked again, or confirm it as an error"
    )


def _impossible_offset(row: Row, _signal: Signal, settings: Settings) -> str:
    return (
        f"the offset {offset(whole(row, 'offset'))} is outside {offset(settings.lowest_offset)} to "
        f"{offset(settings.highest_offset)}, which no zone has; correct the zone, or confirm an error"
    )


def _too_long(row: Row, signal: Signal, _settings: Settings) -> str:
    return (
        f"the duration {number(whole(row, 'duration'))} s is outside 0 to "
        f"{number(SIGNALS[signal].longest)} s, the longest plausible for {signal}; {RELEASE}"
    )


def _no_length(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the row at {moment(whole(row, 'local'))} lasts {number(whole(row, 'duration'))} s, and "
        f"nothing can be counted or slept in that; {RELEASE}"
    )


def _since(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "at", "low": context.settings.earliest}


def _until(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"measure": "at", "high": context.now + context.settings.future_minutes * MINUTE}


def _offsets(_signal: Signal, context: Context) -> Mapping[str, Any]:
    low, high = context.settings.lowest_offset, context.settings.highest_offset
    return {"measure": "offset", "low": low, "high": high}


def _durations(signal: Signal, _context: Context) -> Mapping[str, Any]:
    return {"measure": "duration", "low": 0, "high": SIGNALS[signal].longest}


PLACING = (
    Rule(
        "local_time_exists",
        Severity.ERROR,
        "The wall clock of the row exists in the person's zone: no clock change skipped it.",
        "ExpectPlacementToNotBe",
        ("local",),
        _does_not_exist,
        lambda _signal, _context: {"placement": IN_GAP},
    ),
    Rule(
        "local_time_is_unambiguous",
        Severity.ERROR,
        "The wall clock of the row happened once in the person's zone: no clock change repeated it.",
        "ExpectPlacementToNotBe",
        ("local",),
        _happens_twice,
        lambda _signal, _context: {"placement": AMBIGUOUS},
    ),
)
"""A row that these blame has no instant, and no other rule is asked about it."""

CLOCK = (
    Rule(
        "clock_was_set",
        Severity.ERROR,
        "The instant is not before 1980: the device's clock was set.",
        "ExpectMeasureToBeBetween",
        ("at",),
        _reset_clock,
        _since,
    ),
    Rule(
        "not_in_the_future",
        Severity.ERROR,
        "The instant is not more than five minutes after the moment of checking.",
        "ExpectMeasureToBeBetween",
        ("at",),
        _future,
        _until,
    ),
    Rule(
        "offset_is_possible",
        Severity.ERROR,
        "Local time is from 12 hours behind to 14 hours ahead of UTC.",
        "ExpectMeasureToBeBetween",
        ("offset",),
        _impossible_offset,
        _offsets,
    ),
    Rule(
        "duration_is_plausible",
        Severity.ERROR,
        "The duration is not negative and not above the longest plausible of the signal.",
        "ExpectMeasureToBeBetween",
        ("duration",),
        _too_long,
        _durations,
    ),
)

LASTING = Rule(
    "row_lasts",
    Severity.ERROR,
    "The row lasts longer than no time, unless it is a session that is still running.",
    "ExpectRowToLast",
    ("local", "duration"),
    _no_length,
)
"""For what has a beginning and an end."""

TIME = (*PLACING, *CLOCK)
"""The rules that stand at the head of every suite."""
