"""Google Health v4 data points of one recorded day, newest first, in the shapes of real replies.

Zeros are left out, 64-bit integers are strings, offsets are durations such as "-14400s"
(wearables.md 1.5 and 1.10).
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache

import numpy as np

from hometrial_ingest.simulate.person import Device
from hometrial_ingest.simulate.physiology import Day
from hometrial_ingest.simulate.sleep import Sleep
from hometrial_ingest.simulate.timeline import iso, offset_at

Point = dict[str, object]

_PHONE = Device("MobileTrack", "PHONE", date.min, date.max)
_EPOCH = date(1970, 1, 1).toordinal()
_SWAP_FROM, _SWAP_TO = 10 * 3_600, 18 * 3_600  # on the day of a swap both devices are worn between


def heart_rate(day: Day) -> Iterator[Point]:
    """Yield heart-rate samples, those of two devices side by side where both were worn."""
    offsets = day.local.offset(day.heart_rate_at)
    rows = zip(day.heart_rate_at.tolist(), day.heart_rate.tolist(), offsets.tolist(), strict=True)
    sources = [(data_source(device), *_span(day, device)) for device in _devices(day)]
    # {"dataSource":{..},"heartRate":{"beatsPerMinute":"60","sampleTime":{..}}}
    for at, value, offset in sorted(rows, key=lambda row: row[0], reverse=True):
        sample = {"beatsPerMinute": str(value), "sampleTime": sample_time(at, offset)}
        for source, from_at, to_at in sources:
            if from_at <= at < to_at:
                yield {"dataSource": source, "heartRate": sample}


def steps(day: Day) -> Iterator[Point]:
    """Yield the minutes with steps of each device, and beside them those that a phone counted."""
    sources = [(data_source(device), *_span(day, device)) for device in _devices(day)]
    phone = data_source(_PHONE)
    for minute in np.flatnonzero(day.steps + day.phone_steps)[::-1].tolist():
        at = day.local.starts_at + 60 * minute
        interval = _interval(day, at, at + 60, civil=True)
        for source, from_at, to_at in sources:
            if from_at <= at < to_at and day.steps[minute]:
                yield _steps_point(source, interval, int(day.steps[minute]))
        if day.phone_steps[minute]:
            yield _steps_point(phone, interval, int(day.phone_steps[minute]))


def sleep(day: Day) -> Iterator[Point]:
    """Yield the sessions that ended on this day, with stages and summary."""
    for session in sorted(day.sleeps, key=lambda session: session.starts_at, reverse=True):
        yield {
            "name": _name(day, "sleep", session.key),
            "dataSource": _derived(day),
            "sleep": {
                "interval": _interval(day, session.starts_at, session.ends_at),
                "type": session.kind.upper(),
                "stages": [
                    _interval(day, stage.starts_at, stage.ends_at) | {"type": stage.code.upper()}
                    for stage in session.stages
                ],
                "shortAwakenings": [
                    _interval(day, stage.starts_at, stage.ends_at) | {"type": "AWAKE"}
                    for stage in session.awakenings
                ],
                "summary": _summary(session),
                "metadata": _metadata(session),
                "createTime": iso(session.starts_at + 1_740),
                "updateTime": iso(session.ends_at + 480),
            },
        }


def resting_heart_rate(day: Day) -> Iterator[Point]:
    """Yield the day's resting heart rate."""
    if day.daily.resting_heart_rate is not None:
        method = "WITH_SLEEP" if day.daily.seen_asleep else "ONLY_WITH_AWAKE_DATA"
        yield _daily_point(
            day,
            "dailyRestingHeartRate",
            beatsPerMinute=str(day.daily.resting_heart_rate),
            dailyRestingHeartRateMetadata={"calculationMethod": method},
        )


def heart_rate_variability(day: Day) -> Iterator[Point]:
    """Yield the night's average RMSSD."""
    value = day.daily.heart_rate_variability
    if value is not None:
        yield _daily_point(
            day, "dailyHeartRateVariability", averageHeartRateVariabilityMilliseconds=value
        )


def oxygen_saturation(day: Day) -> Iterator[Point]:
    """Yield the night's oxygen saturation with its bounds."""
    if day.daily.oxygen_saturation is not None:
        low, average, high = day.daily.oxygen_saturation
        yield _daily_point(
            day,
            "dailyOxygenSaturation",
            averagePercentage=average,
            lowerBoundPercentage=low,
            upperBoundPercentage=high,
        )


def respiratory_rate(day: Day) -> Iterator[Point]:
    """Yield the night's respiratory rate."""
    value = day.daily.respiratory_rate
    if value is not None:
        yield _daily_point(day, "dailyRespiratoryRate", breathsPerMinute=value)


def skin_temperature(day: Day) -> Iterator[Point]:
    """Yield the night's skin temperature beside the person's own usual one."""
    value = day.daily.skin_temperature
    if value is not None:
        yield _daily_point(
            day,
            "dailySleepTemperatureDerivations",
            nightlyTemperatureCelsius=value,
            baselineTemperatureCelsius=day.person.body.skin_temperature,
        )


