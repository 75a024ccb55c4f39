"""What a device measures in sleep beside heart rate: variability, oxygen saturation, breathing."""

from dataclasses import dataclass

import numpy as np

from hometrial_ingest.simulate.physiology import Day
from hometrial_ingest.simulate.sleep import Sleep
from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.draws import Draw, draw
from hometrial_ingest.simulators.records import Floats

_EVERY = 300  # seconds between samples


@dataclass(frozen=True)
class Vitals:
    """Samples of the nights that ended on a day; RMSSD and SDNN in ms, saturation in %, breaths in /min.

    `session` is the place of each sample's night among the day's sleeps.
    """

    at: Seconds
    rmssd: Floats
    sdnn: Floats
    oxygen: Floats
    session: Seconds
    breathing: tuple[tuple[int, dict[str, float]], ...]  # instant of waking and rates by stage


def vitals(day: Day) -> Vitals:
    """Draw the samples of a day's staged nights."""
    body = day.person.body
    found = [(i, s) for i, s in enumerate(day.sleeps) if s.main and s.kind == "stages"]
    times = [np.arange(s.starts_at + _EVERY, s.ends_at, _EVERY, dtype=np.int64) for _, s in found]
    at = np.concatenate(times) if times else np.zeros(0, np.int64)
    place = np.repeat([i for i, _ in found], [len(t) for t in times]).astype(np.int64)
    rng = draw(day.person.seed, Draw.VITALS, day.person.number, day.local.date.toordinal())
    rmssd = np.round(body.heart_rate_variability * rng.uniform(0.7, 1.4, len(at)), 3)
    sdnn = np.round(rmssd * rng.uniform(1.05, 1.5, len(at)), 3)
    oxygen: Floats = (body.oxygen_saturation + rng.uniform(-2, 2, len(at))).astype(np.float64)
    return Vitals(
        at=at,
        rmssd=rmssd,
        sdnn=sdnn,
        oxygen=np.round(np.minimum(oxygen, 100), 1).astype(np.float64),
        session=place,
        breathing=tuple((s.ends_at, _breathing(rng, body.respiratory_rate)) for _, s in found),
    )


def _breathing(rng: np.random.Generator, rate: float) -> dict[str, float]:
    full = rate + float(rng.uniform(-1, 1))
    shifts = {
        "fullSleepStats": 0.0,
        "deepSleepStats": -0.4,
        "lightSleepStats": 0.1,
        "remSleepStats": 0.6,
    }
    return {name: round(full + shift, 1) for name, shift in shifts.items()}


def staged_night(day: Day) -> Sleep | None:
    """Return the main night with stages that ended on the day, if there is one."""
    return next((s for s in day.sleeps if s.main and s.kind == "stages"), None)
