"""Figures as shapes with named inks, drawn alike on the screen (SVG) and on paper."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Ink = Literal[
    "ink",
    "soft",
    "grid",
    "panel",
    "one",
    "two",
    "three",
    "four",
    "five",
    "low",
    "mid",
    "high",
    "none",
]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    ink: Ink
    width: float = 1.0
    is_dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A rectangle, filled with one ink and edged with another."""

    x: float
    y: float
    width: float
    height: float
    fill: Ink
    edge: Ink = "none"


@dataclass(frozen=True)
class Dot:
    """A point."""

    x: float
    y: float
    ink: Ink
    radius: float = 2.5


@dataclass(frozen=True)
class Words:
    """A line of text; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float = 11.0
    ink: Ink = "ink"
    anchor: Anchor = "start"
    is_bold: bool = False


Shape = Stroke | Box | Dot | Words


@dataclass
class Drawing:
    """A figure of so many points, `told` in words for who does not see it."""

    width: float
    height: float
    told: str
    shapes: list[Shape] = field(default_factory=list)

    def line(
        self, *points: Point, ink: Ink = "ink", width: float = 1.0, dashed: bool = False
    ) -> None:
        """Draw a line through points; fewer than two draw nothing."""
        if len(points) > 1:
            self.shapes.append(Stroke(tuple(points), ink, width, dashed))

    def box(self, x: float, y: float, size: Point, fill: Ink, edge: Ink = "none") -> None:
        """Draw a rectangle of a size."""
        self.shapes.append(Box(x, y, size[0], size[1], fill, edge))

    def dot(self, x: float, y: float, ink: Ink, radius: float = 2.5) -> None:
        """Draw a point."""
        self.shapes.append(Dot(x, y, ink, radius))

    def words(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a line of text; `look` is what Words has beside its place."""
        self.shapes.append(Words(x, y, text, **look))


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` become places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        apart = self.high - self.low
        share = 0.5 if apart == 0 else (value - self.low) / apart
        return round(self.start + share * (self.end - self.start), 2)


_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values that cover a range."""
    if high <= low:
        return [low]
    rough = (high - low) / wanted
    size = 10.0 ** _power(rough)
    step = next(each * size for each in _STEPS if each * size >= rough)
    first, last = int(low // step), int(-(-high // step))
    return [round(step * each, 10) for each in range(first, last + 1)]


def _power(value: float) -> int:
    power = 0
    while 10.0 ** (power + 1) <= value:
        power += 1
    while 10.0**power > value:
        power -= 1
    return power


def axis(drawing: Drawing, across: Scale, values: Sequence[float], y: float, title: str) -> None:
    """Draw an axis below a panel: its line, its values and what they are."""
    drawing.line((across.start, y), (across.end, y), ink="soft")
    for value in values:
        at = across(value)
        drawing.line((at, y), (at, y + 4), ink="soft")
        drawing.words(at, y + 16, f"{value:g}".replace("-", "−"), ink="soft", anchor="middle")
    drawing.words((across.start + across.end) / 2, y + 32, title, ink="soft", anchor="middle")


def levels(drawing: Drawing, up: Scale, left: float, right: float) -> None:
    """Draw the levels behind a panel with their values on the left."""
    for value in ticks(up.low, up.high, 4):
        if not up.low <= value <= up.high:
            continue
        drawing.line((left, up(value)), (right, up(value)), ink="grid")
        drawing.words(
            left - 5, up(value) + 4, f"{value:g}".replace("-", "−"), ink="soft", anchor="end"
        )
