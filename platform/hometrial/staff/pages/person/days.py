"""The drawing of a person's days, and one day with its versions."""

import json
from datetime import date

from flask import Response, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import BadRequest, NotFound

from hometrial.services import enrolling
from hometrial.services.viewing import drawing, people
from hometrial.services.viewing.days import Days, data_days
from hometrial.services.viewing.drawing import Drawing
from hometrial.staff import asking, charts
from hometrial.staff.pages.person import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

DAYS = 14
NARROWEST, WIDTH, WIDEST = 240, 960, 2400


@pages.record_once
def _know_days(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["day"] = asking.DayConverter


@pages.get("/<code>/chart.json")
@permits("people.see")
def chart_json(code: str) -> Response:
    """Return the drawing as a Vega-Lite document with its data in it."""
    return Response(json.dumps(_chart(code), separators=(",", ":")), mimetype="application/json")


@pages.get("/<code>/chart.svg")
@permits("people.see")
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
@permits("people.see")
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
