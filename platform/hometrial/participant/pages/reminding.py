"""How and when a person is written to: their choice, a pause, remind me later, and every message that went out."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, DateField, HiddenField, RadioField, TimeField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Optional

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.participant.looks import LANGUAGES, current
from hometrial.participant.oneself import oneself
from hometrial.participant.site import site, transaction, visit
from hometrial.participant.sources import zone
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.messaging import (
    channels,
    hours,
    listing,
    silences,
    snoozing,
    wishes,
)
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.services.messaging.wishes import Wanted, WishRefusedError
from hometrial.services.trial import following
from hometrial.services.trial.following import NotInTrialError

pages = Blueprint("reminding", __name__, url_prefix="/reminders")
Answer = AnyResponse | str | tuple[str, int]
_LONGEST_PAUSE = timedelta(days=92)
_SHOWN = 50
_REFUSED = {
    "by_email": lazy_gettext("We cannot send e-mail in this study."),
    "by_sms": lazy_gettext(
        "We cannot send text messages in this study. Please choose another way."
    ),
    "by_push": lazy_gettext("We cannot send to an app in this study. Please choose another way."),
    "quiet_from": lazy_gettext("Please say when the quiet time begins, too."),
    "quiet_to": lazy_gettext("Please say when the quiet time ends: another time than it begins."),
    "preferred_at": lazy_gettext("This time is in your quiet time. Please change one of the two."),
    "language": lazy_gettext("We do not write in this language yet."),
}
KINDS = {
    "reminder": lazy_gettext("Something is waiting"),
    "safety_question": lazy_gettext("One short question"),
    "visit": lazy_gettext("A talk or appointment"),
    "watch": lazy_gettext("Your watch"),
    "code": lazy_gettext("A code to sign in"),
    "test": lazy_gettext("A test"),
}
STATES = {
    "planned": lazy_gettext("It waits for its time."),
    "queued": lazy_gettext("It is about to be sent."),
    "delayed": lazy_gettext("It did not get through yet. We try again."),
    "sending": lazy_gettext("It is being sent."),
    "sent": lazy_gettext("It was sent."),
    "refused": lazy_gettext("It could not be delivered. The team looks into it."),
    "suppressed": lazy_gettext("It was not sent: it was not needed, or you had quiet."),
    "snoozed": lazy_gettext("You put it off."),
    "expired": lazy_gettext("It did not get through in time."),
    "unknown": lazy_gettext("We do not know whether it arrived: our system stopped in between."),
}
LATER = {
    "in_1_hour": lazy_gettext("In 1 hour"),
    "in_3_hours": lazy_gettext("In 3 hours"),
    "this_evening": lazy_gettext("This evening"),
}


class HowForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """How and when a person wants to be written to."""

    by_email = BooleanField(lazy_gettext("By e-mail"))
    by_sms = BooleanField(lazy_gettext("By text message (SMS)"))
    by_push = BooleanField(lazy_gettext("By a notice on my phone"))
    preferred_at = TimeField(lazy_gettext("The best time for you"), validators=[Optional()])
    quiet_from = TimeField(lazy_gettext("Quiet from"), validators=[Optional()])
    quiet_to = TimeField(lazy_gettext("Quiet until"), validators=[Optional()])
    language = RadioField(
        lazy_gettext("We write in"), choices=[SelectChoice(*each) for each in LANGUAGES.items()]
    )


class PauseForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Until which day nobody writes."""

    until = DateField(
        lazy_gettext("Write to me again from this day on"),
        validators=[InputRequired(lazy_gettext("Please choose a day."))],
    )


class LaterForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """To when something is put off."""

    later = HiddenField()


@pages.get("")
def page() -> Answer:
    """Show how the person is written to, with what can be put off now."""
    with transaction("look at one's own reminders") as session:
        return _page(session, oneself(session), PauseForm(formdata=None))


def _page(session: Session, person: Participant, pause: PauseForm, refused: str = "") -> Answer:
    try:
        wanted = wishes.wishes_of(session, person)
        silence = silences.silence(session, person)
        offers = () if silence is not None else snoozing.offers(session, person)
    except (NotInTrialError, ZoneNeededError):
        return render_template("reminding/not_yet.html")
    own = silences.rest_of(session, person.id, "pause")
    text = render_template(
        "reminding/reminders.html",
        wanted=wanted,
        languages=LANGUAGES,
        silence=silence,
        is_own=own is not None and own.until is not None and own.until > clock.now(),
        offers=offers,
        later=LATER,
        form=pause,
        refused=refused,
        **_here(session, person.id),
    )
    return text, 400 if pause.errors else 409 if refused else 200


