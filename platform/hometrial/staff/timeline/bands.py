"""A timeline as rows of marks: minutes on the axis, and words of exactly what each of them is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from hometrial import clock
from hometrial.protocol.dosing.amounts import written
from hometrial.services.viewing.drawing import local_text
from hometrial.services.viewing.timeline.axis import Axis
from hometrial.services.viewing.timeline.doses import Ordered, Taken
from hometrial.services.viewing.timeline.events import Adverse, Mark
from hometrial.services.viewing.timeline.reading import Timeline
from hometrial.services.viewing.timeline.scores import KeyScore
from hometrial.services.viewing.timeline.wearables import Run

Row = dict[str, Any]
"""One thing to draw; `t` and `until` are minutes since the axis' first instant."""

HOUR = 60
_GAP = 0.12
"""The share of a day that is left free on both sides of its bar."""


def told(axis: Axis, moment: datetime) -> str:
    """Return an instant on the person's own clock, to the minute, with its offset."""
    return local_text(clock.microseconds(moment), axis.offset(moment))


def datasets(timeline: Timeline) -> dict[str, Sequence[Row]]:
    """Return everything that is drawn, by the name of its data set."""
    axis, doses = timeline.axis, timeline.doses
    found: dict[str, Sequence[Row]] = {
        "ordered": [_ordered(each, axis) for each in doses.ordered],
        "taken": [_taken(each, axis) for each in doses.taken if each.planned or each.most],
        "times": [
            {"t": axis.minute(each.at), "mg": None if each.mg is None else float(each.mg)}
            for each in doses.times
        ],
        "out": [
            _span(axis, each.start, each.end) | {"text": str(each.reason).replace("_", " ")}
            for each in doses.interrupted
        ],
        "shade": [
            _span(axis, each.start, each.end) | {"kind": each.kind, "text": each.text}
            for each in timeline.shades
        ],
        "epochs": [
            _span(axis, each.start, each.end) | {"text": each.text} for each in timeline.epochs
        ],
        "adverse": [_adverse(each, axis) for each in timeline.adverse],
        "marks": [_mark(each, axis) for each in timeline.marks],
        "missing": [
            _span(axis, each.start, each.end)
            | {"stream": each.stream.replace("_", " "), "cause": each.cause.replace("_", " ")}
            for each in timeline.worn.missing
        ],
    }
    bounds = {day: (start, end) for day, start, end in axis.bounds() if end > start}
    found |= {name: list(run_rows(run, bounds)) for name, run in timeline.worn.runs.items()}
    found |= {f"score_{each.id}": score_rows(each, axis) for each in timeline.said.scores}
    return found


def _span(axis: Axis, start: datetime, end: datetime) -> Row:
    return {"t": axis.minute(start), "until": axis.minute(end)}


def _ordered(band: Ordered, axis: Axis) -> Row:
    mg = written(band.mg)
    stands = f"{band.dose} a day" if band.mg else str(band.state)
    return _span(axis, band.start, band.end) | {
        "mg": float(band.mg),
        "label": mg if band.mg else str(band.state),
        "text": f"{band.kind}: {stands}" + (f" ({band.why})" if band.why else ""),
        "since": told(axis, band.start),
    }


def _taken(band: Taken, axis: Axis) -> Row:
    kind = "missed" if band.is_missed else "taken" if band.is_known else "untold"
    return _span(axis, band.start, band.end) | {
        "least": float(band.least),
        "most": float(band.most),
        "kind": kind,
    }


def run_rows(run: Run, bounds: Mapping[date, tuple[float, float]]) -> Iterator[Row]:
    """Yield a measure's days, cut where days are missing; `out`: outside the own usual range."""
    usual, number, last = run.usual, 0, None
    for day, value in run.values.items():
        if day not in bounds:
            continue
        start, end = bounds[day]
        number += last is not None and day - last > timedelta(1)
        last = day
        shown = value / HOUR if run.metric == "sleep_minutes" else value
        yield {
            "t": round(start + _GAP * (end - start), 1),
            "until": round(end - _GAP * (end - start), 1),
            "mid": (start + end) / 2,
            "value": round(shown, 2),
            "run": number,
            "out": usual is not None and not usual[0] <= value <= usual[1],
            "faint": day in run.unused,
        }


def score_rows(score: KeyScore, axis: Axis) -> list[Row]:
    """Return a score's values: of a diary in the middle of its day, of a visit's form when it was handed in."""
    rows = []
    for point in score.points:
        at = axis.minute(point.at)
        if score.daily and axis.days.first <= point.day <= axis.days.last:
            begins, ends = axis.start(point.day), axis.start(point.day + timedelta(1))
            at = (axis.minute(begins) + axis.minute(ends)) / 2
        rows.append({"t": at, "value": point.value})
    room(rows, axis.minutes)
    return rows


def _adverse(event: Adverse, axis: Axis) -> Row:
    level = "grade not judged" if event.level is None else f"grade {event.level}"
    words = [
        level if event.is_graded else f"{level} by the person's word" if event.level else level,
        "serious" if event.is_serious else "",
        "" if event.related is None else "related" if event.related else "not related",
        event.told,
    ]
    mark = "" if event.level is None else f" · {event.level}"
    return _span(axis, event.start, event.end) | {
        "number": event.number,
        "level": event.level or 0,
        "label": f"{event.name}{mark}{' · serious' if event.is_serious else ''}",
        "text": f"{event.name}: {', '.join(each for each in words if each)}",
        "sure": axis.minute(event.started),
        "open": event.is_open,
        "dated": event.is_dated,
    }


def _mark(mark: Mark, axis: Axis) -> Row:
    return {
        "t": axis.minute(mark.at),
        "lane": mark.lane,
        "kind": mark.kind,
        "short": mark.short,
        "text": mark.text,
        "at": told(axis, mark.at) if mark.is_exact else str(axis.day_of(mark.at)),
    }


def room(rows: Sequence[Row], whole: float) -> None:
    """Say of each row how many minutes are free after it in its lane, where its words can stand."""
    for place, row in enumerate(rows):
        after = rows[place + 1] if place + 1 < len(rows) else None
        is_followed = after is not None and after.get("lane") == row.get("lane")
        row["room"] = (after["t"] if after and is_followed else 2 * whole) - row["t"]


def lanes(rows: Iterable[Row], minute_px: float, letter_px: float) -> int:
    """Give each event the first lane that is free where it and its words stand; return how many there are."""
    ends: list[float] = []
    for row in sorted(rows, key=lambda each: each["t"]):
        words = row["t"] + (len(row["label"]) * letter_px + 8) / minute_px
        place = next((n for n, end in enumerate(ends) if end <= row["t"]), len(ends))
        ends[place : place + 1] = [max(row["until"], words)]
        row["lane"] = place
    return len(ends)
