"""The upper rows of a timeline: epochs, the dose, what the watch says of each day."""

from collections.abc import Mapping, Sequence

from hometrial.services.viewing.timeline.reading import Timeline
from hometrial.services.viewing.timeline.wearables import Run
from hometrial.staff.timeline import layers
from hometrial.staff.timeline.bands import HOUR
from hometrial.staff.timeline.days import UNITS
from hometrial.staff.timeline.layers import Part, Sheet, named, one, panel, rect, x, y

NAMES = {
    "steps": "Steps a day",
    "rhr": "Resting heart rate",
    "sleep_minutes": "Sleep",
    "hrv_rmssd": "Heart-rate variability",
}
_OF = {"rhr_sleep": "in sleep", "rhr_vendor": "the source's own"}


def epochs(sheet: Sheet, *, are_there: bool) -> Part:
    """Return the trial's epochs, and the dates above all rows."""
    theme = sheet.theme
    axis = layers.time_axis("top", theme)
    band = rect("epochs", color=theme.usual, stroke=theme.paper, strokeWidth=2)
    band["encoding"] = {
        **band["encoding"],
        "x": x(axis=axis),
        "tooltip": [{"field": "text", "title": "Epoch"}],
    }
    words = named(
        "epochs",
        f"(min(datum.until, last) - max(datum.t, first)) / (last - first) * {sheet.inner} > 7 * length(datum.text)",
    ) | {
        "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 10, "color": theme.soft, "clip": True},
        "encoding": {"x": x("from", axis=axis), "text": {"field": "text"}},
    }  # fmt: skip
    words["transform"].append({"calculate": "max(datum.t, first)", "as": "from"})
    return panel(
        sheet,
        16,
        [band, words, *layers.heading(sheet, "Epoch" if are_there and sheet.is_wide else "")],
    )


def dose(sheet: Sheet, timeline: Timeline, hover: Sequence[Part]) -> Part:
    """Return the dose: ordered behind, taken before it, missed and untold days apart."""
    theme, height = sheet.theme, 92 if sheet.is_wide else 84
    highest = float(timeline.doses.highest) or 1.0
    scale = {"domain": [0, highest * 1.22], "nice": False}
    side = y("mg", scale, ticks=_levels(timeline))

    def band(data: str, high: str, *where: str, **look: object) -> Part:
        part = rect(data, *where, **look)
        part["encoding"] |= {"y": side | {"field": high}, "y2": {"datum": 0}}
        return part

    edge = named("ordered", "datum.mg > 0") | {
        "mark": {"type": "rule", "clip": True, "color": theme.ordered_edge, "strokeWidth": 1.5},
        "encoding": {"x": x(), "x2": {"field": "until"}, "y": side},
    }
    fits = f"(min(datum.until, last) - max(datum.t, first)) / (last - first) * {sheet.inner} > 7 + 6.5 * length(datum.label)"
    words = named("ordered", fits) | {
        "mark": {
            "type": "text", "align": "left", "baseline": "bottom", "dx": 3, "dy": -3, "fontSize": 10.5,
            "color": theme.ink, "clip": True,
        },
        "encoding": {"x": x("from"), "y": side, "text": {"field": "label"}},
    }  # fmt: skip
    words["transform"].append({"calculate": "max(datum.t, first)", "as": "from"})
    foot: Mapping[str, Part] = {"y": {"value": height - 6}, "y2": {"value": height}}
    missed = rect("taken", "datum.kind == 'missed'", color=theme.missed)
    missed["encoding"] |= foot
    out = rect("out", color=theme.missed, opacity=0.35)
    out["encoding"] |= {"tooltip": [{"field": "text", "title": "Interrupted"}]}
    return panel(sheet, height, [
        *layers.shades(sheet),
        band("ordered", "mg", "datum.mg > 0", color=theme.ordered),
        band("taken", "least", "datum.least > 0", color=theme.taken, opacity=0.75),
        band(
            "taken", "most", "datum.kind == 'untold'", fillOpacity=0, stroke=theme.untold, strokeDash=[2, 2],
            strokeWidth=1,
        ),
        out, missed, edge, words, _times(sheet, height),
        *layers.hover(sheet, hover),
        *layers.heading(sheet, "Dose, mg a day", "pale ordered, full taken", "dashed untold, orange missed"),
    ])  # fmt: skip


def _levels(timeline: Timeline) -> list[float]:
    """Return the amounts to mark: none twice, none closer than a tenth of the highest."""
    found: list[float] = [0.0]
    most = float(timeline.doses.highest)
    for mg in sorted({float(each.mg) for each in timeline.doses.ordered if each.mg}, reverse=True):
        if all(abs(mg - each) >= most / 6 for each in found):
            found.append(mg)
    return sorted(found)


