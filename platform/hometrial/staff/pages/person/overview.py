"""One person at a glance: what is open with its button, what has been done, data and why they are missing."""

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.services import doctoring, enrolling
from hometrial.services.viewing import people
from hometrial.services.viewing.days import Days, data_days
from hometrial.services.viewing.person import beginnings
from hometrial.staff import asking
from hometrial.staff.pages.person import pages, tasks
from hometrial.staff.pages.person.days import DAYS
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study
from hometrial.staff.timeline.figure import timeline_figure


@pages.get("/<code>")
@permits("people.see")
def person(code: str) -> str:
    """Show one person: the timeline, open tasks, beginnings, the doctor's answer, drawing, figures, gaps by cause."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        known = data_days(session, owner.id)
        days = asking.days(known, DAYS)
        gaps = people.gaps(session, owner.id, days) if days else []
        return shown(
            session,
            owner,
            "person.html",
            record=people.record(session, owner),
            timeline=timeline_figure(session, owner),
            known=known,
            days=days,
            table=days and people.metric_table(session, owner.id, days),
            causes=people.hours_by_cause(gaps),
            found=_examine(session, owner, days),
            ticks=beginnings.ticks(session, owner),
            button=tasks.button,
        )


def _examine(session: Session, owner: Participant, days: Days | None) -> doctoring.Examination:
    first, last = (days.first, days.last) if days else (None, None)
    return doctoring.examine(session, owner, first, last, clouds=study().clouds)


@pages.get("/<code>/doctor")
@permits("people.see")
def doctor(code: str) -> str:
    """Show why a person has no data: every check in order, the first problem on top."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        known = data_days(session, owner.id)
        days = asking.days(known, DAYS)
        found = _examine(session, owner, days)
        return shown(session, owner, "doctor.html", found=found, days=days, known=known)
