"""A record as rows of frames: one row of most, one a beat of a heart rate series, a night with its stages."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hometrial_ingest.readers.bridge.nights import night
from hometrial_ingest.readers.bridge.records import (
    AnyRecord,
    Distance,
    HeartRate,
    HeartRateVariability,
    OxygenSaturation,
    Record,
    RespiratoryRate,
    RestingHeartRate,
    Sleep,
    Steps,
    Weight,
)
from hometrial_ingest.readers.bridge.times import midnight, moment, seconds, span
from hometrial_ingest.signals import Signal

Row = tuple[Signal, dict[str, object]]

UNKNOWN_DEVICE = "unknown-device"
"""Stands in a source for the model of a device that a record does not name."""

_STATISTICS = {"rmssd": Signal.HRV_RMSSD, "sdnn": Signal.HRV_SDNN}
_INSTANTS: Mapping[type[Record], Signal] = {
    OxygenSaturation: Signal.OXYGEN_SATURATION,
    RespiratoryRate: Signal.RESPIRATORY_RATE,
    Weight: Signal.WEIGHT,
}


def source_of(bridge: str, record: Record) -> str:
    """Return bridge/app/model, with `/manual` behind it for what was typed in."""
    manual = "/manual" if record.method == "manual" else ""
    return f"{bridge}/{record.origin}/{record.device or UNKNOWN_DEVICE}{manual}"


def rows(record: AnyRecord) -> Iterator[Row]:
    """Yield a record's samples. Raises OddFieldError for a field that makes no sense."""
    return _READ[type(record)](record)


def _steps(record: Steps) -> Iterator[Row]:
    yield Signal.STEPS, {**_interval(record.start, record.end), "value": record.count}


def _distance(record: Distance) -> Iterator[Row]:
    yield Signal.DISTANCE, {**_interval(record.start, record.end), "value": record.value}


def _heart_rate(record: HeartRate) -> Iterator[Row]:
    for number, beat in enumerate(record.samples):
        when = _instant(f"samples[{number}].at", beat.at)
        yield Signal.HEART_RATE, {**when, "value": beat.value}


def _resting(record: RestingHeartRate) -> Iterator[Row]:
    local = midnight("day", record.day)
    yield Signal.RESTING_HEART_RATE, {"local": local, "duration": 0, "value": record.value}


def _variability(record: HeartRateVariability) -> Iterator[Row]:
    yield _STATISTICS[record.statistic], {**_instant("at", record.at), "value": record.value}


def _plain(record: OxygenSaturation | RespiratoryRate | Weight) -> Iterator[Row]:
    yield _INSTANTS[type(record)], {**_instant("at", record.at), "value": record.value}


_READ: Mapping[type[Record], Callable[[Any], Iterator[Row]]] = {
    Steps: _steps,
    Distance: _distance,
    HeartRate: _heart_rate,
    Sleep: night,
    RestingHeartRate: _resting,
    HeartRateVariability: _variability,
    **dict.fromkeys(_INSTANTS, _plain),
}


def _instant(field: str, text: str) -> dict[str, object]:
    when = moment(field, text)
    return {"at": when.at, "local": when.local, "offset": when.offset, "duration": 0}


def _interval(start: str, end: str) -> dict[str, object]:
    first, last = span("", start, end)
    return {
        "at": first.at,
        "local": first.local,
        "offset": first.offset,
        "duration": seconds(first, last),
    }