def _times(sheet: Sheet, height: float) -> Part:
    """Return each dose at the minute at which it was taken, once there is room for single ones."""
    return named("times", "last - first < 64800") | {
        "mark": {"type": "rule", "clip": True, "color": sheet.theme.ink, "strokeWidth": 1.2, "opacity": 0.7},
        "encoding": {"x": x(), "y": {"value": height - 9}, "y2": {"value": height}},
    }  # fmt: skip


def measure(sheet: Sheet, run: Run, hover: Sequence[Part]) -> Part:
    """Return a measure of the watch day by day over the person's own usual range."""
    theme, height = sheet.theme, 58 if sheet.is_wide else 52
    per = HOUR if run.metric == "sleep_minutes" else 1
    scale: Part = {"domain": _domain(run, per), "zero": False, "nice": False}
    side, name = y("value", scale, ticks=3), run.metric
    colour = {
        "condition": {"test": "datum.out", "value": theme.outside[name]}, "value": theme.rows[name],
    }  # fmt: skip
    marks = _line(name, side, colour) if name in ("rhr", "hrv_rmssd") else _bars(name, side, colour)
    return panel(sheet, height, [
        *_usual(sheet, run, side, per), *layers.shades(sheet), *marks, *layers.hover(sheet, hover),
        *layers.heading(sheet, NAMES[name], *_words(run, per)),
    ])  # fmt: skip


def _domain(run: Run, per: float) -> list[float]:
    values = [each / per for each in run.values.values()]
    values += [each / per for each in run.usual or ()]
    if run.metric in ("rhr", "hrv_rmssd"):
        return [min(values) - 2, max(values + ([run.alert_from] if run.alert_from else [])) + 2]
    return [0, max(values) * 1.05]


def _bars(name: str, side: Part, colour: Part) -> list[Part]:
    bars = rect(name)
    bars["encoding"] |= {
        "y": side,
        "y2": {"datum": 0},
        "color": colour,
        "opacity": {"condition": {"test": "datum.faint", "value": 0.4}, "value": 1},
    }
    return [bars]


def _line(name: str, side: Part, colour: Part) -> list[Part]:
    place = {"x": x("mid"), "y": side}
    line = named(name) | {
        "mark": {
            "type": "line",
            "clip": True,
            "strokeWidth": 1,
            "color": colour["value"],
            "opacity": 0.8,
        },
        "encoding": {**place, "detail": {"field": "run"}},
    }
    points = named(name) | {
        "mark": {"type": "point", "filled": True, "size": 11, "clip": True, "opacity": 1},
        "encoding": {
            **place,
            "color": colour,
            "opacity": {"condition": {"test": "datum.faint", "value": 0.4}, "value": 1},
        },
    }
    return [line, points]


def _usual(sheet: Sheet, run: Run, side: Part, per: float) -> list[Part]:
    """Return the own usual range as a band with its median, and the limit of the alert on resting heart rate."""
    if run.baseline is None or run.usual is None:
        return []
    theme = sheet.theme
    low, high = run.usual[0] / per, run.usual[1] / per
    whole: dict[str, Part] = {"x": {"value": 0}, "x2": {"value": sheet.inner}}

    def at(value: float) -> Part:
        return {key: each for key, each in side.items() if key != "field"} | {"datum": value}

    found = [
        one(
            {"type": "rect", "color": theme.usual, "clip": True},
            **whole,
            y=at(low),
            y2={"datum": high},
        ),
        one(
            {"type": "rule", "color": theme.soft, "opacity": 0.45},
            **whole,
            y=at(run.baseline.median / per),
        ),
    ]
    if run.alert_from is not None:
        dash = {"type": "rule", "color": theme.levels["blue"], "strokeDash": [4, 3], "clip": True}
        found.append(one(dash, **whole, y=at(run.alert_from)))
    return found


def _words(run: Run, per: float) -> list[str]:
    unit, of = UNITS[run.metric], _OF.get(run.rule, "")
    if run.usual is None:
        return [", ".join(each for each in (unit, of) if each), "too few days for an own range"]
    low, high = (f"{each / per:,.0f}" if per == 1 else f"{each / per:.1f}" for each in run.usual)
    reach = f"up to {high}" if run.usual[0] <= 0 else f"{low} to {high}"
    alert = "" if run.alert_from is None else f"dashed: alert HR1 from {run.alert_from:.0f}"
    return [f"usual {reach} {unit}".rstrip(), f"{of}, {run.of_days}" if of else run.of_days, alert]
