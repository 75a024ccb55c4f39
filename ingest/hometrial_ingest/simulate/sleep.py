"""Nights and naps: sessions with their stages, as a body sleeps whether or not a device sees it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from hometrial_ingest.signals import ASLEEP_STAGES
from hometrial_ingest.simulate.person import Person
from hometrial_ingest.simulate.randomness import Purpose, stream

_HALF = 30  # seconds; stages stand on a grid of half minutes (wearables.md 1.10)
_CLASSIC_SHARE = 0.06  # nights whose heart rate is too poor for stages
_SHORTEST_DAY_WITH_NAP = 1_380  # a flight eastwards leaves no afternoon before the next bedtime


@dataclass(frozen=True)
class Stage:
    """One stage, [starts_at, ends_at) in seconds UTC; `code` is one of `signals.STAGES`."""

    code: str
    starts_at: int
    ends_at: int


@dataclass(frozen=True)
class Sleep:
    """One session with its summary in minutes.

    `kind` is 'stages' or 'classic'. `stages` follow each other without a gap; `awakenings` lie over
    them and are not counted in the summary. Times awake are whole minutes, so that the minutes
    asleep are too; light, deep and rem stand on half minutes.
    """

    key: int
    kind: str
    main: bool
    starts_at: int
    ends_at: int
    stages: tuple[Stage, ...]
    awakenings: tuple[Stage, ...]
    minutes_in_bed: int
    minutes_asleep: int
    minutes_to_fall_asleep: int
    minutes_after_wakeup: int

    @property
    def minutes_awake(self) -> int:
        """Minutes in bed that are not sleep; restless minutes of a classic session are among them."""
        return self.minutes_in_bed - self.minutes_asleep

    def stage_seconds(self) -> dict[str, int]:
        """Return the seconds in each stage, in the order of first appearance."""
        totals: dict[str, int] = {}
        for stage in self.stages:
            totals[stage.code] = totals.get(stage.code, 0) + stage.ends_at - stage.starts_at
        return totals


Pieces = list[tuple[str, int]]
"""Stage codes and their lengths in half minutes, in order."""


def night(person: Person, day: date) -> Sleep:
    """Return the main sleep that ends on this local day."""
    rng = stream(person.seed, Purpose.SLEEP, person.number, day.toordinal())
    bedtime = person.habits.bedtime * 60 + _HALF * int(rng.integers(-80, 81))
    minutes = person.habits.sleep_minutes + int(rng.integers(-70, 71))
    if day in person.crash_days:
        minutes += 50
    starts_at = person.local_day(day).starts_at + bedtime
    classic = rng.random() < _CLASSIC_SHARE
    pieces = _classic_pieces(rng, minutes) if classic else _staged_pieces(rng, minutes)
    return _session(person, day, starts_at, pieces, None if classic else rng)


def nap(person: Person, day: date) -> Sleep | None:
    """Return the nap of this local day, if there is one; naps are too short to be staged."""
    local = person.local_day(day)
    if local.minutes < _SHORTEST_DAY_WITH_NAP:
        return None
    rng = stream(person.seed, Purpose.NAP, person.number, day.toordinal())
    if rng.random() >= person.habits.nap_share + 0.25 * (day in person.crash_days):
        return None
    starts_at = local.starts_at + _HALF * int(rng.integers(1_680, 1_980))
    pieces = _classic_pieces(rng, int(rng.integers(25, 110)))
    return _session(person, day, starts_at, pieces, None)


def _session(
    person: Person, day: date, starts_at: int, pieces: Pieces, draw: np.random.Generator | None
) -> Sleep:
    stages = _laid_out(starts_at, pieces)
    ends_at = stages[-1].ends_at
    asleep = sum(s.ends_at - s.starts_at for s in stages if s.code in ASLEEP_STAGES)
    is_main = starts_at < person.local_day(day).starts_at + 6 * 3_600
    return Sleep(
        key=20_000_000_000 + person.number * 2_000_000 + 2 * day.toordinal() + (not is_main),
        kind="classic" if any(s.code == "asleep" for s in stages) else "stages",
        main=is_main,
        starts_at=starts_at,
        ends_at=ends_at,
        stages=stages,
        awakenings=_awakenings(draw, stages) if draw else (),
        minutes_in_bed=(ends_at - starts_at) // 60,
        minutes_asleep=asleep // 60,
        minutes_to_fall_asleep=_awake_minutes(stages[0]),
        minutes_after_wakeup=_awake_minutes(stages[-1]),
    )


def _staged_pieces(rng: np.random.Generator, minutes: int) -> Pieces:
    """Cycles of light, deep, light and rem sleep: deep fades and rem grows towards the morning."""
    last_awake = int(rng.integers(0, 7))
    pieces: Pieces = [("awake", 2 * int(rng.integers(1, 18)))]
    end = 2 * (minutes - last_awake)
    while (done := sum(length for _, length in pieces)) < end:
        cycle = min(2 * int(rng.integers(65, 115)), end - done)
        pieces += _cycle(rng, cycle, done / end)
        pieces.append(("awake", min(2 * int(rng.integers(1, 6)), end - done - cycle)))
    return [*pieces, ("awake", 2 * last_awake)]


def _cycle(rng: np.random.Generator, length: int, progress: float) -> Pieces:
    deep = int(length * (0.34 - 0.28 * progress) * rng.uniform(0.7, 1.2))
    rem = int(length * (0.12 + 0.22 * progress) * rng.uniform(0.7, 1.2))
    first = int((length - deep - rem) * rng.uniform(0.3, 0.6))
    return [("light", first), ("deep", deep), ("light", length - deep - rem - first), ("rem", rem)]


def _classic_pieces(rng: np.random.Generator, minutes: int) -> Pieces:
    """Whole minutes asleep with short restless spells, as devices saw sleep before stages."""
    pieces: Pieces = [("awake", 2 * int(rng.integers(0, 4)))]
    end = 2 * minutes
    while (done := sum(length for _, length in pieces)) < end:
        asleep = min(2 * int(rng.integers(10, 45)), end - done)
        spell = "awake" if rng.random() < 0.15 else "restless"
        short = min(2 * int(rng.integers(1, 4)), end - done - asleep)
        pieces += [("asleep", asleep), (spell, short)]
    return pieces


def _laid_out(starts_at: int, pieces: Pieces) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    at = starts_at
    for code, length in pieces:
        ends_at = at + length * _HALF
        if stages and stages[-1].code == code:
            stages[-1] = Stage(code, stages[-1].starts_at, ends_at)
        elif length:
            stages.append(Stage(code, at, ends_at))
        at = ends_at
    return tuple(stages)


def _awakenings(rng: np.random.Generator, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """At most one awakening of up to three minutes inside a stage of light or rem sleep."""
    found = []
    for stage in stages:
        length = _HALF * int(rng.integers(1, 7))
        room = stage.ends_at - stage.starts_at - length
        if stage.code in ("light", "rem") and room > _HALF and rng.random() < 0.5:
            at = stage.starts_at + _HALF * int(rng.integers(1, room // _HALF))
            found.append(Stage("awake", at, at + length))
    return tuple(found)


def _awake_minutes(stage: Stage) -> int:
    return (stage.ends_at - stage.starts_at) // 60 if stage.code == "awake" else 0
