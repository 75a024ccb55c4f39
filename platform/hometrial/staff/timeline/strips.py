"""The lower rows of a timeline: scores, adverse events, what is missing, single moments."""

from collections.abc import Sequence
from math import ceil, floor, log10
from textwrap import wrap

from hometrial.services.viewing.timeline.scores import KeyScore
from hometrial.staff.timeline import layers
from hometrial.staff.timeline.bands import Row
from hometrial.staff.timeline.layers import Part, Sheet, named, panel, rect, text, x, y

LANES = {"visit": "Visits", "consent": "Consent", "alert": "Alerts", "watch alert": "Watch alerts", "device": "Device, zone"}  # fmt: skip
_SHAPES = {
    "held": "circle", "missed": "cross", "due": "circle", "overdue": "triangle-up", "upcoming": "circle",
    "stopped": "cross", "signed": "square", "granted": "triangle-up", "withdrawn": "triangle-down",
    "red": "diamond", "amber": "diamond", "blue": "diamond", "seam": "diamond", "zone": "stroke",
}  # fmt: skip
_HOLLOW = ("due", "upcoming")
_BETTER = {"higher_better": "higher is better", "higher_worse": "higher is worse"}
_LANE = 18
"""Pixels that a row of moments, or of an adverse event with its words, is high."""


def score(sheet: Sheet, found: KeyScore, hover: Sequence[Part]) -> Part:
    """Return a score of the trial: its points over the whole of its scale."""
    theme, height = sheet.theme, 44 if found.role == "primary" else 36
    low, high = _reach(found)
    side = y("value", {"domain": [low, high], "nice": False}, ticks=[low, high])
    name = f"score_{found.id}"
    place = {"x": x(), "y": side}
    line = named(name) | {
        "mark": {
            "type": "line",
            "clip": True,
            "strokeWidth": 0.8 if found.daily else 1.5,
            "color": theme.rows["score"],
        },
        "encoding": place,
    }
    points = named(name) | {
        "mark": {
            "type": "point", "filled": True, "clip": True, "opacity": 1, "size": 7 if found.daily else 34,
            "color": theme.outside["score"],
        },
        "encoding": place,
    }  # fmt: skip
    name_of, *rest = wrap(found.label, 25)[:2] if sheet.is_wide else [found.label]
    values = [] if found.daily else [named(name, f"datum.t >= first && datum.room / (last - first) * {sheet.inner} > 30") | {
        "mark": {"type": "text", "align": "left", "dx": 5, "dy": -5, "fontSize": 9.5, "color": theme.soft, "clip": True},
        "encoding": place | {"text": {"field": "value", "format": "~g"}},
    }]  # fmt: skip
    return panel(sheet, height, [
        *layers.shades(sheet), line, points, *values, *layers.hover(sheet, hover),
        *layers.heading(sheet, name_of, *rest, *_under(found, is_tight=bool(rest))),
    ])  # fmt: skip


def _under(found: KeyScore, *, is_tight: bool) -> list[str]:
    """Return in few words what part a score plays, and which way is better; in one line where room is tight."""
    role = f"{found.role}, each day" if found.daily else found.role
    words = [role, _BETTER.get(found.direction, "")]
    return [", ".join(each for each in words if each)] if is_tight else words


def _reach(found: KeyScore) -> tuple[float, float]:
    """Return the stretch of a scale that is drawn: what was scored with room around it, at least half of the scale."""
    values = [each.value for each in found.points]
    low, high = found.limits or (min(values), max(values))
    least, most = min(values), max(values)
    width = max((high - low) / 2, (most - least) * 1.4)
    begins = max(low, min((least + most - width) / 2, high - width))
    step = 10 ** floor(log10(width or 1)) / 2
    ends = min(high, ceil((begins + width) / step) * step)
    return max(low, floor(begins / step) * step), ends


def adverse(sheet: Sheet, count: int, hover: Sequence[Part]) -> Part:
    """Return adverse events as bars with their words above; coarse beginnings pale, grades darker."""
    theme, height = sheet.theme, count * _LANE + 4
    scale = {"domain": [1, 2, 3, 4, 5, 0], "range": [*theme.grades, theme.ungraded]}
    tip = [{"field": "text", "title": "Adverse event"}, {"field": "number", "title": "Number"}]
    lane = {
        "field": "lane",
        "type": "quantitative",
        "scale": {"domain": [0, count], "range": [4, height]},
        "axis": None,
    }
    bars = named("adverse") | {
        "mark": {"type": "rect", "clip": True, "cornerRadius": 1},
        "transform": [{"calculate": "datum.lane + 0.66", "as": "a"}, {"calculate": "datum.lane + 0.94", "as": "b"}],
        "encoding": {
            "x": x(), "x2": {"field": "until"}, "y": lane | {"field": "a"}, "y2": {"field": "b"},
            "color": {"field": "level", "type": "ordinal", "scale": scale, "legend": None}, "tooltip": tip,
            "opacity": {"condition": {"test": "datum.dated", "value": 1}, "value": 0.45},
        },
    }  # fmt: skip
    coarse = named("adverse", "datum.sure > datum.t") | {
        "mark": {"type": "rect", "clip": True, "color": theme.paper, "opacity": 0.65},
        "encoding": bars["encoding"] | {"x2": {"field": "sure"}},
    }
    coarse["transform"] += bars["transform"]
    coarse["encoding"] = {
        key: each
        for key, each in coarse["encoding"].items()
        if key in ("x", "x2", "y", "y2", "tooltip")
    }
    words = named("adverse") | {
        "mark": {"type": "text", "align": "left", "baseline": "bottom", "fontSize": 10, "color": theme.ink, "clip": True, "dx": 1},
        "transform": [
            {"filter": "datum.until > first && datum.t < last"},
            {"calculate": "datum.lane + 0.62", "as": "a"}, {"calculate": "max(datum.t, first)", "as": "from"},
        ],
        "encoding": {"x": x("from"), "y": lane | {"field": "a"}, "text": {"field": "label"}, "tooltip": tip},
    }  # fmt: skip
    return panel(sheet, height, [
        *layers.shades(sheet), *layers.hover(sheet, hover), bars, coarse, words,
        *layers.heading(sheet, "Adverse events", "with their grade"),
    ])  # fmt: skip


