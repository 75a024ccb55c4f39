"""Who changed what about a person, when and why; beside a value, that value's own."""

from uuid import UUID

from hometrial.services import enrolling
from hometrial.services.viewing.person import history as viewing
from hometrial.staff import asking
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading


@pages.get("/<code>/audit")
@permits("audit.see")
def audit(code: str) -> str:
    """Show what changed about a person, the newest first."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            "person/audit.html",
            page=viewing.page(session, person, asking.start()),
            per_page=viewing.PER_PAGE,
        )


@pages.get("/<code>/audit/<name>/<uuid:row>")
@permits("history.see")
def history(code: str, name: str, row: UUID) -> tuple[str, int] | str:
    """Show the history of one value, with all that corrects it."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        entries = viewing.of_value(session, person, name, row)
        return shown(session, person, "person/history.html", entries=entries, what=name)
