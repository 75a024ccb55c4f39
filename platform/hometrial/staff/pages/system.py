"""How the system is: one page that says what must be mended, and shows the rest."""

from flask import Blueprint, render_template

from hometrial.services.viewing import system
from hometrial.staff.pages import users
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

pages = Blueprint("system", __name__, url_prefix="/system")


@pages.get("")
@permits("system.see")
def page() -> str:
    """Show problems first, then what runs, waits, was kept and is set."""
    with reading() as session:
        found = system.look(session, study().database.settings)
    return render_template("system/page.html", found=found, sections=users.sections)
