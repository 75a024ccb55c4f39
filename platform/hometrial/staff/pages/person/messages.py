"""Messages to a person with every step, links to their page, and what may be sent by hand."""

from datetime import timedelta
from uuid import UUID

import segno
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial.models import Message, Participant
from hometrial.services import enrolling
from hometrial.services.messaging import channels, listing, nudging
from hometrial.services.messaging.nudging import Nudge
from hometrial.services.syncing import invitations
from hometrial.services.viewing.person import messages as viewing
from hometrial.staff import asking
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, choice, reason
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import engine

DAYS = ("1", "3", "7", "14", "30")
"""How long a link may wait for its person."""


class InvitationForm(ActForm):
    """For how many days a link opens their page, and why it is made."""

    days = choice("Opens their page for", [(each, f"{each} days") for each in DAYS])
    reason = reason("Why", hint="Such as: first invitation, new phone. Kept beside the link.")


class TestForm(ActForm):
    """By which way to try whether messages arrive."""

    channel = choice("Way", [("email", "e-mail"), ("sms", "text message"), ("push", "push")])


@pages.get("/<code>/messages")
@permits("message.see")
def messages(code: str) -> str:
    """Show what a person was written, and all that became of each message."""
    return _messages(code, "person/messages.html")


@pages.get("/<code>/messages/now")
@permits("message.see", by_itself=True)
def messages_now(code: str) -> str:
    """Show how messages stand now, as the part of the page that renews itself."""
    return _messages(code, "person/messages_now.html")


def _messages(code: str, template: str) -> str:
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            template,
            page=viewing.page(session, person.id, asking.start()),
            per_page=viewing.PER_PAGE,
            links=viewing.invitations(session, person.id),
        )


@pages.route("/<code>/messages/watch", methods=["GET", "POST"])
@permits("people.contact")
def send_watch(code: str) -> Answer:
    """Send the line about a watch that is silent or has to be connected again."""
    lead = (
        "One calm line: their watch has to be connected once more, or nothing comes from it, "
        "with what mostly helps. They sign in on their page as always; no link in it opens anything."
    )
    deed = Deed(code, "Write about the watch", "Send it now", "people.messages", lead)
    return _nudge(deed, "watch")


@pages.route("/<code>/messages/reminder", methods=["GET", "POST"])
@permits("people.contact")
def send_reminder(code: str) -> Answer:
    """Send a reminder of what is open."""
    lead = "It says that something short waits on their page, and how long it takes."
    deed = Deed(code, "Remind of what is open", "Send it now", "people.messages", lead)
    return _nudge(deed, "reminder")


def _nudge(deed: Deed, kind: Nudge) -> Answer:
    def act(session: Session, person: Participant) -> str:
        made = nudging.nudge(session, _ways(), person, kind, by=me().actor)
        return _queued(session, made)

    return perform(deed, ActForm(), act)


def _ways() -> channels.Channels:
    return channels.channels_of(study().database.settings)


def _queued(session: Session, made: Message) -> str:
    engine.send_job(session)
    return f"The message is queued by {made.channel}; its steps stand below."


@pages.route("/<code>/messages/test", methods=["GET", "POST"])
@permits("people.contact")
def send_test(code: str) -> Answer:
    """Send a message that only says that messages arrive."""
    form = TestForm()
    lead = "It only says that messages arrive. Neither rests nor quiet hours hold it up."
    deed = Deed(code, "Try whether messages arrive", "Send it now", "people.messages", lead)

    def act(session: Session, person: Participant) -> str:
        made = listing.test(session, _ways(), person, form.channel.data, by=me().actor)
        return _queued(session, made)

    return perform(deed, form, act)


@pages.route("/<code>/messages/<uuid:message>/again", methods=["GET", "POST"])
@permits("people.contact")
def resend(code: str, message: UUID) -> Answer:
    """Send a message once more, as a new one."""
    lead = "It is sent even in quiet hours. Rests and a withdrawal hold it up all the same."
    deed = Deed(code, "Send a message once more", "Send it once more", "people.messages", lead)

    def act(session: Session, person: Participant) -> str:
        made = listing.resend(session, _ways(), _message(session, person, message), by=me().actor)
        return _queued(session, made)

    return perform(deed, ActForm(), act)


def _message(session: Session, person: Participant, message: UUID) -> Message:
    found = session.get(Message, message)
    if found is None or found.participant_id != person.id:
        raise NotFound(f"There is no message {message} to {person.code}.")
    return found


@pages.route("/<code>/link", methods=["GET", "POST"])
@permits("people.contact")
def invite(code: str) -> Answer:
    """Make a link that opens a person's page once, and show it once: as a code to scan, and as text."""
    form = InvitationForm()
    if form.validate_on_submit():
        valid_for = timedelta(days=int(form.days.data))
        with writing(form.why) as session:
            person = enrolling.find_participant(session, code)
            token = invitations.invite(session, person, form.why, valid_for)
        address = f"{study().database.settings.public_url}/join/{token}"
        with reading() as session:
            person = enrolling.find_participant(session, code)
            return shown(
                session,
                person,
                "person/link.html",
                address=address,
                days=form.days.data,
                drawing=_drawing(address),
            )
    lead = "Whoever has the link opens this person's page, once. Give it to nobody else."
    deed = Deed(code, "Make a link to their page", "Make the link", "people.messages", lead)
    return perform(deed, form, lambda _session, _person: "")


def _drawing(address: str) -> Markup:
    """Return a link as a picture that phones scan, without any style that the page's policy refuses."""
    made = segno.make_qr(address, error="m")
    return Markup(made.svg_inline(scale=1, border=4, light="white", omitsize=True))  # noqa: S704 - drawn here
