"""People by days: who has data, how much, and why not."""

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest

from hometrial.services.viewing import completeness
from hometrial.services.viewing.completeness import STREAMS, Stream
from hometrial.services.viewing.days import data_days
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

pages = Blueprint("completeness", __name__)

DAYS = 42


@pages.get("/")
@permits("data.see")
def grid() -> str:
    """Show the grid of the last 42 days of data, or of the days asked for."""
    streams = _streams()
    with reading() as session:
        known = data_days(session)
        days = asking.days(known, DAYS)
        found = days and completeness.grid(session, days, streams, asking.start())
    return render_template(
        "completeness.html",
        grid=found,
        days=days,
        known=known,
        streams=streams,
        all_streams=STREAMS.values(),
        marks=completeness.CAUSE_MARKS,
    )


def _streams() -> list[Stream]:
    asked = request.args.getlist("stream") or ["heart_rate"]
    unknown = [name for name in asked if name not in STREAMS]
    if unknown:
        raise BadRequest(f"There is no stream {unknown[0]!r}; there are {', '.join(STREAMS)}.")
    return [stream for name, stream in STREAMS.items() if name in asked]
