"""Which limits of the gate's rules can be changed, and which hold. Needs no Great Expectations."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import RuleVersion
from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.frame import Settings
from hometrial_validation.suites import suite_of

BOUND = "bound"
"""Begins the names of a signal's physical limits: `bound.heart_rate.high`."""


class LimitRefusedError(TrialError):
    """A limit that there is not, or a value that it cannot have."""


@dataclass(frozen=True)
class Limit:
    """One limit: its name, what it means, in which unit, what it comes as, and between what it may lie."""

    name: str
    text: str
    unit: str
    shipped: float
    low: float
    high: float
    rules: tuple[str, ...]
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class InForce:
    """The limits that hold: the number of their version (0: as the rules come), and what the gate is given."""

    number: int
    values: Mapping[str, float]
    settings: Settings


def _signals(*names: str) -> tuple[Signal, ...]:
    return tuple(
        signal
        for signal in Signal
        if SIGNALS[signal].shape in (Shape.INSTANT, Shape.INTERVAL, Shape.DAILY)
        and any(rule.id in names for rule in suite_of(signal).rules_of(signal))
    )


def _of_settings(
    name: str, text: str, unit: str, between: tuple[float, float], rules: tuple[str, ...]
) -> Limit:
    shipped = float(getattr(Settings(), name))
    return Limit(name, text, unit, shipped, *between, rules, _signals(*rules))


def _bounds() -> list[Limit]:
    """Return the physical limits of every signal that is no night: below and above them nobody lives."""
    found = []
    for signal, spec in SIGNALS.items():
        if spec.shape not in (Shape.INSTANT, Shape.INTERVAL, Shape.DAILY):
            continue
        for side, value in (("low", spec.low), ("high", spec.high)):
            if value is None:
                continue
            reach = max(abs(spec.low or 0), abs(spec.high or 0), 1)
            words = f"{'Least' if side == 'low' else 'Greatest'} value of {spec.label.lower()}"
            name = f"{BOUND}.{signal}.{side}"
            wide = (-10 * reach, 10 * reach)
            rules = ("value_is_physical",)
            found.append(Limit(name, words, spec.unit, float(value), *wide, rules, (signal,)))
    return found


_FEW, _MANY = 0.0, 1_440.0
LIMITS: Mapping[str, Limit] = {
    limit.name: limit
    for limit in (
        *_bounds(),
        _of_settings("steps_per_minute", "Most steps in a minute", "per min", (60, 1_000),
                     ("steps_at_a_human_rate", "steps_fit_their_interval")),
        _of_settings("overlap_seconds", "Longest overlap of two intervals", "s", (0, 3_600),
                     ("no_overlap", "no_overlap_of_devices")),
        replace(_of_settings("band_width", "Width of a person's own band", "robust deviations", (2, 50),
                             ("value_is_usual_for_the_person",)),
                signals=tuple(each for each in Signal if SIGNALS[each].shape is Shape.DAILY)),
        _of_settings("day_sum_share", "Share by which a day's sum may miss the source's total", "of it", (0, 1),
                     ("day_sum_not_above_total", "day_sum_not_below_total")),
        _of_settings("stuck_minutes", "Longest time that a heart rate may stand still", "min", (1, _MANY),
                     ("value_is_not_stuck",)),
        _of_settings("longest_gap_minutes", "Longest pause of heart rate in a day", "min", (_FEW, _MANY),
                     ("no_long_gap",)),
        _of_settings("least_covered_minutes", "Least minutes of a day with heart rate", "min", (_FEW, _MANY),
                     ("day_is_covered",)),
    )
}  # fmt: skip
"""Every limit that can be changed, by name. Those of nights, of forms and of the moment of checking are fixed: what is
stored does not hold all that they were judged by."""


def named(name: str) -> Limit:
    """Return a limit. Raises LimitRefusedError if there is none of this name."""
    if name not in LIMITS:
        raise LimitRefusedError(f"there is no limit {name!r} that can be changed")
    return LIMITS[name]


def in_force(session: Session) -> InForce:
    """Return the limits that hold now: one query."""
    newest = session.scalars(
        select(RuleVersion).order_by(RuleVersion.number.desc()).limit(1)
    ).one_or_none()
    if newest is None:
        return InForce(0, {}, Settings())
    return InForce(newest.number, newest.limits, settings_of(newest.limits))


def settings(session: Session) -> Settings:
    """Return what the gate is given of the limits that hold now."""
    return in_force(session).settings


def settings_of(values: Mapping[str, float]) -> Settings:
    """Return the gate's settings with some limits changed. Raises LimitRefusedError for one that there is not."""
    plain: dict[str, Any] = {}
    bounds: dict[str, tuple[float | None, float | None]] = {}
    for name, value in values.items():
        limit = named(name)
        if not name.startswith(f"{BOUND}."):
            plain[name] = value
            continue
        signal = limit.signals[0]
        low, high = bounds.get(signal, (SIGNALS[signal].low, SIGNALS[signal].high))
        bounds[str(signal)] = (value, high) if name.endswith(".low") else (low, value)
    known = {field.name for field in fields(Settings)}
    assert plain.keys() <= known  # noqa: S101 - LIMITS names settings alone
    return replace(Settings(), **plain, bounds=bounds)


def value_of(values: Mapping[str, float], limit: Limit) -> float:
    """Return what a limit is by some changes."""
    return values.get(limit.name, limit.shipped)
