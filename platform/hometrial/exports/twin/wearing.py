"""Source tables of the wearable: devices, daily figures, what is known of each day, gaps, days of samples."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.chance import Chance, Floats
from hometrial.exports.twin.life import Life
from hometrial.protocol.calendar import Span

_STREAMS = ("heart_rate", "steps", "sleep")
_TYPES = {
    "wear_minutes": "heart_rate", "heart_rate_minutes": "heart_rate", "valid_day": "heart_rate",
    "heart_rate_mean": "heart_rate", "heart_rate_min": "heart_rate", "heart_rate_max": "heart_rate",
    "rhr_sleep": "heart_rate", "steps": "steps", "steps_daily": "steps", "sleep_minutes": "sleep",
    "time_in_bed_minutes": "sleep", "waso_minutes": "sleep", "sleep_efficiency": "sleep",
}  # fmt: skip
"""The metrics that a twin has, and the data type whose consent each needs."""
_MODELS = (("Charge 5", "1.194.61"), ("Inspire 3", "1.205.10"))
_BROKEN = 5  # days without a grant of the account
_LATE = 3  # last days that may still change
_BEDBOUND = 100  # steps; those of the severely ill stay below
_LEAST_WEAR = 600.0
SUITES = "heart_rate 5; sleep 3; steps 4"


@dataclass(frozen=True)
class Worn:
    """The days of one person with a device, from consent to the end."""

    life: Life

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Every day from the day after consent."""
        return tuple(self.life.days(self.life.planned["consent"] + timedelta(1), self.life.end))

    @cached_property
    def streams(self) -> tuple[str, ...]:
        """The streams to which there is consent."""
        agreed = self.life.setting.protocol.consent.data_types
        return tuple(each for each in _STREAMS if each in agreed)

    @cached_property
    def broken(self) -> Span | None:
        """The days on which the account could not be read."""
        if "token_death" not in self.life.traits or len(self.days) < 4 * _BROKEN:
            return None
        first = self.days[len(self.days) // 2]
        return Span(first, first + timedelta(_BROKEN - 1))

    @cached_property
    def swapped(self) -> date | None:
        """The first day of the second device."""
        return self.days[2 * len(self.days) // 3] if "swap" in self.life.traits and self.days else None  # fmt: skip

    def device(self, day: date) -> int:
        """Return the place of the device that is worn on a day."""
        return int(self.swapped is not None and day >= self.swapped)

    def has_data(self, day: date) -> bool:
        """Whether anything came of a day."""
        return self.broken is None or day not in self.broken

    def is_late(self, day: date) -> bool:
        """Whether a day may still change."""
        return (self.life.setting.until - day).days < _LATE

    @cached_property
    def figures(self) -> dict[str, list[float]]:
        """The daily figures by metric, a number for each of `days`."""
        drawn = _figures(self.life, len(self.days))
        wanted = self.life.setting.metrics
        return {
            name: drawn[name].tolist()
            for name, data_type in _TYPES.items()
            if name in wanted and data_type in self.streams
        }


def _figures(life: Life, count: int) -> dict[str, Floats]:
    chance = life.chance("wearable")
    wear = np.floor(1320 - 220 * chance.units(count))
    wear = np.where(chance.units(count) < 0.05, np.floor(wear / 3), wear)
    heart = np.round(chance.between(70, 88) + 2 * chance.bells(count), 1)
    bed = np.floor(500 + 45 * chance.bells(count))
    asleep = np.floor(bed * (0.82 + 0.02 * chance.bells(count)))
    steps = _steps(life, chance, count)
    return {
        "wear_minutes": wear,
        "heart_rate_minutes": wear - np.floor(20 * chance.units(count)),
        "valid_day": np.where(wear >= _LEAST_WEAR, 1.0, 0.0),
        "heart_rate_mean": heart,
        "heart_rate_min": np.floor(heart - 18 - 4 * chance.units(count)),
        "heart_rate_max": np.floor(heart + 40 + 20 * chance.units(count)),
        "rhr_sleep": np.round(heart - 14 + 0.8 * chance.bells(count), 1),
        "steps": steps,
        "steps_daily": steps,
        "sleep_minutes": asleep,
        "time_in_bed_minutes": bed,
        "waso_minutes": np.floor((bed - asleep) * 0.7),
        "sleep_efficiency": np.round(100 * asleep / bed, 1),
    }


def _steps(life: Life, chance: Chance, count: int) -> Floats:
    if "severe" in life.traits:
        return np.floor((_BEDBOUND - 1) * chance.units(count))
    usual = chance.whole(1800, 5600)
    found = usual * (1 + 0.25 * chance.bells(count))
    return np.maximum(np.floor(found), 120.0)


def devices(worn: Worn) -> Iterator[Row]:
    """Yield the device, or the two one after the other."""
    swapped = worn.swapped
    for place in range(1 if swapped is None else 2):
        model, firmware = _MODELS[(place + worn.life.number) % 2]
        first = worn.days[0] if place == 0 or swapped is None else swapped
        last = worn.days[-1] if swapped is None or place else swapped - timedelta(1)
        yield {
            "id": _device(worn, place), "participant": worn.life.code, "provider": "fitbit", "source": "tracker",
            "model": model, "firmware": firmware, "first_seen": worn.life.local(first, 500),
            "last_seen": worn.life.local(last, 1380),
        }  # fmt: skip


def _device(worn: Worn, place: int) -> str:
    return worn.life.named("device", place)


def daily_metrics(worn: Worn) -> Iterator[Row]:
    """Yield each daily figure."""
    code, metrics = worn.life.code, worn.life.setting.metrics
    for place, day in enumerate(worn.days):
        if worn.has_data(day):
            for name, values in worn.figures.items():
                yield {
                    "id": f"{code}/{day}/{name}", "participant": code, "day": day, "metric": name,
                    "value": values[place], "unit": metrics[name].unit, "rule_version": metrics[name].version,
                }  # fmt: skip


def data_days(worn: Worn) -> Iterator[Row]:
    """Yield what is known of each day."""
    life = worn.life
    version = life.setting.protocol.consent.documents[0].version
    asleep = worn.figures.get("time_in_bed_minutes", [])
    chance = life.chance("awake")
    for place, day in enumerate(worn.days):
        is_there, minute = worn.has_data(day), 400 + chance.whole(0, 150)
        slept = is_there and bool(asleep)
        yield {
            "id": f"{life.code}/{day}", "participant": life.code, "day": day,
            "status": "none" if not is_there else "provisional" if worn.is_late(day) else "final",
            "rule_suite": SUITES, "consent_version": version, "excused": False,
            "device": _device(worn, worn.device(day)) if is_there else None,
            "main_sleep_end": life.local(day, minute) if slept else None,
            "minutes_in_main_sleep": asleep[place] if slept else None,
        }  # fmt: skip


def gaps(worn: Worn) -> Iterator[Row]:
    """Yield each stretch without data: days of a dead grant, and an hour in the shower now and then."""
    life, chance = worn.life, worn.life.chance("gap")
    for day in worn.days:
        minute = chance.whole(9, 20) * 60
        if not worn.has_data(day):
            for stream in worn.streams:
                yield _gap(life, stream, (day, 0, 1440), "token_dead")
        elif "heart_rate" in worn.streams and chance.happens(0.1):
            yield _gap(life, "heart_rate", (day, minute, minute + 60), "not_worn")


def _gap(life: Life, stream: str, when: tuple[date, int, int], cause: str) -> Row:
    day, first, last = when
    return {
        "id": life.named("gap", stream, day), "participant": life.code, "stream": stream, "day": day,
        "start_at": life.instant(day, first), "end_at": life.instant(day, last), "cause": cause,
        "rule_version": 3,
    }  # fmt: skip


def chunks(worn: Worn) -> Iterator[Row]:
    """Yield each day of each stream."""
    life, chance = worn.life, worn.life.chance("chunk")
    for day in worn.days:
        for stream in worn.streams:
            count = {"heart_rate": chance.whole(9000, 17000), "steps": 1440, "sleep": chance.whole(15, 40)}[stream]  # fmt: skip
            if worn.has_data(day):
                name = f"{life.code}/{stream}/{day}"
                yield {
                    "id": name, "participant": life.code, "stream": stream, "day": day, "version": 1,
                    "state": "provisional" if worn.is_late(day) else "final", "samples": count,
                    "sha256": hashlib.sha256(name.encode()).hexdigest(), "batch": batch_of(life, day),
                }  # fmt: skip


def batch_of(life: Life, day: date) -> str:
    """Return the id of the read that brought a day: one a week."""
    return life.named("batch", f"{day:%G-%V}")
