"""Pieces of Vega-Lite that every row of a timeline is put together from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hometrial.staff.timeline.theme import Theme

Part = dict[str, Any]
"""A piece of a Vega-Lite document."""

WIDE = 760
"""From so many pixels on, what a row is stands beside it, else above it."""


@dataclass(frozen=True)
class Sheet:
    """What a timeline is drawn on: its width in pixels all in all, its colours, its length in minutes.

    `plain`: a picture to be kept, without what only a pointer needs.
    """

    width: int
    theme: Theme
    minutes: float
    plain: bool

    @property
    def is_wide(self) -> bool:
        """Whether there is room for words beside the rows."""
        return self.width >= WIDE

    @property
    def left(self) -> int:
        """Pixels beside the rows."""
        return 204 if self.is_wide else 38

    @property
    def inner(self) -> int:
        """Pixels of the rows themselves."""
        return self.width - self.left - 10


def x_scale() -> Part:
    """Return the scale that all rows share: the part of the axis between two signals."""
    return {"domain": [{"expr": "first"}, {"expr": "last"}], "nice": False, "zero": False}


def x(field: str = "t", *, axis: Part | None = None) -> Part:
    """Return the channel of a moment; without labels but in the row that has them."""
    quiet = {
        "values": {"expr": TICKS}, "labels": False, "ticks": False, "domain": False, "title": None,
    }  # fmt: skip
    return {"field": field, "type": "quantitative", "scale": x_scale(), "axis": axis or quiet}


TICKS = "last - first > 187200 ? months : last - first > 43200 ? mondays : starts"
"""Which local midnights are marked: of some days each, of months the Mondays, beyond 130 days the first of each month."""


def time_axis(orient: str, theme: Theme) -> Part:
    """Return the axis with dates."""
    return {
        "orient": orient,
        "values": {"expr": TICKS},
        "labelExpr": "labels[indexof(starts, datum.value)]",
        "labelAlign": "left",
        "labelOffset": 2,
        "labelOverlap": "greedy",
        "labelBound": True,
        "labelSeparation": 6,
        "labelColor": theme.soft,
        "ticks": False,
        "domain": False,
        "title": None,
    }


def y(field: str, scale: Part, *, ticks: Sequence[float] | int | None = None) -> Part:
    """Return the channel of a value with few, quiet ticks."""
    axis: Part = {"title": None, "grid": False, "domain": False, "ticks": False, "labelPadding": 4}
    axis["labelExpr"] = "format(datum.value, ',.4~r')"
    axis |= {"values": list(ticks)} if isinstance(ticks, Sequence) else {"tickCount": ticks or 3}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def named(data: str, *where: str) -> Part:
    """Return a layer's data, cut down to where expressions hold."""
    part: Part = {"data": {"name": data}}
    if where:
        part["transform"] = [{"filter": each} for each in where]
    return part


def rect(data: str, *where: str, **look: Any) -> Part:
    """Return bands from `t` to `until` over the whole height of a row."""
    return named(data, *where) | {
        "mark": {"type": "rect", "clip": True, **look},
        "encoding": {"x": x(), "x2": {"field": "until"}},
    }


def one(mark: Part, **channels: Part) -> Part:
    """Return a single mark."""
    return {"data": {"values": [{}]}, "mark": mark, "encoding": channels}


def text(words: str, at: tuple[float, float], **look: Any) -> Part:
    """Return words at a place in pixels, which may lie outside the row."""
    mark = {
        "type": "text",
        "text": words,
        "align": "left",
        "baseline": "top",
        "clip": False,
        **look,
    }
    return one(mark, x={"value": at[0]}, y={"value": at[1]})


def heading(sheet: Sheet, name: str, *under: str) -> list[Part]:
    """Return what a row is called, with a quiet line or two beneath; on a narrow sheet above the row."""
    theme = sheet.theme
    if not sheet.is_wide:
        words = " · ".join(each for each in (name, *under) if each)
        most = max(10, int(sheet.inner / 6.3))
        shown = words if len(words) <= most else f"{words[: most - 1]}…"
        return [] if not name else [text(shown, (0, -13), fontSize=10.5, color=theme.ink)]
    found = [text(name, (-sheet.left, 0), fontSize=11, fontWeight=600, color=theme.ink)]
    lines = [each for each in under if each]
    return (
        []
        if not name
        else found
        + [
            text(words, (-sheet.left, 15 + 12 * place), fontSize=10, color=theme.soft)
            for place, words in enumerate(lines)
        ]
    )


def shades(sheet: Sheet) -> list[Part]:
    """Return what is shaded through all rows: bad days, suspected crashes, pauses, and the day pointed at."""
    theme = sheet.theme
    found = [
        rect("shade", "datum.kind == 'bad day'", color=theme.shades["bad day"], opacity=0.22),
        rect(
            "shade", "datum.kind == 'suspected crash'", color=theme.shades["suspected crash"], fillOpacity=0.07,
            stroke=theme.shades["suspected crash"], strokeDash=[2, 2], strokeOpacity=0.55, strokeWidth=0.8,
        ),
        rect("shade", "datum.kind == 'pause'", color=theme.shades["pause"], opacity=0.16),
        named("marks", "datum.lane == 'device'") | {
            "mark": {"type": "rule", "clip": True, "strokeDash": [3, 3], "color": theme.soft, "opacity": 0.8},
            "encoding": {"x": x()},
        },
    ]  # fmt: skip
    if sheet.plain:
        return found
    pointed: Mapping[str, Part] = {
        "x": {"datum": {"expr": "at"}, "type": "quantitative", "scale": x_scale()},
        "x2": {"datum": {"expr": "upto"}},
    }
    return [
        *found,
        one({"type": "rect", "clip": True, "color": theme.ink, "opacity": 0.09}, **pointed),
    ]


def hover(sheet: Sheet, fields: Sequence[Part]) -> list[Part]:
    """Return the days, unseen over a row, which say all that is known of them; none on a picture to be kept."""
    if sheet.plain:
        return []
    day = rect("days", color="#000", opacity=0)
    day["encoding"] = {**day["encoding"], "tooltip": list(fields)}
    return [day]


def panel(sheet: Sheet, height: float, layers: Sequence[Part]) -> Part:
    """Return a row."""
    return {
        "width": sheet.inner,
        "height": height,
        "view": {"stroke": sheet.theme.grid, "fill": None},
        "layer": list(layers),
    }
