"""What people answered. An answer is never wrong for what it says: only what cannot have been given is an error."""

from collections.abc import Mapping
from typing import Any

from hometrial_validation.forms import FormKind
from hometrial_validation.frame import MINUTE, SECOND, Context, Settings
from hometrial_validation.prepare.answers import with_marks
from hometrial_validation.rule import Limits, Rule, Suite
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import RELEASE, Row, moment, number, real, whole

_DAY = 86_400.0


def _unknown(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return (
        f"the instrument has no item {row['item']} in the version that was asked; find out which form the "
        "device showed, and confirm the row as an error"
    )


def _impossible(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return f"the answer to {row['item']} is of another type than the item takes; {RELEASE}"


def _clock(row: Row, _kind: FormKind, settings: Settings) -> str:
    return (
        f"{row['item']} was answered at {moment(whole(row, 'at'))} UTC, which is before "
        f"{moment(settings.earliest)} or more than {settings.future_minutes} minutes after the moment of "
        f"checking; the device's clock is wrong: {RELEASE}"
    )


def _no_time(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return (
        f"{row['item']} took {number(real(row, 'seconds'))} s, which no clock can count; {RELEASE}"
    )


def _out_of_range(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return (
        f"{row['item']} is {number(real(row, 'value'))}, outside {number(real(row, 'low'))} to "
        f"{number(real(row, 'high'))}; it is kept as it was said"
    )


def _out_of_window(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return (
        f"{row['item']} was answered at {moment(whole(row, 'at'))} UTC; the form was open from "
        f"{moment(whole(row, 'opens_at'))} to {moment(whole(row, 'closes_at'))} UTC"
    )


def _skewed(row: Row, _kind: FormKind, settings: Settings) -> str:
    return (
        f"the device's clock differed from ours by {number(real(row, 'skew'))} s, more than "
        f"{settings.future_minutes} minutes; the instants were put right by that"
    )


def _fast(row: Row, _kind: FormKind, settings: Settings) -> str:
    return (
        f"{row['item']} was answered within {number(real(row, 'seconds'))} s, less than the "
        f"{number(settings.screen_seconds)} s that reading it takes"
    )


def _straight(row: Row, _kind: FormKind, settings: Settings) -> str:
    return (
        f"{row['item']} is {number(real(row, 'value'))} like every other scale of the form, at least "
        f"{settings.straight_items} of them"
    )


def _repeated(row: Row, _kind: FormKind, _settings: Settings) -> str:
    return f"{row['item']} and every other item are answered as on the occasion before"


def _lived(_kind: FormKind, context: Context) -> Mapping[str, Any]:
    high = context.now + context.settings.future_minutes * MINUTE
    return {"measure": "at", "low": context.settings.earliest, "high": high}


def _counted(_kind: FormKind, _context: Context) -> Mapping[str, Any]:
    return {"measure": "seconds", "low": 0.0, "high": 60 * _DAY}


def _together(_kind: FormKind, context: Context) -> Mapping[str, Any]:
    most = float(context.settings.future_minutes * MINUTE / SECOND)
    return {"measure": "skew", "low": -most, "high": most}


def _slow_enough(_kind: FormKind, context: Context) -> Mapping[str, Any]:
    return {"measure": "seconds", "low": context.settings.screen_seconds}


def _mark(name: str) -> Limits[FormKind]:
    return lambda _kind, _context: {"mark": name}


FORM: Suite[FormKind] = Suite(
    "form",
    1,
    (
        Rule(
            "item_is_of_the_form",
            Severity.ERROR,
            "The instrument has the item, in the version that was asked.",
            "ExpectRowNotToBeMarked",
            ("item", "unknown"),
            _unknown,
            _mark("unknown"),
        ),
        Rule(
            "answer_has_its_type",
            Severity.ERROR,
            "The answer is of the type that the item takes.",
            "ExpectRowNotToBeMarked",
            ("item", "impossible"),
            _impossible,
            _mark("impossible"),
        ),
        Rule(
            "answered_in_this_time",
            Severity.ERROR,
            "The answer was given after 1979 and not more than five minutes after the moment of checking.",
            "ExpectMeasureToBeBetween",
            ("item", "at"),
            _clock,
            _lived,
        ),
        Rule(
            "screen_time_is_possible",
            Severity.ERROR,
            "The screen was shown for no less than no time, and for no more than sixty days.",
            "ExpectMeasureToBeBetween",
            ("item", "seconds"),
            _no_time,
            _counted,
        ),
        Rule(
            "answer_in_range",
            Severity.FLAG,
            "The answer lies inside the range that the item asks for.",
            "ExpectRowNotToBeMarked",
            ("item", "value", "low", "high", "out_of_range"),
            _out_of_range,
            _mark("out_of_range"),
        ),
        Rule(
            "answered_in_its_window",
            Severity.FLAG,
            "The answer was given while the form was open.",
            "ExpectRowNotToBeMarked",
            ("item", "at", "opens_at", "closes_at", "out_of_window"),
            _out_of_window,
            _mark("out_of_window"),
        ),
        Rule(
            "device_clock_agrees",
            Severity.FLAG,
            "The device's clock differed from ours by no more than five minutes.",
            "ExpectMeasureToBeBetween",
            ("item", "skew"),
            _skewed,
            _together,
        ),
        Rule(
            "read_before_answered",
            Severity.FLAG,
            "The screen was shown for a second or more.",
            "ExpectMeasureToBeBetween",
            ("item", "seconds"),
            _fast,
            _slow_enough,
        ),
        Rule(
            "answers_are_not_all_alike",
            Severity.FLAG,
            "A form of at least six scales has more than one answer on them.",
            "ExpectRowNotToBeMarked",
            ("item", "value", "straight"),
            _straight,
            _mark("straight"),
        ),
        Rule(
            "form_is_no_copy",
            Severity.FLAG,
            "A form of at least six answers is not answered, item by item, as on the occasion before.",
            "ExpectRowNotToBeMarked",
            ("item", "repeats"),
            _repeated,
            _mark("repeats"),
        ),
    ),
    (with_marks,),
)
"""The suite that judges answers to questionnaires."""