@pages.route("/how", methods=["GET", "POST"])
def how() -> Answer:
    """Take in how and when the person wants to be written to."""
    form = HowForm()
    with transaction("how to be reminded") as session:
        person = oneself(session)
        if not form.is_submitted():
            _fill(form, wishes.wanted_by(session, person.id))
        elif form.validate() and _is_chosen(session, person, form):
            return redirect(url_for("reminding.page"), 303)
        text = render_template(
            "reminding/how.html",
            form=form,
            usual=following.protocol_of(session, person).reminders,
            ways=channels.channels_of(site().database.settings),
        )
    return text, 400 if form.errors else 200


def _fill(form: HowForm, wanted: Wanted) -> None:
    for field in (
        "by_email",
        "by_sms",
        "by_push",
        "preferred_at",
        "quiet_from",
        "quiet_to",
        "language",
    ):
        form[field].data = getattr(wanted, field)


def _is_chosen(session: Session, person: Participant, form: HowForm) -> bool:
    """Keep the choice; a part that cannot be is told beside its field."""
    wanted = Wanted(
        language=form.language.data or current().language,
        by_email=form.by_email.data,
        by_sms=form.by_sms.data,
        by_push=form.by_push.data,
        preferred_at=form.preferred_at.data,
        quiet_from=form.quiet_from.data,
        quiet_to=form.quiet_to.data,
    )
    ways = channels.channels_of(site().database.settings)
    try:
        wishes.choose(session, ways, person, wanted, by=visit().code)
    except WishRefusedError as error:
        form[error.field].errors = [str(_REFUSED[error.field])]
        return False
    return True


@pages.post("/pause")
def pause() -> Answer:
    """Keep until which day nobody writes."""
    form = PauseForm()
    with transaction("rest from reminders") as session:
        person = oneself(session)
        until = _morning(session, person, form) if form.validate() else None
        if until is None:
            return _page(session, person, form)
        silences.rest(session, person, "pause", until, by=visit().code)
    return redirect(url_for("reminding.page"), 303)


def _morning(session: Session, person: Participant, form: PauseForm) -> datetime | None:
    """Return when the chosen day begins for the person; None with the reason beside the field if it cannot be."""
    zones, now = enrolling.zones_of(session, person), clock.now()
    ahead = form.until.data - local_date(now, zones)
    if ahead <= timedelta():
        form.until.errors = [gettext("Please choose a day after today.")]
        return None
    if ahead > _LONGEST_PAUSE:
        form.until.errors = [
            gettext(
                "That is more than three months away. Please call the team about such a long break."
            )
        ]
        return None
    found = now
    while local_date(found, zones) < form.until.data:
        found = hours.next_at(zones, found + timedelta(minutes=1), time.min)
    return found


@pages.post("/go-on")
def go_on() -> AnyResponse:
    """End the person's own pause."""
    with transaction("end a rest from reminders") as session:
        person = oneself(session)
        own = silences.rest_of(session, person.id, "pause")
        if own is not None and own.until is not None:
            silences.rest(session, person, "pause", None, by=visit().code)
    return redirect(url_for("reminding.page"), 303)


@pages.post("/later")
def later() -> Answer:
    """Put off what is open now."""
    form = LaterForm()
    with transaction("remind me later") as session:
        person = oneself(session)
        try:
            snoozing.put_off(session, person, form.later.data or "", by=visit().code)
        except MessageRefusedError:
            said = gettext("This time cannot be chosen any more. Nothing was changed.")
            return _page(session, person, PauseForm(formdata=None), said)
    return redirect(url_for("reminding.page"), 303)


@pages.get("/messages")
def messages() -> str:
    """List what was written to the person, with what became of it."""
    with transaction("look at one's own messages") as session:
        person = oneself(session)
        found = [
            each for each in listing.lines(session, person, _SHOWN) if each.message.kind in KINDS
        ]
        return render_template(
            "reminding/messages.html",
            lines=found,
            kinds=KINDS,
            states=STATES,
            **_here(session, person.id),
        )


def _here(session: Session, participant_id: UUID) -> dict[str, Any]:
    return {"now": clock.now(), "zone": zone(session, participant_id)}
