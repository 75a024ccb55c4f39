"""Attempts to reach a person, what comes next, and who could not be reached any more."""

from uuid import UUID

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import CONTACT_OUTCOMES, CONTACT_WAYS, Participant
from hometrial.services import enrolling
from hometrial.services.trial import contacting, losing
from hometrial.services.trial.contacting import Correction, Spoke
from hometrial.services.viewing.person import contacts as viewing
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    choice,
    day,
    day_of,
    line,
    moment,
    moment_of,
    reason,
    said,
    said_or_none,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

LONGEST_NOTE = 1_000


def _words(each: str) -> tuple[str, str]:
    return each, each.replace("_", " ")


class ContactForm(ActForm):
    """One contact: how, what came of it, and what is next."""

    has_moments = True
    way = choice("How", map(_words, CONTACT_WAYS))
    outcome = choice("What came of it", map(_words, CONTACT_OUTCOMES))
    direction = choice(
        "Who began", [("to_person", "the site"), ("from_person", "they called or wrote")]
    )
    at = moment("When", hint="Left empty: just now.")
    note = line("Note", hint="No names: the log is of pseudonyms.", longest=LONGEST_NOTE)
    next_step = line("What is next", hint="Such as: call again. It needs a day.")
    next_on = day("On which day", needed=False)


class CorrectedContactForm(ContactForm):
    """What a contact really was, and why it was logged wrongly."""

    reason = reason("Why is it corrected", hint="The first word on it stays in the trail.")


class DecisionForm(ActForm):
    """A decision with its reason."""

    reason = reason()


@pages.get("/<code>/contacts")
@permits("people.see")
def contacts(code: str) -> str:
    """Show every attempt to reach a person, the newest first, and what is next."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            "person/contacts.html",
            log=viewing.log(session, person),
            attempts=losing.attempts(session, person),
            least=losing.LEAST_DAYS,
            lost=losing.LOST,
        )


@pages.route("/<code>/contacts/new", methods=["GET", "POST"])
@permits("people.contact")
def log_contact(code: str) -> Answer:
    """Log a contact."""
    form = ContactForm()
    if not form.is_submitted():
        form.direction.data = "to_person"
    deed = Deed(code, "Log a contact", "Log it", "people.contacts")

    def act(session: Session, person: Participant) -> str:
        row = contacting.log(session, person, _spoke(form), recorded_by=me().actor)
        following = "" if row.next_on is None else f" Next on {row.next_on}: {row.next_step}."
        return f"The contact is logged.{following}"

    return perform(deed, form, act)


@pages.route("/<code>/contacts/<uuid:contact>/correct", methods=["GET", "POST"])
@permits("people.contact")
def correct_contact(code: str, contact: UUID) -> Answer:
    """Log what a contact really was; the first word on it stays."""
    form = CorrectedContactForm()
    deed = Deed(code, "Correct a contact", "Correct it", "people.contacts")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        row = viewing.contact(session, person, contact)
        if not form.is_submitted():
            for name in ("way", "outcome", "direction", "note", "next_step", "next_on"):
                form[name].data = getattr(row, name)
            form.at.data = f"{row.at.astimezone(form.zone):%Y-%m-%d %H:%M}"
        return {}

    def act(session: Session, person: Participant) -> str:
        wrong = viewing.contact(session, person, contact)
        spoke, correction = _spoke(form), Correction(wrong, form.why)
        contacting.log(session, person, spoke, recorded_by=me().actor, correction=correction)
        return "The contact is corrected; what was logged first stays in the trail."

    return perform(deed, form, act, prepare)


def _spoke(form: ContactForm) -> Spoke:
    return Spoke(
        at=moment_of(form, "at") or clock.now(),
        way=said(form.way),
        by=me().actor,
        outcome=said(form.outcome),
        direction=said(form.direction),
        note=said_or_none(form.note),
        next_on=day_of(form.next_on),
        next_step=said_or_none(form.next_step),
    )


@pages.route("/<code>/contacts/lost", methods=["GET", "POST"])
@permits("people.contact")
def lost(code: str) -> Answer:
    """Decide that a person is lost to follow-up."""
    form = DecisionForm()
    lead = (
        "Their status becomes lost to follow-up. Nothing is withdrawn by it: consent and what comes "
        "from their watch stay as they are, and it can be undone once they are reached."
    )
    deed = Deed(code, "Lost to follow-up", "Record the decision", "people.contacts", lead)

    def act(session: Session, person: Participant) -> str:
        losing.declare(session, person, form.why)
        return f"{person.code} is lost to follow-up."

    return perform(deed, form, act)


@pages.route("/<code>/contacts/found", methods=["GET", "POST"])
@permits("people.contact")
def found(code: str) -> Answer:
    """Record that somebody who was lost is there again."""
    form = DecisionForm()
    deed = Deed(code, "They are there again", "Record it", "people.contacts")

    def act(session: Session, person: Participant) -> str:
        losing.found_again(session, person, form.why)
        return f"{person.code} is followed up again."

    return perform(deed, form, act)
