"""One local day of one person: what happened, and what the device on the wrist recorded of it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulate.person import Person
from hometrial_ingest.simulate.randomness import Purpose, stream
from hometrial_ingest.simulate.sleep import Sleep, nap, night
from hometrial_ingest.simulate.timeline import LocalDay, Seconds
from hometrial_ingest.simulate.wear import OffTime, off_times, worn, worn_throughout

Counts = npt.NDArray[np.int64]

_CRASH_STEPS = 0.4  # of an ordinary day's steps on a crash day
_CRASH_HEART_RATE = 7  # /min more on a crash day
# Weight of walking and change of heart rate (/min) by hour on the wall clock.
_WALKING = np.array([0, 0, 0, 0, 0, 1, 3, 6, 8, 9, 9, 8, 8, 8, 7, 8, 9, 9, 8, 7, 5, 4, 2, 1])
_CIRCADIAN = np.array(
    [-2, -2, -3, -3, -3, -2, -1, 0, 1, 2, 3, 3, 3, 4, 4, 5, 5, 5, 4, 3, 2, 1, 0, -1]
)
# Seconds between heart-rate samples, in per cent: five most often, then ten and fifteen (QUIRKS.md).
_SPACING = np.repeat([5, 1, 2, 3, 4, 6, 8, 10, 15], [60, 3, 3, 5, 5, 5, 3, 11, 5])
_SLOT = 5  # minutes; people walk in bouts of at most five minutes


@dataclass(frozen=True)
class Daily:
    """The values that a device derives once a day; None where it saw too little.

    Heart rate and respiratory rate in /min, RMSSD in ms, oxygen saturation in %, temperature in Cel.
    """

    resting_heart_rate: int | None = None
    seen_asleep: bool = False
    heart_rate_variability: float | None = None
    oxygen_saturation: tuple[float, float, float] | None = None  # lower bound, average, upper bound
    respiratory_rate: float | None = None
    skin_temperature: float | None = None


@dataclass(frozen=True)
class Day:
    """One local day as recorded: steps by physical minute, heart rate by instant (seconds UTC).

    `sleeps` ended on this day. `late` is a stretch of the day (seconds UTC) that reaches the
    provider only with a later sync. `phone_steps` are the steps that a phone in the pocket counted,
    of the same minutes, whether the wearable was worn or not.
    """

    person: Person
    local: LocalDay
    off: tuple[OffTime, ...]
    steps: Counts
    phone_steps: Counts
    heart_rate_at: Seconds
    heart_rate: Counts
    sleeps: tuple[Sleep, ...]
    daily: Daily
    weight: tuple[int, float] | None  # instant and kg
    late: tuple[int, int] | None = None

    @property
    def total_steps(self) -> int:
        """The day's total, the sum of its minutes."""
        return int(self.steps.sum())

    def hourly_steps(self) -> Counts:
        """Return the steps of each physical hour: 23, 24 or 25 of them."""
        return np.add.reduceat(self.steps, np.arange(0, len(self.steps), 60))

    def worn_minutes(self) -> int:
        """Return for how many minutes the device was worn."""
        return int(worn(self.off, self.local.minute_starts()).sum())

    def before_late_sync(self) -> "Day":
        """Return the day as the provider knew it before the late part had arrived."""
        if self.late is None:
            return self
        from_at, to_at = self.late
        kept = (self.heart_rate_at < from_at) | (self.heart_rate_at >= to_at)
        minutes = self.local.minute_starts()
        on_time = (minutes < from_at) | (minutes >= to_at)
        return replace(
            self,
            steps=self.steps * on_time,
            heart_rate_at=self.heart_rate_at[kept],
            heart_rate=self.heart_rate[kept],
        )


def live(person: Person, day: date) -> Day:
    """Let a person live one local day and return what the device recorded."""
    local = person.local_day(day)
    tomorrow = day + timedelta(days=1)
    off = off_times(person, day)
    slept = [sleep for sleep in (night(person, day), nap(person, day)) if sleep]
    asleep = _asleep(local, [*slept, night(person, tomorrow)])
    walked = _walk(person, local, asleep)
    heart_rate_at, heart_rate = _beat(person, local, walked, asleep)
    on = worn(off, heart_rate_at)
    around = off_times(person, day - timedelta(days=1)) + off
    sleeps = tuple(s for s in slept if worn_throughout(around, s.starts_at, s.ends_at))
    return Day(
        person=person,
        local=local,
        off=off,
        steps=walked * worn(off, local.minute_starts()),
        phone_steps=_carry_phone(person, day, walked),
        heart_rate_at=heart_rate_at[on],
        heart_rate=heart_rate[on],
        sleeps=sleeps,
        daily=_derive(person, day, sleeps, share_worn=float(on.mean())),
        weight=_weigh(person, local),
    )


def _asleep(local: LocalDay, sleeps: list[Sleep]) -> npt.NDArray[np.bool_]:
    minutes = local.minute_starts()
    asleep = np.zeros(len(minutes), np.bool_)
    for sleep in sleeps:
        asleep |= (minutes + 60 > sleep.starts_at) & (minutes < sleep.ends_at)
    return asleep


