"""A person's visits: planned windows in their own days, and what became of each."""

from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial.models import VISIT_MODES, Participant
from hometrial.services import enrolling
from hometrial.services.trial import visiting
from hometrial.services.trial.visiting import Held, Missed
from hometrial.services.viewing.person import visits as viewing
from hometrial.staff import asking
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, Prepare, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    choice,
    day,
    line,
    needed_day,
    said,
    said_or_none,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

MODES = [(each, each) for each in VISIT_MODES]
_BECAUSE = "Only where something is recorded of it already: why that is corrected."


class HeldForm(ActForm):
    """A visit that took place."""

    day = day(
        "On which day", hint="Of the person's own calendar. Outside its window it is flagged."
    )
    mode = choice("How", MODES)
    because = line("Why is it corrected", hint=_BECAUSE)


class MissedForm(ActForm):
    """A visit that did not take place."""

    reason = line(
        "Why it did not take place", needed="Say why; 'not known' is a reason, too.", longest=500
    )
    because = line("Why is it corrected", hint=_BECAUSE)


@pages.get("/<code>/visits")
@permits("visit.see")
def visits(code: str) -> str:
    """Show every visit of a person."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = viewing.visits(session, person)
        return shown(session, person, "person/visits.html", found=found)


@pages.route("/<code>/visits/<visit>/held", methods=["GET", "POST"])
@permits("visit.record")
def visit_held(code: str, visit: str) -> Answer:
    """Record a visit that took place; outside its window it is kept and flagged."""
    form, number = HeldForm(), _number()
    deed = Deed(code, f"{visit} was held", "Record it", "people.visits", template=_PAGE)

    def act(session: Session, person: Participant) -> str:
        held = Held(needed_day(form.day), said(form.mode), me().actor, said_or_none(form.because))
        row = visiting.hold(session, person, visit, held, number)
        outside = f", {row.days_outside:+d} days outside its window" if row.days_outside else ""
        return f"{row.visit} number {row.number} was held on {row.day}{outside}."

    return perform(deed, form, act, _known(visit))


@pages.route("/<code>/visits/<visit>/missed", methods=["GET", "POST"])
@permits("visit.record")
def visit_missed(code: str, visit: str) -> Answer:
    """Record that a visit did not take place, and why."""
    form, number = MissedForm(), _number()
    deed = Deed(code, f"{visit} was missed", "Record it", "people.visits", template=_PAGE)

    def act(session: Session, person: Participant) -> str:
        missed = Missed(form.why, me().actor, said_or_none(form.because))
        row = visiting.miss(session, person, visit, missed, number)
        return f"{row.visit} number {row.number} was missed: {row.reason}"

    return perform(deed, form, act, _known(visit))


_PAGE = "person/visit.html"


def _number() -> int | None:
    """Return which repetition of a visit it is, None: not said."""
    return asking.whole("number", 0, 0, 1_000) or None


def _known(visit: str) -> Prepare:
    def prepare(session: Session, person: Participant) -> dict[str, object]:
        label = viewing.label_of(session, person, visit)
        if label is None:
            raise NotFound(f"{person.code} has no visit {visit}.")
        return {"label": label}

    return prepare
