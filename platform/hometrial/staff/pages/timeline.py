"""A person's timeline: the drawing with its data, as files, and the same figures as a table."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from hometrial.services import enrolling
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.timeline import reading as timelines
from hometrial.services.viewing.timeline.reading import Shown, Timeline
from hometrial.staff import asking
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading
from hometrial.staff.timeline import days as lines_of_days
from hometrial.staff.timeline import figure, spec
from hometrial.staff.timeline.days import Value
from hometrial.staff.timeline.theme import THEMES, Theme

pages = Blueprint("timeline", __name__, url_prefix="/people")

NARROWEST, WIDTH, WIDEST = 240, 1200, 2400
SHARP = 2
"""Pixels of a picture for one of the drawing."""


@pages.get("/<code>/timeline.json")
@permits("people.see")
def document(code: str) -> Response:
    """Return the drawing with its data in it; `show_from` and `show_to`: the days in sight at first."""
    theme, width = _theme(), _width()
    found = _timeline(code)
    made = spec.document(found, width, theme, plain=False, window=_window(found.axis.days))
    return Response(json.dumps(made, separators=(",", ":")), mimetype="application/json")


@pages.get("/<code>/timeline.svg")
@permits("people.see", logs="exported")
def svg(code: str) -> Response:
    """Return the drawing as a picture of lines, also for browsers that run no scripts."""
    return _file(code, "svg", "image/svg+xml", spec.svg)


@pages.get("/<code>/timeline.png")
@permits("people.see", logs="exported")
def png(code: str) -> Response:
    """Return the drawing as a picture of pixels."""
    return _file(code, "png", "image/png", lambda made: spec.png(made, SHARP))


@pages.get("/<code>/timeline.pdf")
@permits("people.see", logs="exported")
def pdf(code: str) -> Response:
    """Return the drawing for paper, always in the light colours."""
    return _file(code, "pdf", "application/pdf", spec.pdf)


@pages.get("/<code>/timeline.csv")
@permits("people.see", logs="exported")
def file(code: str) -> Response:
    """Return the same figures as a file, a line for each day."""
    found = _timeline(code)
    days = lines_of_days.Days(found)
    text = io.StringIO()
    names = [f"{each.key} ({each.unit})" if each.unit else each.key for each in days.columns]
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["participant", *names])
    for line in days.lines:
        writer.writerow([code, *(_cell(line.get(each.key)) for each in days.columns)])
    return _attached(text.getvalue(), found, "csv", "text/csv; charset=utf-8")


@pages.get("/<code>/table")
@permits("people.see")
def table(code: str) -> str:
    """Show the same figures as a table, a line for each day, in the order asked for."""
    found = _timeline(code)
    days = lines_of_days.Days(found)
    sort, order = request.args.get("sort", "day"), request.args.get("order", "down")
    keys = [each.key for each in days.columns]
    if sort not in keys or order not in ("up", "down"):
        raise BadRequest(f"Days are sorted by {', '.join(keys)}, up or down.")
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            "timeline/table.html",
            columns=days.columns,
            lines=_sorted(days.lines, sort, is_down=order == "down"),
            days=found.axis.days,
            known=timelines.known_days(session, person),
            runs=found.worn.runs.values(),
            sort=sort,
            order=order,
        )


def _sorted(lines: Any, key: str, *, is_down: bool) -> list[Mapping[str, Value]]:
    """Return days by one value, those of which it is not known last."""
    there = [each for each in lines if each.get(key) is not None]
    missing = [each for each in lines if each.get(key) is None]
    return [*sorted(there, key=lambda each: each[key], reverse=is_down), *missing]


def _cell(value: Value) -> Value:
    """Return a value for a file; words that a spreadsheet would run as a formula are quoted."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _timeline(code: str) -> Timeline:
    seen = Shown(alerts=me().may("alert.see"), consent=me().may("consent.see"))
    with reading() as session:
        person = enrolling.find_participant(session, code)
        known = timelines.known_days(session, person)
        days = asking.days(known, figure.DAYS)
        if days is None:
            raise NotFound(f"Nothing of {code} is on record yet.")
        return timelines.read(session, person, days, seen)


def _window(days: Days) -> tuple[date, date]:
    told = (
        request.args.get("show_from", str(days.first)),
        request.args.get("show_to", str(days.last)),
    )
    try:
        first, last = map(date.fromisoformat, told)
    except ValueError as error:
        raise BadRequest(f"{told} are no days; write them like 2026-10-12.") from error
    if not days.first <= first <= last <= days.last:
        raise BadRequest(f"From {first} to {last} is no part of {days.first} to {days.last}.")
    return first, last


def _width() -> int:
    return asking.whole("width", WIDTH, NARROWEST, WIDEST)


def _theme() -> Theme:
    name = request.args.get("theme", "light")
    if name not in THEMES:
        raise BadRequest(f"There is no theme {name!r}; there are {', '.join(THEMES)}.")
    return THEMES[name]


def _file(
    code: str, kind: str, media: str, draw: Callable[[spec.Document], str | bytes]
) -> Response:
    theme = THEMES["light"] if kind == "pdf" else _theme()
    width, found = _width(), _timeline(code)
    return _attached(draw(spec.document(found, width, theme, plain=True)), found, kind, media)


def _attached(body: str | bytes, found: Timeline, kind: str, media: str) -> Response:
    days = found.axis.days
    answer = Response(body, mimetype=media)
    name = f"{found.code}-timeline-{days.first}-to-{days.last}.{kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
