"""Faults that every study meets, planted by seed on known rows and told in a truth list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from hometrial_ingest.signals import Signal
from hometrial_ingest.simulate.person import Person
from hometrial_ingest.simulate.physiology import Day, live
from hometrial_ingest.simulate.randomness import Purpose, stream
from hometrial_ingest.simulate.sleep import Sleep, Stage
from hometrial_ingest.simulate.timeline import iso


class FaultKind(StrEnum):
    """What can go wrong."""

    HEART_RATE_TOO_HIGH = "heart_rate_too_high"
    HEART_RATE_ZERO = "heart_rate_zero"
    STEPS_IMPOSSIBLE = "steps_impossible"
    ROWS_DUPLICATED = "rows_duplicated"
    STAGE_OUTSIDE_SESSION = "stage_outside_session"
    SUMMARY_WRONG = "summary_wrong"
    ROW_IN_FUTURE = "row_in_future"
    PART_LATE = "part_late"


@dataclass(frozen=True)
class Fault:
    """One planted fault: find its rows by person code, signal and instant.

    `at` is the instant (seconds UTC) of the first row concerned, `rows` how many there are, `value`
    what is wrong (None where the value is not). `in_fitabase` is False where the format has no room
    for the fault, so that only Google Health pages show it.
    """

    kind: FaultKind
    person: str
    day: date
    signal: Signal
    at: int
    rows: int
    value: float | None
    what: str
    in_fitabase: bool = True


Planted = tuple[Day, Fault]


def plan(seed: int, people: Sequence[Person]) -> tuple[Fault, ...]:
    """Choose where each kind of fault strikes: once, and once more for every further ten people.

    No two faults share a day; none falls on a clock change, a flight or a swap of devices. A study with too few suitable days has fewer faults.
    """
    rng = stream(seed, Purpose.FAULTS)
    taken: set[tuple[int, date]] = set()
    found = []
    for kind in [*FaultKind] * (1 + len(people) // 10):
        for person, day in _candidates(rng, people, kind):
            fault = _fault(live(person, day), kind)
            if fault is not None and (person.number, day) not in taken:
                taken.add((person.number, day))
                found.append(fault)
                break
    return tuple(found)


def plant(day: Day, faults: Sequence[Fault]) -> Day:
    """Return the day with those of the faults that are its own."""
    for fault in faults:
        if fault.person == day.person.code and fault.day == day.local.date:
            planted = _PLANTERS[fault.kind](day)
            day = planted[0] if planted is not None else day
    return day


def _candidates(
    rng: np.random.Generator, people: Sequence[Person], kind: FaultKind
) -> list[tuple[Person, date]]:
    chosen = [people[int(number)] for number in rng.integers(0, len(people), size=40)]
    if kind is FaultKind.ROW_IN_FUTURE:
        # On the last day, so that pages that list the newest first can list it first.
        return [(person, person.last_day) for person in [*chosen, *people]]
    return [(p, p.first_day + timedelta(days=int(rng.integers(0, len(p.days()))))) for p in chosen]


def _fault(day: Day, kind: FaultKind) -> Fault | None:
    planted = _PLANTERS[kind](day) if _is_plain(day) else None
    return None if planted is None else planted[1]


def _is_plain(day: Day) -> bool:
    """A wall clock stands for one instant and a sample for one row: only so a fault's rows are known."""
    return day.local.minutes == 1_440 and len(day.person.worn_devices(day.local.date)) == 1


def _middle(day: Day) -> int | None:
    """The heart-rate sample in the middle of the day, if the day has a fair number of them."""
    return len(day.heart_rate) // 2 if len(day.heart_rate) > 2_000 else None


def _wrong_heart_rate(day: Day, kind: FaultKind, value: int) -> Planted | None:
    middle = _middle(day)
    if middle is None:
        return None
    heart_rate = day.heart_rate.copy()
    heart_rate[middle] = value
    at = int(day.heart_rate_at[middle])
    what = f"heart rate of {value} /min at {iso(at)}"
    fault = _told(day, kind, Signal.HEART_RATE, at, what, value=value)
    return replace(day, heart_rate=heart_rate), fault


def _heart_rate_too_high(day: Day) -> Planted | None:
    return _wrong_heart_rate(day, FaultKind.HEART_RATE_TOO_HIGH, 400)


def _heart_rate_zero(day: Day) -> Planted | None:
    return _wrong_heart_rate(day, FaultKind.HEART_RATE_ZERO, 0)


def _steps_impossible(day: Day) -> Planted | None:
    if not day.steps.any():
        return None
    steps = day.steps.copy()
    minute = int(steps.argmax())
    steps[minute] = 450
    at = day.local.starts_at + 60 * minute
    what = f"450 steps in the minute from {iso(at)}; the sums of the hour and day contain them"
    fault = _told(day, FaultKind.STEPS_IMPOSSIBLE, Signal.STEPS, at, what, value=450)
    return replace(day, steps=steps), fault