def missing(
    sheet: Sheet, streams: Sequence[str], causes: Sequence[str], hover: Sequence[Part]
) -> Part:
    """Return the hours that are missing, a line for each stream, by cause."""
    theme, height = sheet.theme, 11 * len(streams)
    scale = {"domain": list(causes), "range": [theme.causes[each] for each in causes]}
    side = {
        "field": "stream", "type": "nominal", "scale": {"domain": list(streams), "paddingInner": 0.15},
        "axis": {"title": None, "grid": False, "domain": False, "ticks": False, "labelFontSize": 9.5, "labelPadding": 4}
        if sheet.is_wide else None,
    }  # fmt: skip
    bars = rect("missing")
    bars["encoding"] |= {
        "y": side,
        "color": {"field": "cause", "type": "nominal", "scale": scale, "legend": None},
        "tooltip": [{"field": "stream", "title": "Missing"}, {"field": "cause", "title": "Cause"}],
    }
    beside = "" if sheet.is_wide else ", ".join(streams)
    return panel(
        sheet,
        height,
        [
            *layers.shades(sheet),
            *layers.hover(sheet, hover),
            bars,
            *layers.heading(sheet, "Missing", beside),
        ],
    )


def moments(sheet: Sheet, rows: Sequence[Row], hover: Sequence[Part]) -> Part:
    """Return visits, consent, alerts and devices, a line each, told apart by shape as well."""
    theme = sheet.theme
    there = [each for each in LANES if any(row["lane"] == each for row in rows)]
    tall = _LANE if sheet.is_wide else _LANE + 8
    height = tall * len(there)
    kinds = [kind for kind in _SHAPES if any(row["kind"] == kind for row in rows)]
    colours = [
        theme.levels.get(
            kind, theme.missed if kind in ("missed", "overdue", "withdrawn") else theme.ink
        )
        for kind in kinds
    ]
    side = {
        "field": "place",
        "type": "quantitative",
        "scale": {"domain": [0, len(there)], "range": [0, height]},
        "axis": None,
    }
    place = {
        "calculate": f"indexof({there}, datum.lane) + {0.5 if sheet.is_wide else 0.7}",
        "as": "place",
    }
    points = named("marks", "first <= datum.t && datum.t <= last") | {
        "mark": {"type": "point", "size": 46, "strokeWidth": 1.4, "clip": False, "opacity": 1},
        "encoding": {
            "x": x(), "y": side,
            "shape": {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": kinds, "range": [_SHAPES[each] for each in kinds]}},
            "stroke": {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": kinds, "range": colours}},
            "fill": {"field": "kind", "type": "nominal", "legend": None, "scale": {
                "domain": kinds, "range": [theme.paper if kind in _HOLLOW else colour for kind, colour in zip(kinds, colours, strict=True)]}},
            "tooltip": [{"field": "text", "title": "What"}, {"field": "at", "title": "When"}],
        },
    }  # fmt: skip
    words = named("marks", "datum.lane == 'visit' || datum.lane == 'alert' || datum.lane == 'watch alert'",
                  f"datum.t >= first && datum.room / (last - first) * {sheet.inner} > 30") | {
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 9.5, "color": theme.soft, "clip": True},
        "encoding": {"x": x(), "y": side, "text": {"field": "short"}},
    }  # fmt: skip
    points["transform"].append(place)
    words["transform"].append(place)
    names = [
        text(LANES[lane], (-sheet.left if sheet.is_wide else 2, place * tall + (3 if sheet.is_wide else 1)), fontSize=11.5 if sheet.is_wide else 9.5,
             fontWeight=600 if sheet.is_wide else 400, color=theme.ink if sheet.is_wide else theme.soft)
        for place, lane in enumerate(there)
    ]  # fmt: skip
    return panel(
        sheet, height, [*layers.shades(sheet), *layers.hover(sheet, hover), words, points, *names]
    )
