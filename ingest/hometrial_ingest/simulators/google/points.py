"""Data points as JSON text, made by template: a page of heart rate is ten thousand of them."""

import json
from collections.abc import Callable

import numpy as np

from hometrial_ingest.simulators.columns import offsets
from hometrial_ingest.simulators.google.catalogue import DATA_TYPES
from hometrial_ingest.simulators.google.sessions import sessions
from hometrial_ingest.simulators.google.stamps import civil, civil_date, civils, stamp, stamps
from hometrial_ingest.simulators.google.wording import Wording, heads, name
from hometrial_ingest.simulators.records import Records

_MICRO, _DAY = 1_000_000, 86_400
_ACTIVE = 95  # /min from which on a sample counts as taken in motion


def points(found: Records, places: range, wording: Wording) -> list[str]:
    """Return the records at these places as JSON objects, in that order."""
    if found.data_type in _SHAPES:
        return _SHAPES[found.data_type](found, places, wording)
    return _daily(found, places, wording)


def _heart_rate(found: Records, places: range, wording: Wording) -> list[str]:
    chosen = np.array(places, np.int64)
    at = (found.at[chosen] // _MICRO).tolist()
    walls = (found.local[chosen] // _MICRO).tolist()
    columns = (
        heads(found, places, wording),
        found.value[chosen].astype(np.int64).tolist(),
        stamps(at),
        found.offset[chosen].tolist(),
        civils(walls),
    )
    return [
        f'{{{head}"heartRate":{{"sampleTime":{{"physicalTime":"{moment}","utcOffset":"{offset}s",'
        f'"civilTime":{wall}}},"beatsPerMinute":"{value}","metadata":{{"motionContext":'
        f'"{"ACTIVE" if value >= _ACTIVE else "SEDENTARY"}","sensorLocation":"WRIST"}}}}}}'
        for head, value, moment, offset, wall in zip(*columns, strict=True)
    ]


def _steps(found: Records, places: range, wording: Wording) -> list[str]:
    counts = [f'"count":"{count}"' for count in _whole(found, places, 1)]
    return _intervals(found, places, wording, counts)


def _distance(found: Records, places: range, wording: Wording) -> list[str]:
    lengths = [f'"millimeters":"{length}"' for length in _whole(found, places, 1_000)]
    return _intervals(found, places, wording, lengths)


def _intervals(found: Records, places: range, wording: Wording, values: list[str]) -> list[str]:
    chosen = np.array(places, np.int64)
    start = found.at[chosen] // _MICRO
    end = start + found.duration[chosen]
    ends = offsets(wording.zones, end)
    bare = _lacking(found, places, wording)
    pairs = zip(found.offset[chosen].tolist(), ends.tolist(), bare, strict=True)
    columns = (
        heads(found, places, wording),
        stamps(start.tolist()),
        stamps(end.tolist()),
        [_offsets(*each) for each in pairs],
        civils((start + found.offset[chosen]).tolist()),
        civils((end + ends).tolist()),
        values,
    )
    field = DATA_TYPES[found.data_type].field
    return [
        f'{{{head}"{field}":{{"interval":{{"startTime":"{since}","endTime":"{until}",{offset}'
        f'"civilStartTime":{wall},"civilEndTime":{end_wall}}},{value}}}}}'
        for head, since, until, offset, wall, end_wall, value in zip(*columns, strict=True)
    ]


def _offsets(start: int, end: int, lacking: bool) -> str:  # noqa: FBT001
    return "" if lacking else f'"startUtcOffset":"{start}s","endUtcOffset":"{end}s",'


def _lacking(found: Records, places: range, wording: Wording) -> list[bool]:
    """Say which points come without an offset."""
    if not wording.no_third_party_offsets or wording.merged:
        return [False] * len(places)
    third = [source.platform != "FITBIT" for source in found.sources]
    return [third[place] for place in found.origin[list(places)].tolist()]


def _whole(found: Records, places: range, factor: int) -> list[int]:
    numbers: list[int] = np.rint(found.value[list(places)] * factor).astype(np.int64).tolist()
    return numbers


def _samples(found: Records, places: range, wording: Wording) -> list[str]:
    field = DATA_TYPES[found.data_type].field
    listed = []
    for head, place in zip(heads(found, places, wording), places, strict=True):
        moment = _sample_time(found, place, 123 if found.data_type in _NINE_DIGITS else 0)
        begin = name(found, place, wording) + head
        listed.append(f'{{{begin}"{field}":{{{moment},{_VALUES[found.data_type](found, place)}}}}}')
    return listed


def _sample_time(found: Records, place: int, nanos: int) -> str:
    at, offset = int(found.at[place]), int(found.offset[place])
    fraction = at % _MICRO * 1_000 + nanos
    wall = civil(at // _MICRO + offset, fraction)
    moment = stamp(at, nanos)
    return f'"sampleTime":{{"physicalTime":"{moment}","utcOffset":"{offset}s","civilTime":{wall}}}'


def _variability(found: Records, place: int) -> str:
    return (
        f'"rootMeanSquareOfSuccessiveDifferencesMilliseconds":{found.value[place]:g},'
        f'"standardDeviationMilliseconds":{found.details[place]["sdnn"]:g}'
    )


def _oxygen(found: Records, place: int) -> str:
    return f'"percentage":{found.value[place]:g}'


def _breathing(found: Records, place: int) -> str:
    stats = {
        name: {"breathsPerMinute": rate, "standardDeviation": 1.2, "signalToNoise": 8.5}
        for name, rate in found.details[place].items()
    }
    return json.dumps(stats, separators=(",", ":"))[1:-1]


def _weight(found: Records, place: int) -> str:
    return f'"weightGrams":{round(found.value[place] * 1_000)}'


_NINE_DIGITS = frozenset({"heart-rate-variability"})
_VALUES: dict[str, Callable[[Records, int], str]] = {
    "heart-rate-variability": _variability,
    "oxygen-saturation": _oxygen,
    "respiratory-rate-sleep-summary": _breathing,
    "weight": _weight,
}


def _daily(found: Records, places: range, wording: Wording) -> list[str]:
    field = DATA_TYPES[found.data_type].field
    listed = []
    for head, place in zip(heads(found, places, wording), places, strict=True):
        day = civil_date(int(found.local[place]) // (_DAY * _MICRO))
        values = _DAILY_VALUES[found.data_type](found, place)
        told = json.dumps(values, separators=(",", ":"))[1:-1]
        listed.append(f'{{{head}"{field}":{{"date":{day},{told}}}}}')
    return listed


def _resting(found: Records, place: int) -> dict[str, object]:
    method = "WITH_SLEEP" if found.details[place]["with_sleep"] else "ONLY_WITH_AWAKE_DATA"
    metadata = {"calculationMethod": method}
    return {
        "beatsPerMinute": f"{found.value[place]:.0f}",
        "dailyRestingHeartRateMetadata": metadata,
    }


def _variability_daily(found: Records, place: int) -> dict[str, object]:
    more = found.details[place]
    return {
        "averageHeartRateVariabilityMilliseconds": float(found.value[place]),
        "nonRemHeartRateBeatsPerMinute": f"{more['non_rem']:.0f}",
        "entropy": more["entropy"],
        "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds": more["deep"],
    }


def _oxygen_daily(found: Records, place: int) -> dict[str, object]:
    more = found.details[place]
    return {
        "averagePercentage": float(found.value[place]),
        "lowerBoundPercentage": more["lower"],
        "upperBoundPercentage": more["upper"],
    }


def _breathing_daily(found: Records, place: int) -> dict[str, object]:
    return {"breathsPerMinute": float(found.value[place])}


def _temperature_daily(found: Records, place: int) -> dict[str, object]:
    value = float(found.value[place])
    return {"nightlyTemperatureCelsius": value, "baselineTemperatureCelsius": round(value - 0.1, 1)}


_DAILY_VALUES: dict[str, Callable[[Records, int], dict[str, object]]] = {
    "daily-resting-heart-rate": _resting,
    "daily-heart-rate-variability": _variability_daily,
    "daily-oxygen-saturation": _oxygen_daily,
    "daily-respiratory-rate": _breathing_daily,
    "daily-sleep-temperature-derivations": _temperature_daily,
}


_SHAPES: dict[str, Callable[[Records, range, Wording], list[str]]] = {
    "heart-rate": _heart_rate,
    "steps": _steps,
    "distance": _distance,
    "sleep": sessions,
    **dict.fromkeys(_VALUES, _samples),
}