def _rows_duplicated(day: Day) -> Planted | None:
    middle, rows = _middle(day), 25
    if middle is None:
        return None
    again = np.insert(
        np.arange(len(day.heart_rate)), middle + rows, np.arange(middle, middle + rows)
    )
    at = int(day.heart_rate_at[middle])
    what = f"{rows} heart-rate rows from {iso(at)} stand twice, the same values"
    fault = _told(day, FaultKind.ROWS_DUPLICATED, Signal.HEART_RATE, at, what, rows=rows)
    day = replace(day, heart_rate_at=day.heart_rate_at[again], heart_rate=day.heart_rate[again])
    return day, fault


def _stage_outside_session(day: Day) -> Planted | None:
    sleep = _staged(day)
    if sleep is None:
        return None
    outside = Stage("light", sleep.ends_at + 1_800, sleep.ends_at + 2_400)
    what = (
        f"ten minutes of light sleep half an hour after the session's end at {iso(sleep.ends_at)}"
    )
    fault = _told(
        day,
        FaultKind.STAGE_OUTSIDE_SESSION,
        Signal.SLEEP_STAGE,
        outside.starts_at,
        what,
        fits=False,
    )
    return _with_sleep(day, replace(sleep, stages=(*sleep.stages, outside))), fault


def _summary_wrong(day: Day) -> Planted | None:
    sleep, extra = _staged(day), 45
    if sleep is None:
        return None
    what = f"the summary counts {extra} minutes more of sleep than the stages hold"
    wrong = replace(
        sleep,
        minutes_asleep=sleep.minutes_asleep + extra,
        minutes_in_bed=sleep.minutes_in_bed + extra,
    )
    fault = _told(
        day, FaultKind.SUMMARY_WRONG, Signal.SLEEP_SESSION, sleep.starts_at, what,
        value=wrong.minutes_asleep,
    )  # fmt: skip
    return _with_sleep(day, wrong), fault


def _row_in_future(day: Day) -> Planted | None:
    if not len(day.heart_rate):
        return None
    at = int(day.heart_rate_at[-1]) + 365 * 86_400
    what = f"a heart-rate row dated a year ahead, {iso(at)}"
    fault = _told(
        day, FaultKind.ROW_IN_FUTURE, Signal.HEART_RATE, at, what, value=float(day.heart_rate[-1])
    )
    heart_rate = np.append(day.heart_rate, day.heart_rate[-1])
    return replace(
        day, heart_rate_at=np.append(day.heart_rate_at, at), heart_rate=heart_rate
    ), fault


def _part_late(day: Day) -> Planted | None:
    from_at, to_at = day.local.starts_at + 13 * 3_600, day.local.starts_at + 17 * 3_600
    rows = int(((day.heart_rate_at >= from_at) & (day.heart_rate_at < to_at)).sum())
    if rows < 1_000 or not day.steps[780:1_020].any():
        return None
    what = f"what was recorded from {iso(from_at)} to {iso(to_at)} arrives only with a later sync"
    fault = _told(day, FaultKind.PART_LATE, Signal.HEART_RATE, from_at, what, rows=rows)
    return replace(day, late=(from_at, to_at)), fault


def _told(  # noqa: PLR0913
    day: Day,
    kind: FaultKind,
    signal: Signal,
    at: int,
    what: str,
    *,
    rows: int = 1,
    value: float | None = None,
    fits: bool = True,
) -> Fault:
    return Fault(kind, day.person.code, day.local.date, signal, at, rows, value, what, fits)


def _staged(day: Day) -> Sleep | None:
    return next((sleep for sleep in day.sleeps if sleep.kind == "stages"), None)


def _with_sleep(day: Day, changed: Sleep) -> Day:
    sleeps = tuple(changed if sleep.key == changed.key else sleep for sleep in day.sleeps)
    return replace(day, sleeps=sleeps)


_PLANTERS: dict[FaultKind, Callable[[Day], Planted | None]] = {
    FaultKind.HEART_RATE_TOO_HIGH: _heart_rate_too_high,
    FaultKind.HEART_RATE_ZERO: _heart_rate_zero,
    FaultKind.STEPS_IMPOSSIBLE: _steps_impossible,
    FaultKind.ROWS_DUPLICATED: _rows_duplicated,
    FaultKind.STAGE_OUTSIDE_SESSION: _stage_outside_session,
    FaultKind.SUMMARY_WRONG: _summary_wrong,
    FaultKind.ROW_IN_FUTURE: _row_in_future,
    FaultKind.PART_LATE: _part_late,
}
