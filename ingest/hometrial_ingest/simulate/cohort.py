"""Who is in a study: people drawn by seed, with the cases that every study should meet."""

from datetime import date, timedelta

import numpy as np

from hometrial_ingest.simulate.person import (
    MEAN_STEPS,
    Body,
    Device,
    Dose,
    Habits,
    Person,
    Severity,
)
from hometrial_ingest.simulate.randomness import Purpose, stream
from hometrial_ingest.simulate.timeline import ZonePeriod, Zones, zone_instant

# Person 2 is the severe one in Berlin, 3 lives half an hour off the full hours, 4 travels.
_SEVERITIES = (
    Severity.MODERATE, Severity.SEVERE, Severity.MILD, Severity.MODERATE, Severity.MILD,
)  # fmt: skip
_ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Europe/Berlin", "America/New_York")
_JOURNEY = ("Europe/Berlin", "America/New_York")
_DEVICES = (("Charge 6", "FITNESS_BAND"), ("Inspire 3", "FITNESS_BAND"), ("Pixel Watch 3", "WATCH"))
_TITRATION = ((14, 1.5), (28, 3.0), (42, 4.5))
"""Days after joining and milligrams: the 1.5 to 4.5 mg steps of the LIFT trial."""
_SWAP_EVERY, _TRAVEL_EVERY = 6, 8
_ALWAYS_WHOLE = 4  # the first four carry the named cases and stay for the whole study


def draw_person(seed: int, number: int, first_day: date, days: int) -> Person:
    """Draw person `number` (from 1) of a study that lasts `days` from `first_day`."""
    rng = stream(seed, Purpose.PERSON, number)
    severity = _SEVERITIES[(number - 1) % len(_SEVERITIES)]
    joins, leaves = _participation(rng, number, first_day, days)
    span = (leaves - joins).days + 1
    habits = _habits(rng, severity)
    return Person(
        seed=seed,
        number=number,
        severity=severity,
        body=_body(rng, severity),
        habits=habits,
        zones=_zones(number, joins, span),
        devices=_devices(rng, number, joins, leaves),
        first_day=joins,
        last_day=leaves,
        doses=tuple(Dose(joins + timedelta(days=day), mg) for day, mg in _TITRATION if day < span),
        crash_days=_crashes(rng, joins, span),
        away_days=_away(rng, habits.adherence, joins, span),
    )


def _participation(
    rng: np.random.Generator, number: int, first_day: date, days: int
) -> tuple[date, date]:
    """Most people join late and some leave early, as recruitment goes."""
    late, early, leaves = (
        rng.integers(0, days // 3 + 1),
        rng.integers(0, days // 2 + 1),
        rng.random(),
    )
    if number <= _ALWAYS_WHOLE:
        late, early = np.int64(0), np.int64(0)
    until = days - 1 - (int(early) if leaves < 0.2 else 0)
    return first_day + timedelta(days=int(late)), first_day + timedelta(days=max(until, int(late)))


def _body(rng: np.random.Generator, severity: Severity) -> Body:
    burden = list(Severity).index(severity)
    return Body(
        age=int(rng.integers(21, 66)),
        resting_heart_rate=int(rng.integers(56, 72)) + 4 * burden,
        heart_rate_variability=round(float(rng.uniform(24, 48)) - 4 * burden, 1),
        oxygen_saturation=round(float(rng.uniform(95.5, 97.0)), 1),
        respiratory_rate=round(float(rng.uniform(13, 17)), 1),
        skin_temperature=round(float(rng.uniform(33.6, 35.2)), 1),
        height=round(float(rng.uniform(1.55, 1.9)), 2),
        weight=round(float(rng.uniform(52, 95)), 1),
    )


def _habits(rng: np.random.Generator, severity: Severity) -> Habits:
    burden = list(Severity).index(severity)
    return Habits(
        typical_steps=round(MEAN_STEPS[severity] * rng.uniform(0.92, 1.08)),
        steps_variation=round(float(rng.uniform(0.27, 0.5)), 2),
        bedtime=int(rng.integers(-110, 70)),
        sleep_minutes=int(rng.integers(430, 540)) + 25 * burden,
        nap_share=round(0.12 + 0.18 * burden, 2),
        adherence=round(float(rng.uniform(0.72, 0.97)), 2),
        weighs=bool(rng.random() < 0.4),
        carries_phone=bool(rng.random() < 0.6),
    )


def _zones(number: int, joins: date, span: int) -> Zones:
    home = _ZONES[(number - 1) % len(_ZONES)]
    if number % _TRAVEL_EVERY != _TRAVEL_EVERY // 2 or span < 4:
        return (ZonePeriod(None, home),)
    home, abroad = _JOURNEY
    out, back = joins + timedelta(days=span // 3), joins + timedelta(days=2 * span // 3)
    return (
        ZonePeriod(None, home),
        ZonePeriod(zone_instant(home, out, 14), abroad),
        ZonePeriod(zone_instant(abroad, back, 12), home),
    )


def _devices(
    rng: np.random.Generator, number: int, joins: date, leaves: date
) -> tuple[Device, ...]:
    chosen = int(rng.integers(len(_DEVICES)))
    first, second = _DEVICES[chosen], _DEVICES[(chosen + 1) % len(_DEVICES)]
    span = (leaves - joins).days + 1
    if number % _SWAP_EVERY != 1 or span < 3:
        return (Device(*first, joins, leaves),)
    swap = joins + timedelta(days=span // 2)
    return (Device(*first, joins, swap), Device(*second, swap, leaves))


def _crashes(rng: np.random.Generator, joins: date, span: int) -> frozenset[date]:
    """Post-exertional crashes: about one a month, two to four days long."""
    starts = rng.integers(0, span, size=span // 30 + 1)
    lengths = rng.integers(2, 5, size=len(starts))
    numbers = {
        int(start) + extra
        for start, length in zip(starts, lengths, strict=True)
        for extra in range(int(length))
    }
    return frozenset(joins + timedelta(days=number) for number in numbers if number < span)


def _away(rng: np.random.Generator, adherence: float, joins: date, span: int) -> frozenset[date]:
    """Days without the device in blocks of up to six; about a third of all that is not worn."""
    wanted, away = round((1 - adherence) * 0.35 * span), set[int]()
    while len(away) < wanted:
        start = int(rng.integers(0, span))
        length = min(int(rng.integers(2, 7)), wanted - len(away))
        away.update(day for day in range(start, start + length) if day < span)
    return frozenset(joins + timedelta(days=day) for day in away)
