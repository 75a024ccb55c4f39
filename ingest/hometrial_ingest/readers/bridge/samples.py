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

Rows = tuple[Signal, int, dict[str, object]]
"""Some samples of one signal: how many, and their columns; what is no list holds for all of them."""

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


def rows(record: AnyRecord) -> Iterator[Rows]:
    """Yield a record's samples. Raises OddFieldError for a field that makes no sense."""
    return _READ[type(record)](record)


def _steps(record: Steps) -> Iterator[Rows]:
    yield Signal.STEPS, 1, {**_interval(record.start, record.end), "value": record.count}


def _distance(record: Distance) -> Iterator[Rows]:
    yield Signal.DISTANCE, 1, {**_interval(record.start, record.end), "value": record.value}


def _heart_rate(record: HeartRate) -> Iterator[Rows]:
    # A push may hold a hundred thousand beats: they are made column by column.
    beats = record.samples
    moments = [moment(f"samples[{number}].at", beat.at) for number, beat in enumerate(beats)]
    columns = {
        "at": [when.at for when in moments],
        "local": [when.local for when in moments],
        "offset": [when.offset for when in moments],
        "duration": 0,
        "value": [beat.value for beat in beats],
    }
    yield Signal.HEART_RATE, len(beats), columns


def _resting(record: RestingHeartRate) -> Iterator[Rows]:
    local = midnight("day", record.day)
    yield Signal.RESTING_HEART_RATE, 1, {"local": local, "duration": 0, "value": record.value}


def _variability(record: HeartRateVariability) -> Iterator[Rows]:
    yield _STATISTICS[record.statistic], 1, {**_instant("at", record.at), "value": record.value}


def _plain(record: OxygenSaturation | RespiratoryRate | Weight) -> Iterator[Rows]:
    yield _INSTANTS[type(record)], 1, {**_instant("at", record.at), "value": record.value}


_READ: Mapping[type[Record], Callable[[Any], Iterator[Rows]]] = {
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
