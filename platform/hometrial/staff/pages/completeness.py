"""People by days: who has data, how much, and why not; one day hour by hour; whom to write to."""

from datetime import date

from flask import Blueprint, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BuildError

from hometrial.services import enrolling
from hometrial.services.viewing import bands, completeness, forecasting, hours, tallies
from hometrial.services.viewing.days import Days, data_days
from hometrial.services.viewing.presence import STREAMS, Stream
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

pages = Blueprint("completeness", __name__, url_prefix="/completeness")

DAYS = 42


@pages.record_once
def _know_days(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["day"] = asking.DayConverter


@pages.get("")
@permits("data.see")
def grid() -> str:
    """Show the grid of the last 42 days of data, or of the days asked for; or the same people as a table."""
    streams, band, as_table = _streams(), _band(), request.args.get("as") == "table"
    look = completeness.grid if not as_table else tallies.table
    with reading() as session:
        known = data_days(session)
        days = asking.days(known, DAYS)
        found = days and look(session, days, streams, asking.start(), band)
    return render_template(
        "completeness/table.html" if as_table else "completeness/grid.html",
        grid=found,
        days=days,
        known=known,
        streams=streams,
        all_streams=STREAMS.values(),
        marks=completeness.CAUSE_MARKS,
        bands=bands.BANDS,
        band=band,
        write_to=_write_to(),
    )


@pages.get("/forecast")
@permits("data.see")
def forecast() -> str:
    """Show who may miss the valid-day rule before their next visit, most at risk first, and what to do."""
    with reading() as session:
        found = forecasting.outlook(session, asking.start())
    return render_template(
        "completeness/forecast.html",
        found=found,
        per_page=forecasting.AT_ONCE,
        week=forecasting.WEEK,
        need=forecasting.NEED,
        remembered=forecasting.REMEMBERED,
        write_to=_write_to(),
    )


@pages.get("/<code>/<day:when>")
@permits("data.see")
def day(code: str, when: date) -> str:
    """Show one local day hour by hour: each stream's cause of every missing hour, and the day's forms."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        found = hours.of_day(session, owner, when)
    return render_template(
        "completeness/day.html",
        person=owner,
        when=when,
        found=found,
        near=Days(when, when),
        marks=completeness.CAUSE_MARKS,
    )


def _write_to() -> str | None:
    """Return where people are written to together, None where this site has no such page."""
    try:
        return url_for("bulk.confirm", action="remind")
    except BuildError:
        return None


def _band() -> str:
    asked = request.args.get("band", "")
    if asked not in bands.BANDS:
        known = ", ".join(filter(None, bands.BANDS))
        raise BadRequest(f"There is no band {asked!r}; there are {known}.")
    return asked


def _streams() -> list[Stream]:
    asked = request.args.getlist("stream") or list(STREAMS)
    unknown = [name for name in asked if name not in STREAMS]
    if unknown:
        raise BadRequest(f"There is no stream {unknown[0]!r}; there are {', '.join(STREAMS)}.")
    return [stream for name, stream in STREAMS.items() if name in asked]
