"""A person's drawing as a Vega-Lite document: five panels above one time axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from hometrial.services.viewing.drawing import Drawing, Mark

Document = dict[str, Any]


@dataclass(frozen=True)
class Theme:
    """The colours of a drawing."""

    ink: str
    grid: str
    line: str
    band: str
    bar: str
    stages: Mapping[str, str]
    causes: Mapping[str, str]


_CAUSES = (
    "not worn", "not synced", "token dead", "scope missing", "not consented", "paused",
    "provider outage", "retired", "quarantined", "not in source", "unknown",
)  # fmt: skip
_STAGES = ("deep", "light", "rem", "asleep", "restless", "awake", "in_bed", "unknown")

THEMES = {
    "light": Theme(
        ink="#33404d", grid="#dde3e8", line="#b3261e", band="#e9a8a2", bar="#2f6f8f",
        stages=dict(zip(_STAGES, ("#1b3a6b", "#5b8bd0", "#8a5fbf", "#3f6fb5", "#c9a227",
                                  "#e08a3c", "#9aa5b1", "#9aa5b1"), strict=True)),
        causes=dict(zip(_CAUSES, ("#8797a5", "#5b8bd0", "#c0392b", "#a46bb5", "#6b5b95", "#3f9c8f",
                                  "#d77fa1", "#5d6d7e", "#e08a3c", "#c3ccd4", "#b8a36b"), strict=True)),
    ),
    "dark": Theme(
        ink="#c5d0da", grid="#36414c", line="#ff8f85", band="#7c3b37", bar="#6fb6d6",
        stages=dict(zip(_STAGES, ("#5b7fd0", "#86b0ea", "#b794e0", "#78a5e6", "#e0bd4f",
                                  "#f0a860", "#7d8a97", "#7d8a97"), strict=True)),
        causes=dict(zip(_CAUSES, ("#73838f", "#78a5e6", "#ee7f73", "#c39ad2", "#a394cf", "#62bdb0",
                                  "#e3a0ba", "#93a3b3", "#f0a860", "#4a5661", "#a8955f"), strict=True)),
    ),
}  # fmt: skip

_HOVER = alt.Tooltip("at:N", title="Local time")


def document(drawing: Drawing, width: int, theme: Theme) -> Document:
    """Return the Vega-Lite document of a drawing, its data within, `width` pixels wide all in all."""
    panels = [
        _heart_rate(drawing, theme),
        _steps(drawing, theme),
        _sleep(drawing, theme),
        _wear(drawing, theme),
        _gaps(drawing, theme),
    ]
    inner = width - 70
    chart = (
        alt.vconcat(*[panel.properties(width=inner) for panel in panels], spacing=10)
        .resolve_scale(x="shared", color="independent")
        .configure(background="transparent", font="system-ui, sans-serif", padding=0)
        .configure_view(stroke=theme.grid)
        .configure_axis(
            labelColor=theme.ink, titleColor=theme.ink, gridColor=theme.grid, domainColor=theme.grid,
            tickColor=theme.grid, titleFontWeight="normal",
        )
        .configure_axisY(minExtent=44, maxExtent=44)
        .configure_legend(
            labelColor=theme.ink, titleColor=theme.ink, orient="bottom", direction="horizontal",
            columns=max(1, inner // 110), labelLimit=100,
        )
        .configure_title(color=theme.ink, anchor="start", frame="group", fontSize=12)
    )  # fmt: skip
    # Checking a document against the schema takes longer than all else, of figures even seconds: the
    # tests do it, and Altair never sees the figures.
    return dict(chart.to_dict(validate=False)) | {"datasets": _figures(drawing)}


def svg(made: Document) -> str:
    """Draw a document as SVG; it can load nothing."""
    return str(vl_convert.vegalite_to_svg(made, allowed_base_urls=[]))


def _figures(drawing: Drawing) -> dict[str, Sequence[Mark]]:
    return {
        "heart_rate": drawing.heart_rate,
        "shade": [gap for gap in drawing.gaps if gap["stream"] == "heart rate"],
        "steps": drawing.steps,
        "sleep": drawing.sleep,
        "wear": drawing.wear,
        "gaps": drawing.gaps,
    }


def _chart(name: str, drawing: Drawing) -> alt.Chart:
    """Return an empty chart of one of `_figures`, where `at` is the local time of each mark."""
    offset = str(drawing.offsets[0][1])
    for minute, ahead in drawing.offsets[1:]:
        offset = f"(datum.t < {minute} ? {offset} : {ahead})"
    since = int(drawing.origin.timestamp() * 1000)
    at = f"utcFormat({since} + (datum.t + {offset}) * 60000, '%Y-%m-%d %H:%M')"
    return alt.Chart(alt.NamedData(name=name)).transform_calculate(at=at)


def _time(drawing: Drawing, *, labelled: bool = False) -> alt.X:
    """Return the shared axis: elapsed minutes, labelled with the local time that it was."""
    names = ", ".join(f"'{minute}': '{label}'" for minute, label in drawing.ticks)
    axis = alt.Axis(
        values=[minute for minute, _ in drawing.ticks],
        labels=labelled,
        ticks=labelled,
        labelExpr=f"{{{names}}}[toString(datum.value)]",
        labelAlign="left",
        labelOverlap="greedy",
        title="Local time" if labelled else None,
    )
    scale = alt.Scale(domain=[0, drawing.minutes], nice=False, zero=False)
    return alt.X("t:Q", scale=scale, axis=axis)


def _heart_rate(drawing: Drawing, theme: Theme) -> alt.LayerChart:
    base = _chart("heart_rate", drawing).encode(_time(drawing), detail="run:N")
    scale = alt.Scale(zero=False, nice=True)
    band = base.mark_area(color=theme.band, opacity=0.7).encode(
        alt.Y("low:Q", scale=scale, title="per min"), alt.Y2("high:Q")
    )
    line = base.mark_line(color=theme.line, strokeWidth=1).encode(
        alt.Y("mean:Q", scale=scale),
        tooltip=[_HOVER, "mean:Q", "low:Q", "high:Q"],
    )
    title = f"Heart rate: {drawing.bin_minutes}-min mean and range"
    panel: alt.LayerChart = _shade(drawing, theme) + band + line
    return panel.properties(height=150, title=title)


def _shade(drawing: Drawing, theme: Theme) -> alt.Chart:
    """Return the heart rate's gaps as a shade behind it, coloured by cause."""
    panel: alt.Chart = (
        _chart("shade", drawing)
        .mark_rect(opacity=0.28)
        .encode(
            _time(drawing),
            alt.X2("until:Q"),
            color=_colours("cause", theme.causes, drawing.gaps, legend=False),
            tooltip=[_HOVER, "cause:N"],
        )
    )
    return panel


