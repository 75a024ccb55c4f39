"""The first page about safety: alerts and clocks in the order of risk, and the rules that pause the study."""

from flask import render_template

from hometrial.services.viewing.safety import overview
from hometrial.staff.pages.safety.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading


@pages.get("")
@permits("alert.see")
def page() -> str:
    """Show what calls for somebody now."""
    with reading() as session:
        found = overview.look(session)
    return render_template("safety/overview.html", found=found, now=found.now)
