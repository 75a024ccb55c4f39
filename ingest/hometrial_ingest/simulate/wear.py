"""When the device is not on the wrist: days away, dead batteries, nights off, charging."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulate.person import Person
from hometrial_ingest.simulate.randomness import Purpose, stream
from hometrial_ingest.simulate.timeline import LocalDay, Seconds


@dataclass(frozen=True)
class OffTime:
    """The device was off in [from_at, to_at), seconds UTC; `why` is away, night, battery, off or charging."""

    from_at: int
    to_at: int
    why: str


# why, share of days as a multiple of (1 - adherence), first and last minute at which it may begin,
# shortest and longest minutes. The multiples make the expected loss, with the days away, 1 - adherence.
_KINDS = (
    ("night", 1.0, 0, 1, 400, 560),
    ("battery", 0.4, 300, 1_000, 240, 600),
    ("off", 1.1, 480, 1_200, 90, 330),
)
_CHARGING_SHARE = 0.5  # of days
_CHARGING_LOSS = 0.018  # of all time, half of the days at 52 minutes


def off_times(person: Person, day: date) -> tuple[OffTime, ...]:
    """Return when the device was off on this day, cut to the day; they may overlap."""
    local = person.local_day(day)
    if not person.first_day <= day <= person.last_day or day in person.away_days:
        return (OffTime(local.starts_at, local.ends_at, "away"),)
    rng = stream(person.seed, Purpose.WEAR, person.number, day.toordinal())
    loss = 1 - person.habits.adherence - _CHARGING_LOSS
    found = [
        _off(rng, local, why, bounds)
        for why, share, *bounds in _KINDS
        if rng.random() < share * loss
    ]
    if rng.random() < _CHARGING_SHARE:
        found.append(_off(rng, local, "charging", [1_020, 1_260, 25, 80]))
    return tuple(found)


def worn(off: tuple[OffTime, ...], at: Seconds) -> npt.NDArray[np.bool_]:
    """Return for each instant whether the device was on the wrist."""
    on = np.ones(len(at), np.bool_)
    for gap in off:
        on &= (at < gap.from_at) | (at >= gap.to_at)
    return on


def worn_throughout(off: tuple[OffTime, ...], from_at: int, to_at: int) -> bool:
    """Return whether the device was never off in [from_at, to_at)."""
    return all(gap.to_at <= from_at or gap.from_at >= to_at for gap in off)


def _off(rng: np.random.Generator, local: LocalDay, why: str, bounds: list[int]) -> OffTime:
    earliest, latest, shortest, longest = bounds
    from_at = local.starts_at + 60 * int(rng.integers(earliest, latest))
    to_at = from_at + 60 * int(rng.integers(shortest, longest))
    # A journey can make the day shorter than the minute that was drawn.
    return OffTime(min(from_at, local.ends_at), min(to_at, local.ends_at), why)
