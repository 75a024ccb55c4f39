"""A person's adverse events and alerts; each event has a page of its own."""

from hometrial.services import enrolling
from hometrial.services.safety import alerts, duties
from hometrial.services.safety import events as service
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading


@pages.get("/<code>/events")
@permits("event.see")
def events(code: str) -> str:
    """Show every event of a person with its clocks, and every alert about them."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = service.states(session, person=person)
        return shown(
            session,
            person,
            "person/events.html",
            found=found,
            duties=duties.duties(session, found) if found else [],
            alerts=alerts.states(session, person=person, only_open=False),
        )
