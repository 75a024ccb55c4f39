"""Who looked at what, logged in, was refused or took something away."""

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest

from hometrial import clock
from hometrial.models import ACCESS_KINDS
from hometrial.services.viewing import accesses
from hometrial.services.viewing.accesses import Asked
from hometrial.services.viewing.days import Days
from hometrial.staff import asking
from hometrial.staff.pages import users
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites

DAYS = 7
FILTERS = ("who", "person", "kind")

pages = Blueprint("access_log", __name__, url_prefix="/monitoring/access")


@pages.get("")
@permits("access.see")
def page() -> str:
    """Show lines of the access log, the newest first."""
    days = asking.days(Days.ending(clock.now().date(), DAYS), DAYS)
    assert days is not None  # noqa: S101  # some are known
    given = {name: request.args.get(name, "").strip() for name in FILTERS}
    if given["kind"] not in ("", *ACCESS_KINDS):
        raise BadRequest(f"{given['kind']!r} is no kind; there are {', '.join(ACCESS_KINDS)}.")
    asked = Asked(
        first=days.first,
        last=days.last,
        who=given["who"],
        subject=given["person"].upper(),
        kind=given["kind"],
        everywhere=sites() >= set(me().all_sites),
    )
    with reading() as session:
        found = accesses.page(session, asked, asking.start())
    return render_template(
        "users/access.html",
        page=found,
        per_page=accesses.PER_PAGE,
        days=days,
        asked=asked,
        kinds=ACCESS_KINDS,
        sections=users.sections,
    )
