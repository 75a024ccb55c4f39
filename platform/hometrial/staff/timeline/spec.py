"""A timeline as one Vega-Lite document: aligned rows over a shared axis of the person's own days; and its files."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import vl_convert

from hometrial.services.viewing.timeline.reading import Timeline
from hometrial.staff.timeline import bands, layers, panels, strips
from hometrial.staff.timeline.bands import Row
from hometrial.staff.timeline.days import Column, Days
from hometrial.staff.timeline.layers import Part, Sheet, one, panel, text, x
from hometrial.staff.timeline.theme import Theme

Document = dict[str, Any]
_LETTER = 5.6
"""Pixels that a letter of small words is wide, about."""
_MONDAY = 0


def document(
    timeline: Timeline,
    width: int,
    theme: Theme,
    *,
    plain: bool,
    window: tuple[date, date] | None = None,
) -> Document:
    """Return the document of a timeline with its data in it; `window`: the days that it shows at first."""
    axis = timeline.axis
    sheet = Sheet(width, theme, axis.minutes, plain)
    sets, days = bands.datasets(timeline), Days(timeline)
    if not plain:
        sets["days"] = _day_rows(timeline, days)
    first, last = window or (axis.days.first, axis.days.last)
    begins = axis.minute(axis.first_instant(first))
    ends = axis.minute(axis.first_instant(last + timedelta(1)))
    marks = sorted(sets["marks"], key=lambda row: (row["lane"], row["t"]))
    bands.room(marks, axis.minutes)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": theme.paper if plain else "transparent",
        "padding": {"left": 0, "right": 0, "top": 0, "bottom": 4},
        "bounds": "flush",
        "spacing": 10 if sheet.is_wide else 19,
        "params": [*_signals(timeline, begins, ends)],
        "vconcat": list(_panels(timeline, sheet, sets, days)),
        "resolve": {"scale": {"x": "independent", "y": "independent", "color": "independent", "fill": "independent",
                              "stroke": "independent", "shape": "independent"}},
        "config": {
            "font": "system-ui, 'Segoe UI', 'Noto Sans', sans-serif",
            "axis": {"labelColor": theme.soft, "labelFontSize": 10, "gridColor": theme.grid, "tickColor": theme.grid, "domainColor": theme.grid},
            "text": {"font": "system-ui, 'Segoe UI', 'Noto Sans', sans-serif"},
        },
        "datasets": sets,
    }  # fmt: skip


def _signals(timeline: Timeline, begins: float, ends: float) -> Iterator[Part]:
    bounds = [each for each in timeline.axis.bounds() if each[2] > each[1]]
    starts = [start for _, start, _ in bounds]
    yield {"name": "first", "value": begins}
    yield {"name": "last", "value": ends}
    yield {"name": "at", "value": -1}
    yield {"name": "upto", "value": -1}
    yield {"name": "starts", "value": starts}
    yield {
        "name": "mondays",
        "value": [start for day, start, _ in bounds if day.weekday() == _MONDAY],
    }
    yield {"name": "months", "value": [start for day, start, _ in bounds if day.day == 1]}
    yield {"name": "labels", "value": [_label(day) for day, _, _ in bounds]}


def _label(day: date) -> str:
    return f"{day.day} {day:%b %Y}" if (day.day, day.month) == (1, 1) else f"{day.day} {day:%b}"


def _panels(
    timeline: Timeline, sheet: Sheet, sets: dict[str, Sequence[Row]], days: Days
) -> Iterator[Part]:
    hover = [_tooltip(each) for each in days.columns]
    yield panels.epochs(sheet, are_there=bool(sets["epochs"]))
    if sets["ordered"] or sets["taken"]:
        yield panels.dose(sheet, timeline, hover)
    if sets["adverse"]:
        yield strips.adverse(
            sheet, bands.lanes(sets["adverse"], sheet.inner / sheet.minutes, _LETTER), hover
        )
    for run in timeline.worn.runs.values():
        yield panels.measure(sheet, run, hover)
    for each in timeline.said.scores:
        if each.points:
            yield strips.score(sheet, each, hover)
    streams = [
        each for each in ("heart rate", "steps", "sleep") if _has(sets["missing"], "stream", each)
    ]
    causes = [each for each in sheet.theme.causes if _has(sets["missing"], "cause", each)]
    if streams:
        yield strips.missing(sheet, streams, causes, hover)
    if sets["marks"]:
        yield strips.moments(sheet, sets["marks"], hover)
    yield _foot(sheet, timeline, causes)


def _has(rows: Sequence[Row], field: str, value: str) -> bool:
    return any(row[field] == value for row in rows)


def _tooltip(column: Column) -> Part:
    unit = f", {column.unit}" if column.unit else ""
    return {"field": column.key, "title": f"{column.label}{unit}"}


def _day_rows(timeline: Timeline, days: Days) -> list[Row]:
    """Return the days with all that is known of them; empty where nothing is."""
    bounds = [(start, end) for _, start, end in timeline.axis.bounds() if end > start]
    keys = [each.key for each in days.columns]
    # Vega calls what is not there undefined; nothing is shown of what is empty.
    return [
        {"t": start, "until": end}
        | {key: "" if line.get(key) is None else line[key] for key in keys}
        for (start, end), line in zip(bounds, days.lines, strict=True)
    ]


def _foot(sheet: Sheet, timeline: Timeline, causes: Sequence[str]) -> Part:
    """Return the dates beneath all rows, and what the colours mean that occur."""

    theme = sheet.theme
    kinds = {each.kind for each in timeline.shades}
    looks = [
        *((theme.shades["bad day"], 0.45, "bad day told") for _ in kinds & {"bad day"}),
        *((theme.shades["suspected crash"], 0.3, "suspected crash (a rule's guess)") for _ in kinds & {"suspected crash"}),
        *((theme.shades["pause"], 0.4, "pause") for _ in kinds & {"pause"}),
        *((theme.causes[each], 1.0, f"missing: {each}") for each in causes),
    ]  # fmt: skip
    found: list[Part] = [
        {
            "data": {"values": [{"t": 0}]},
            "mark": {"type": "point", "opacity": 0, "clip": True},
            "encoding": {
                "x": x(axis=layers.time_axis("top", theme) | {"offset": -16, "grid": False})
            },
        },
        # What holds the rows' left and right edges where they are, whatever their labels need.
        text(" ", (-sheet.left, 0), fontSize=1),
        text(" ", (sheet.inner + 8, 0), fontSize=1),
    ]
    left, line = 0.0, 0
    for colour, opacity, words in looks:
        wide = 15 + _LETTER * len(words) + 14
        if left and left + wide > sheet.inner:
            left, line = 0.0, line + 1
        box = {"type": "rect", "color": colour, "opacity": opacity}
        top = 24 + 15 * line
        found.append(
            one(
                box,
                x={"value": left},
                x2={"value": left + 10},
                y={"value": top},
                y2={"value": top + 10},
            )
        )
        found.append(text(words, (left + 14, top), fontSize=10, color=theme.soft))
        left += wide
    made = panel(sheet, 38 + 15 * line, found)
    return made | {"view": {"stroke": None}}


def svg(made: Document) -> str:
    """Draw a document as SVG; it can load nothing."""
    return str(vl_convert.vegalite_to_svg(made, allowed_base_urls=[]))


def png(made: Document, scale: float) -> bytes:
    """Draw a document as a picture of so many pixels for one."""
    return bytes(vl_convert.vegalite_to_png(made, scale=scale, allowed_base_urls=[]))


def pdf(made: Document) -> bytes:
    """Draw a document for paper."""
    return bytes(vl_convert.vegalite_to_pdf(made, allowed_base_urls=[]))