def weight(day: Day) -> Iterator[Point]:
    """Yield a weight typed in by hand."""
    if day.weight is not None:
        at, kilograms = day.weight
        offset = offset_at(day.person.zones, at)
        yield {
            "name": _name(day, "weight", at),
            "dataSource": {"platform": "FITBIT", "recordingMethod": "MANUAL"},
            "weight": {
                "weightGrams": round(kilograms * 1_000),
                "sampleTime": sample_time(at, offset),
            },
        }


POINTS: dict[str, Callable[[Day], Iterator[Point]]] = {
    "heart-rate": heart_rate,
    "steps": steps,
    "sleep": sleep,
    "daily-resting-heart-rate": resting_heart_rate,
    "daily-heart-rate-variability": heart_rate_variability,
    "daily-oxygen-saturation": oxygen_saturation,
    "daily-respiratory-rate": respiratory_rate,
    "daily-sleep-temperature-derivations": skin_temperature,
    "weight": weight,
}
"""Every data type by its id in the API's paths."""


def sample_time(at: int, offset: int) -> Point:
    """Return the sample time object of an instant (seconds UTC) at an offset (seconds)."""
    return {"physicalTime": iso(at), "utcOffset": f"{offset}s", "civilTime": _civil(at + offset)}


def data_source(device: Device) -> Point:
    """Return the data source object of a device that measures by itself."""
    shown = {"displayName": device.name, "formFactor": device.form_factor}
    return {"platform": "FITBIT", "recordingMethod": "PASSIVELY_MEASURED", "device": shown}


def _civil(wall_clock: int) -> Point:
    # {"date":{"year":2026,"month":1,"day":7},"time":{"hours":22,"seconds":14}}: zeros are left out
    day, second = divmod(wall_clock, 86_400)
    parts = {"hours": second // 3_600, "minutes": second // 60 % 60, "seconds": second % 60}
    date_object = _date(date.fromordinal(day + _EPOCH))
    return {"date": date_object, "time": {name: part for name, part in parts.items() if part}}


@lru_cache(maxsize=4_096)
def _date(day: date) -> Point:
    return {"year": day.year, "month": day.month, "day": day.day}


def _interval(day: Day, from_at: int, to_at: int, *, civil: bool = False) -> Point:
    first, last = offset_at(day.person.zones, from_at), offset_at(day.person.zones, to_at)
    interval: Point = {
        "startTime": iso(from_at),
        "startUtcOffset": f"{first}s",
        "endTime": iso(to_at),
        "endUtcOffset": f"{last}s",
    }
    if civil:
        interval |= {
            "civilStartTime": _civil(from_at + first),
            "civilEndTime": _civil(to_at + last),
        }
    return interval


def _steps_point(source: Point, interval: Point, count: int) -> Point:
    return {"dataSource": source, "steps": {"interval": interval, "count": str(count)}}


def _daily_point(day: Day, name: str, **values: object) -> Point:
    return {"dataSource": _derived(day), name: {"date": _date(day.local.date), **values}}


def _name(day: Day, data_type: str, key: int) -> str:
    return f"users/{day.person.fitabase_id}/dataTypes/{data_type}/dataPoints/{key}"


def _derived(day: Day) -> Point:
    """Sleep and daily values come of the device that was worn last."""
    return data_source(_devices(day)[-1]) | {"recordingMethod": "DERIVED"}


def _devices(day: Day) -> list[Device]:
    return day.person.worn_devices(day.local.date)


def _span(day: Day, device: Device) -> tuple[int, int]:
    """When a device recorded: all day, but the old one stops and the new one begins on a swap."""
    for_ever = day.local.ends_at + 1_000 * 86_400
    if len(_devices(day)) == 1:
        return 0, for_ever
    if device == _devices(day)[0]:
        return 0, day.local.starts_at + _SWAP_TO
    return day.local.starts_at + _SWAP_FROM, for_ever


def _summary(session: Sleep) -> Point:
    totals = session.stage_seconds()
    return {
        "minutesInSleepPeriod": str(session.minutes_in_bed),
        "minutesAsleep": str(session.minutes_asleep),
        "minutesAwake": str(session.minutes_awake),
        "minutesToFallAsleep": str(session.minutes_to_fall_asleep),
        "minutesAfterWakeUp": str(session.minutes_after_wakeup),
        "stagesSummary": [
            {
                "type": code.upper(),
                "minutes": str((seconds + 30) // 60),
                "count": str(sum(stage.code == code for stage in session.stages)),
            }
            for code, seconds in totals.items()
        ],
    }


def _metadata(session: Sleep) -> Point:
    status = "SUCCEEDED" if session.kind == "stages" else "REJECTED_COVERAGE"
    if session.main:
        return {"mainSleep": True, "processed": True, "stagesStatus": status}
    return {"nap": True, "processed": True, "stagesStatus": "REJECTED_NAP"}