def _walk(person: Person, local: LocalDay, asleep: npt.NDArray[np.bool_]) -> Counts:
    """Steps by minute: five-minute slots drawn by time of day, filled until the day's target."""
    rng = stream(person.seed, Purpose.STEPS, person.number, local.date.toordinal())
    target = _target(person, local.date, float(rng.standard_normal()))
    slots = len(asleep) // _SLOT
    hours = local.wall_clock(local.minute_starts()[: slots * _SLOT : _SLOT]) // 3_600 % 24
    awake = ~asleep[: slots * _SLOT].reshape(slots, _SLOT).any(axis=1)
    weights = np.where(awake, _WALKING[hours] + 0.05, 0.0)
    wanted = min(target // 120 + 3, int(awake.sum()))
    chosen = rng.choice(slots, size=wanted, replace=False, p=weights / weights.sum())
    cadence = rng.integers(12, 105, size=(wanted, _SLOT)) * (rng.random((wanted, _SLOT)) < 0.75)
    # Cut the running total at the target; slots are in the order drawn, not of the clock.
    running = np.minimum(np.cumsum(cadence.ravel()), target)
    steps = np.zeros(len(asleep), np.int64)
    minutes = (chosen[:, None] * _SLOT + np.arange(_SLOT)).ravel()
    steps[minutes] = np.diff(running, prepend=0)
    return steps


def _carry_phone(person: Person, day: date, walked: Counts) -> Counts:
    """Nine tenths of the steps of the hours in which the phone was carried."""
    rng = stream(person.seed, Purpose.PHONE, person.number, day.toordinal())
    hours = rng.random(len(walked) // 60) < (0.6 if person.habits.carries_phone else 0.0)
    return np.where(np.repeat(hours, 60), walked * 9 // 10, 0)


def _target(person: Person, day: date, deviate: float) -> int:
    """Steps of one day: log-normal about the typical day, fewer in a crash, the mean kept over the study."""
    crash_share = len(person.crash_days) / len(person.days())
    mean = person.habits.typical_steps / (1 - crash_share * (1 - _CRASH_STEPS))
    if day in person.crash_days:
        mean *= _CRASH_STEPS
    spread = person.habits.steps_variation
    return round(mean * exp(spread * deviate - spread * spread / 2))


def _beat(
    person: Person, local: LocalDay, walked: Counts, asleep: npt.NDArray[np.bool_]
) -> tuple[Seconds, Counts]:
    """Heart rate as the body has it all day: resting, hour, sleep, walking, crash and noise."""
    rng = stream(person.seed, Purpose.HEART_RATE, person.number, local.date.toordinal())
    at = _sample_times(rng, local, person.beats_apart)
    minute = (at - local.starts_at) // 60
    clock = local.wall_clock(local.minute_starts()) % 86_400 / 3_600
    level = np.interp(clock, np.arange(25), np.append(_CIRCADIAN, _CIRCADIAN[0]))
    # Heart rate follows effort within minutes and comes back as slowly.
    effort = np.convolve(walked, [3, 2, 1])[: len(walked)] / 6
    level += person.body.resting_heart_rate + np.where(asleep, -4, 9) + 0.35 * effort
    level += _CRASH_HEART_RATE * (local.date in person.crash_days)
    knots = np.arange(0, len(walked) + 10, 10)
    level += np.interp(np.arange(len(walked)), knots, rng.integers(-5, 6, size=len(knots)))
    noise = rng.integers(-2, 3, size=len(at))
    return at, np.rint(level).astype(np.int64)[minute] + noise


def _sample_times(rng: np.random.Generator, local: LocalDay, apart: int | None) -> Seconds:
    seconds = local.ends_at - local.starts_at
    if apart is not None:
        return np.arange(local.starts_at + int(rng.integers(apart)), local.ends_at, apart)
    # Spacing averages above five seconds, so that a fifth of the seconds is always enough.
    gaps = _SPACING[rng.integers(0, len(_SPACING), size=seconds // 5)]
    at = local.starts_at + np.cumsum(gaps) - 1
    return at[at < local.ends_at].astype(np.int64)


def _derive(person: Person, day: date, sleeps: tuple[Sleep, ...], *, share_worn: float) -> Daily:
    rng = stream(person.seed, Purpose.DAILY, person.number, day.toordinal())
    shifts = rng.uniform(-1, 1, size=6).tolist()
    crash = day in person.crash_days
    staged = any(sleep.main and sleep.kind == "stages" for sleep in sleeps)
    resting = person.body.resting_heart_rate + round(2 * shifts[0]) + _CRASH_HEART_RATE * crash
    if not staged:
        return Daily(resting_heart_rate=resting if share_worn > 0.4 else None)
    oxygen = person.body.oxygen_saturation + shifts[2] * 0.7
    bounds = (oxygen - 2 - shifts[3], oxygen, oxygen + 1.7)
    variability = (
        person.body.heart_rate_variability * (0.8 if crash else 1.0) * (1 + 0.15 * shifts[1])
    )
    return Daily(
        resting_heart_rate=resting,
        seen_asleep=True,
        heart_rate_variability=round(variability, 1),
        oxygen_saturation=(round(bounds[0], 1), round(bounds[1], 1), round(bounds[2], 1)),
        respiratory_rate=round(person.body.respiratory_rate + shifts[4], 1),
        skin_temperature=round(person.body.skin_temperature + 0.5 * shifts[5] + 0.3 * crash, 1),
    )


def _weigh(person: Person, local: LocalDay) -> tuple[int, float] | None:
    """Those who own scales weigh themselves about weekly, some hours after the day's begin."""
    rng = stream(person.seed, Purpose.DAILY, person.number, local.date.toordinal(), 1)
    if not person.habits.weighs or local.date in person.away_days or rng.random() > 0.15:
        return None
    at = local.starts_at + 60 * int(rng.integers(420, 600))
    return at, round(person.body.weight + float(rng.uniform(-0.8, 0.8)), 1)
