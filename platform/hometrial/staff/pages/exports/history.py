"""Who asked for which data sets, and who took them."""

from flask import render_template, request

from hometrial.services import delivering
from hometrial.services.staffing import access
from hometrial.staff import asking
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

PER_PAGE = 50


@pages.get("/history")
@permits("access.see")
def history() -> str:
    """Show every request with what was chosen, and every file that was taken: who, what, when."""
    start, first = asking.start(), asking.whole("asked", 0, 0, 10_000_000)
    with reading() as session:
        asked = delivering.history(session, None, first, PER_PAGE)
        every = delivering.total(session)
        taken = access.of_kind(session, "exported", start, PER_PAGE)
    return render_template(
        "exports/history.html",
        asked=asked,
        first=first,
        every=every,
        home=study().database.settings.home,
        taken=taken,
        per_page=PER_PAGE,
        args=request.args,
    )
