"""A quiet figure of some weeks: a bar a day above a scale of three lines, nothing judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from hometrial.services.holding.days import Measured

WIDTH, HEIGHT = 320, 150
_LEFT, _TOP, _FOOT = 46, 10, 24
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Bar:
    """One day, in the units of the figure."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Figure:
    """Bars of days, lines of the scale as (height, value), and where days are named as (place, day's number)."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, float], ...]
    days: tuple[tuple[float, int], ...]


def figure(days: Sequence[Measured], unit: float = 1) -> Figure | None:
    """Return the figure of some days; None where none of them has a number.

    `unit`: in what the scale is read, such as 60 where numbers are minutes and people read hours.
    """
    known = [each.value for each in days if each.value is not None]
    if not known:
        return None
    top = _round(max(known) / unit) * unit
    tall = HEIGHT - _TOP - _FOOT
    wide = (WIDTH - _LEFT) / len(days)

    def height(value: float) -> float:
        return round(_TOP + tall * (1 - value / top), 1)

    bars = tuple(
        Bar(
            round(_LEFT + number * wide + 1, 1),
            height(each.value),
            round(max(wide - 2, 1), 1),
            round(tall * each.value / top, 1),
        )
        for number, each in enumerate(days)
        if each.value is not None
    )
    named = (0, len(days) // 2, len(days) - 1)
    return Figure(
        bars,
        tuple((height(each), each) for each in (0, top / 2, top)),
        tuple((round(_LEFT + (number + 0.5) * wide, 1), number) for number in named),
    )


def _round(value: float) -> float:
    """Return the next round number, so that the scale is easy to read."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in _STEPS if power * step >= value)