def _steps(drawing: Drawing, theme: Theme) -> alt.Chart:
    panel: alt.Chart = (
        _chart("steps", drawing)
        .mark_rect(color=theme.bar)
        .encode(
            _time(drawing),
            alt.X2("until:Q"),
            alt.Y("steps:Q", title="steps", axis=alt.Axis(tickCount=3)),
            alt.Y2(datum=0),
            tooltip=[_HOVER, "steps:Q"],
        )
        .properties(height=80, title=f"Steps by the {drawing.steps_per}")
    )
    return panel


def _sleep(drawing: Drawing, theme: Theme) -> alt.Chart:
    panel: alt.Chart = (
        _chart("sleep", drawing)
        .mark_rect()
        .encode(
            _time(drawing),
            alt.X2("until:Q"),
            color=_colours("stage", theme.stages, drawing.sleep, legend=True),
            tooltip=[_HOVER, "stage:N"],
        )
        .properties(height=26, title="Sleep")
    )
    return panel


def _wear(drawing: Drawing, theme: Theme) -> alt.Chart:
    panel: alt.Chart = (
        _chart("wear", drawing)
        .mark_rect(color=theme.bar, stroke=theme.grid, opacity=0.75)
        .encode(
            _time(drawing),
            alt.X2("until:Q"),
            alt.Y("hours:Q", title="hours", scale=alt.Scale(domain=[0, 25]),
                  axis=alt.Axis(values=[0, 12, 24])),
            alt.Y2(datum=0),
            tooltip=[_HOVER, alt.Tooltip("hours:Q", title="Worn, hours")],
        )
        .properties(height=46, title="Worn, by the day")
    )  # fmt: skip
    return panel


def _gaps(drawing: Drawing, theme: Theme) -> alt.Chart:
    panel: alt.Chart = (
        _chart("gaps", drawing)
        .mark_rect()
        .encode(
            _time(drawing, labelled=True),
            alt.X2("until:Q"),
            alt.Y("stream:N", title=None, sort=["heart rate", "steps", "sleep"]),
            color=_colours("cause", theme.causes, drawing.gaps, legend=True),
            tooltip=[_HOVER, "stream:N", "cause:N"],
        )
        .properties(height=48, title="Gaps, by cause")
    )
    return panel


def _colours(
    field: str, colours: Mapping[str, str], marks: Sequence[Mark], *, legend: bool
) -> alt.Color:
    """Return the colours of the words that occur, so that the legend names no others."""
    there = [word for word in colours if any(mark[field] == word for mark in marks)]
    scale = alt.Scale(domain=there, range=[colours[word] for word in there])
    # Vega lays the whole drawing out as nothing if one legend is empty.
    shown = alt.Legend(title=None) if legend and there else None
    return alt.Color(f"{field}:N", scale=scale, legend=shown)
