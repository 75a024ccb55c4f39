"""Data points made into samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np

from hometrial_ingest.readers.omh.points import (
    PHYSICAL_ACTIVITY,
    SLEEP_EPISODE,
    TOTAL_SLEEP_TIME,
    Body,
    Entry,
    Header,
    body_of,
    source_of,
)
from hometrial_ingest.readers.omh.quantity import (
    KILOGRAMS,
    MINUTES,
    OddFieldError,
    UnitValue,
    convert,
)
from hometrial_ingest.readers.omh.time_frame import Moment, Span, span
from hometrial_ingest.signals import SIGNALS, Shape, Signal

Value = TypeVar("Value")
Sample = tuple[Signal, dict[str, object]]

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_LONGEST_DAY = 90_000  # 25 hours, in seconds


@dataclass(frozen=True)
class _Measure:
    signal: Signal
    field: str
    units: Mapping[str, Fraction]


_MEASURES = {
    "step-count": _Measure(Signal.STEPS, "step_count", {"steps": Fraction(1)}),
    PHYSICAL_ACTIVITY: _Measure(Signal.STEPS, "base_movement_quantity", {"steps": Fraction(1)}),
    "heart-rate": _Measure(Signal.HEART_RATE, "heart_rate", {"beats/min": Fraction(1)}),
    "oxygen-saturation": _Measure(
        Signal.OXYGEN_SATURATION, "oxygen_saturation", {"%": Fraction(1)}
    ),
    "respiratory-rate": _Measure(
        Signal.RESPIRATORY_RATE, "respiratory_rate", {"breaths/min": Fraction(1)}
    ),
    "body-weight": _Measure(Signal.WEIGHT, "body_weight", KILOGRAMS),
}


def sample(entry: Entry, schema: str) -> Sample:
    """Return the sample that an entry of a kept schema holds.

    Raises OddFieldError if a field is missing, in an unknown unit, or not the value of one time.
    """
    body, when = body_of(entry), _when(body_of(entry))
    if schema == SLEEP_EPISODE:
        made = _sleep_episode(entry.header, body, when)
    elif schema == TOTAL_SLEEP_TIME:
        made = _total_sleep_time(body, when)
    else:
        made = _measure(_MEASURES[schema], body, when)
    signal, values = made
    person = entry.header and entry.header.user_id
    return signal, {"person": person, "source": source_of(entry.header), **values}


def _when(body: Body) -> Span:
    return span(_required("effective_time_frame", body.effective_time_frame))


def _measure(measure: _Measure, body: Body, when: Span) -> Sample:
    quantity: UnitValue = _required(measure.field, getattr(body, measure.field))
    is_amount = SIGNALS[measure.signal].shape is Shape.INTERVAL
    _refuse_statistic(body, () if is_amount else ("average",))
    if is_amount and not when.seconds:
        raise OddFieldError(
            "effective_time_frame", when.seconds, "an amount needs an interval of a second or more"
        )
    value = convert(measure.field, quantity, measure.units)
    return measure.signal, {**_start(when.start), "duration": when.seconds, "value": value}


def _total_sleep_time(body: Body, when: Span) -> Sample:
    _refuse_statistic(body)
    asleep = _required("total_sleep_time", body.total_sleep_time)
    minutes = convert("total_sleep_time", asleep, MINUTES)
    return Signal.MINUTES_ASLEEP_DAILY, {"local": _day(when), "duration": 0, "value": minutes}


def _day(when: Span) -> int:
    """Return the midnight of the local day on which the interval ends; midnight itself ends a day."""
    place = "effective_time_frame.time_interval"
    if not 0 < when.seconds <= _LONGEST_DAY:
        raise OddFieldError(
            place, when.seconds, "a daily total needs an interval of one day or less"
        )
    start = when.start
    end = when.end or Moment(start.at + when.seconds * _SECOND, start.offset)
    if end.local is None:
        raise OddFieldError(place, _utc(end), "the local day of a stamp in UTC is unknown")
    return (end.local - 1) // _DAY * _DAY


def _sleep_episode(header: Header | None, body: Body, when: Span) -> Sample:
    _refuse_statistic(body)
    if not when.seconds:
        raise OddFieldError(
            "effective_time_frame", when.seconds, "a sleep episode needs an interval"
        )
    return Signal.SLEEP_SESSION, {
        **_start(when.start),
        "duration": when.seconds,
        "end_at": when.end and when.end.at,
        "end_local": when.end and when.end.local,
        "end_offset": when.end and when.end.offset,
        "session": _session(header, when.start),
        "value": _minutes("total_sleep_time", body.total_sleep_time),
        "minutes_awake": _minutes("wake_after_sleep_onset", body.wake_after_sleep_onset),
        "minutes_to_fall_asleep": _minutes("latency_to_sleep_onset", body.latency_to_sleep_onset),
        "minutes_after_wakeup": _minutes("latency_to_arising", body.latency_to_arising),
        "main_sleep": body.is_main_sleep,
        "in_progress": False,
    }


def _session(header: Header | None, start: Moment) -> str:
    # The id at the source outlives a second export, which gives each point a new id of its own.
    provenance = header and header.acquisition_provenance
    at_source = provenance and provenance.source_data_point_id
    return at_source or (header and (header.id or header.uuid)) or _utc(start)


def _minutes(field: str, duration: UnitValue | None) -> float | None:
    return None if duration is None else convert(field, duration, MINUTES)


def _start(moment: Moment) -> dict[str, object]:
    return {"at": moment.at, "local": moment.local, "offset": moment.offset}


def _utc(moment: Moment) -> str:
    return f"{np.datetime64(moment.at, 'us')}Z"


def _required(field: str, value: Value | None) -> Value:
    if value is None:
        raise OddFieldError(field, None, "missing")
    return value


def _refuse_statistic(body: Body, kept: tuple[str, ...] = ()) -> None:
    statistic = body.descriptive_statistic
    if statistic is not None and statistic not in kept:
        reason = "a statistic of many values, not a value"
        raise OddFieldError("descriptive_statistic", statistic, reason)
