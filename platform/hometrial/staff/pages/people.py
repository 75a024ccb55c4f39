"""People: the list, one person with a drawing of their days, and one day with its versions."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, NotFound

from hometrial.models import Participant
from hometrial.services import doctoring, enrolling
from hometrial.services.viewing import drawing, people
from hometrial.services.viewing.days import Days, data_days
from hometrial.services.viewing.drawing import Drawing
from hometrial.services.viewing.people import PersonLine
from hometrial.staff import asking, charts
from hometrial.staff.study import reading, study

pages = Blueprint("people", __name__, url_prefix="/people")

DAYS = 14
TROUBLE = frozenset({"reconnect_needed", "not_linked", "retired"})
LINKED = TROUBLE | {"active"}
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ORDERS: Mapping[str, Callable[[PersonLine], Any]] = {
    "code": lambda line: (len(line.person.code), line.person.code),
    "status": lambda line: (line.person.status, line.person.code),
    "data": lambda line: (line.latest.data_until or LONG_AGO, line.person.code),
    "sync": lambda line: (line.latest.handed_over_at or LONG_AGO, line.person.code),
    "rows": lambda line: (-line.open_rows, line.person.code),
}
"""What people can be sorted by; whoever is longest without data or hand-over comes first."""
SHOWN: Mapping[str, Callable[[PersonLine], bool]] = {
    "all": lambda line: True,  # noqa: ARG005
    "linked": lambda line: "active" in line.latest.statuses,
    "in trouble": lambda line: bool(TROUBLE.intersection(line.latest.statuses)),
    "not linked": lambda line: not LINKED.intersection(line.latest.statuses),
}
NARROWEST, WIDTH, WIDEST = 240, 960, 2400


@pages.record_once
def _know_days(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["day"] = asking.DayConverter


@pages.get("")
def listing() -> str:
    """Show everyone, or those of a status or link, in the order asked for."""
    sort, only = request.args.get("sort", "code"), request.args.get("show", "all")
    if sort not in ORDERS or only not in SHOWN:
        raise BadRequest(
            f"People are sorted by {', '.join(ORDERS)}, and shown are {', '.join(SHOWN)}."
        )
    with reading() as session:
        everyone = people.everyone(session)
    lines = sorted(filter(SHOWN[only], everyone), key=ORDERS[sort])
    return render_template(
        "people.html", lines=lines, total=len(everyone), sort=sort, only=only, shown=SHOWN
    )


@pages.get("/<code>")
def person(code: str) -> str:
    """Show one person: record, drawing, the same figures as a table, gaps by cause."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        known = data_days(session, owner.id)
        days = asking.days(known, DAYS)
        record = people.record(session, owner)
        table = days and people.metric_table(session, owner.id, days)
        gaps = people.gaps(session, owner.id, days) if days else []
        found = _examine(session, owner, days)
    return render_template(
        "person.html",
        record=record,
        known=known,
        days=days,
        table=table,
        causes=people.hours_by_cause(gaps),
        found=found,
    )


def _examine(session: Session, owner: Participant, days: Days | None) -> doctoring.Examination:
    first, last = (days.first, days.last) if days else (None, None)
    return doctoring.examine(session, owner, first, last, clouds=study().clouds)


@pages.get("/<code>/doctor")
def doctor(code: str) -> str:
    """Show why a person has no data: every check in order, the first problem on top."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        known = data_days(session, owner.id)
        days = asking.days(known, DAYS)
        found = _examine(session, owner, days)
    return render_template("doctor.html", person=owner, found=found, days=days, known=known)


@pages.get("/<code>/chart.json")
def chart_json(code: str) -> Response:
    """Return the drawing as a Vega-Lite document with its data in it."""
    return Response(json.dumps(_chart(code), separators=(",", ":")), mimetype="application/json")


@pages.get("/<code>/chart.svg")
def chart_svg(code: str) -> Response:
    """Return the drawing as a picture, for browsers that run no scripts and for print."""
    return Response(charts.svg(_chart(code)), mimetype="image/svg+xml")


def _chart(code: str) -> charts.Document:
    width = asking.whole("width", WIDTH, NARROWEST, WIDEST)
    theme = request.args.get("theme", "light")
    if theme not in charts.THEMES:
        raise BadRequest(f"There is no theme {theme!r}; there are {', '.join(charts.THEMES)}.")
    return charts.document(_drawing(code), width, charts.THEMES[theme])


def _drawing(code: str) -> Drawing:
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        days = asking.days(data_days(session, owner.id), DAYS)
        if days is None:
            raise NotFound(f"There are no data of {code} yet.")
        return drawing.draw(session, owner, days)


@pages.get("/<code>/<day:when>")
def day(code: str, when: date) -> str:
    """Show one local day: versions of its chunks, every measure, its gaps, what waits."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        found = people.day(session, owner.id, when)
        rows = enrolling.zone_rows(session, [owner.id]).get(owner.id)
        bounds = rows and enrolling.day_bounds(enrolling.zone_history(rows), [when])[when]
    return render_template(
        "day.html", person=owner, when=when, found=found, bounds=bounds, near=Days(when, when)
    )
