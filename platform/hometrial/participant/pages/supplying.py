"""The medicine runs out and is there again, days without it have a reason, and the next step begins."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, RadioField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from hometrial.models import Participant
from hometrial.participant.oneself import oneself, word
from hometrial.participant.site import transaction
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.events import Interruption, Reason
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.services.dosing import ordering, running_out, stepping, storing, telling
from hometrial.services.dosing import today as dosing
from hometrial.services.trial import following

pages = Blueprint("supply", __name__, url_prefix="/dose")
Answer = AnyResponse | str | tuple[str, int]
_ONE = [InputRequired(lazy_gettext("Please choose one."))]


class RunOutForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Nothing is left: why, and since when there was no dose."""

    reason = RadioField(
        lazy_gettext("What happened?"),
        choices=[
            SelectChoice(Reason.RAN_OUT.value, lazy_gettext("Nothing is left")),
            SelectChoice(Reason.PHARMACY_DELAY.value, lazy_gettext("The pharmacy has none")),
            SelectChoice(Reason.COURIER.value, lazy_gettext("It has not come by post")),
        ],
        validators=_ONE,
    )
    since = RadioField(
        lazy_gettext("Which dose was the first that you had to go without?"),
        choices=[
            SelectChoice("none", lazy_gettext("None so far")),
            SelectChoice("0", lazy_gettext("Today's")),
            SelectChoice("1", lazy_gettext("Yesterday's")),
            SelectChoice("2", lazy_gettext("That of the day before yesterday")),
            SelectChoice("3", lazy_gettext("An earlier one")),
        ],
        validators=_ONE,
    )


class WhyForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Why nothing was taken for days."""

    reason = RadioField(lazy_gettext("What was the reason?"), validators=_ONE)

    def offer(self, known: Any) -> None:
        """Offer the reasons that the protocol knows."""
        offered = (
            (Reason.RAN_OUT, gettext("Nothing is left")),
            (Reason.SIDE_EFFECT, gettext("A side effect")),
            (Reason.CRASH, gettext("I was too ill")),
            (Reason.FORGOT, gettext("I forgot")),
            (Reason.TRAVEL, gettext("I was on a journey")),
            (Reason.SURGERY_OR_OPIOID, gettext("An operation, or another medicine")),
            (Reason.CHOICE, gettext("I decided so")),
            (Reason.OTHER, gettext("Another reason, or I prefer not to say")),
        )
        self.reason.choices = [
            (each.value, label) for each, label in offered if each.value in known
        ]


class AgainForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Since when the medicine is taken again."""

    since = RadioField(
        lazy_gettext("From which day on do you take it again?"),
        choices=[
            SelectChoice("0", lazy_gettext("Today")),
            SelectChoice("1", lazy_gettext("Yesterday")),
        ],
        validators=_ONE,
    )


class StepForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """The next step as the page showed it."""

    mg = HiddenField(validators=[InputRequired()])


def _home() -> AnyResponse:
    return redirect(url_for("home.page"), 303)


def _not_now() -> Answer:
    return render_template("dosing/not_now.html"), 409


def _shown(template: str, form: FlaskForm, **more: object) -> Answer:
    return render_template(template, form=form, **more), 400 if form.is_submitted() else 200


@pages.route("/run-out", methods=["GET", "POST"])
def run_out() -> Answer:
    """Note that nothing is left; the team sees to it."""
    form = RunOutForm()
    if not (form.is_submitted() and form.validate()):
        return _shown("dosing/run_out.html", form)
    try:
        with transaction("tell that nothing is left") as session:
            person = oneself(session)
            today = dosing.today(session, person).on
            since = None
            if form.since.data != "none":
                since = _first_without(session, person, today - timedelta(int(form.since.data)))
            running_out.ran_out(session, person, word(), Reason(form.reason.data), since)
    except RecordRefusedError:
        return _not_now()
    return _home()


def _first_without(session: Session, person: Participant, day: date) -> date:
    """Return the first day without a dose: not before the last that was taken, or the first order."""
    course = storing.course_of(session, person)
    taken = [each.on for each in course.intakes if each.was_taken and each.on >= day]
    begun = min((each.effective_on for each in course.orders), default=day)
    return max([day, begun, *(each + timedelta(1) for each in taken)])


@pages.post("/there")
def there() -> Answer:
    """Note that the medicine is there again, before a dose had to be left out."""
    with transaction("tell that the drug is there again") as session:
        running_out.there_again(session, oneself(session))
    return _home()


@pages.route("/again", methods=["GET", "POST"])
def again() -> Answer:
    """Ask since when it is taken again, and show the dose to go on with."""
    form = AgainForm()
    try:
        with transaction("tell that the drug is there again") as session:
            person = oneself(session)
            gap = next(
                (each for each in storing.course_of(session, person).gaps if each.last_on is None),
                None,
            )
            if gap is None:
                return _home() if form.is_submitted() else _not_now()
            today = dosing.today(session, person).on
            if today - gap.first_on < timedelta(2):
                form.since.choices = [("0", gettext("Today"))]
            if not (form.is_submitted() and form.validate()):
                return _shown("dosing/again.html", form, gap=gap)
            if gap.first_on == today:
                _take_back(session, person, gap.first_on)
            else:
                from_on = today - timedelta(int(form.since.data))
                telling.resumed(session, person, word(), from_on)
    except (RecordRefusedError, OrderRefusedError):
        return _not_now()
    return _home()


def _take_back(session: Session, person: Participant, first_on: date) -> None:
    """Take an interruption back that began only today: no dose was left out because of it."""
    for each in storing.course_of(session, person).standing_events:
        if isinstance(each, Interruption) and each.from_on == first_on and each.last_on is None:
            because = word("it was there again the same day", int(each.entry.id))
            ordering.void(session, person, because)
    running_out.there_again(session, person)


@pages.route("/why", methods=["GET", "POST"])
def why() -> Answer:
    """Ask why nothing was taken for days."""
    form = WhyForm()
    try:
        with transaction("tell why nothing was taken") as session:
            person = oneself(session)
            form.offer(following.protocol_of(session, person).interruption.reasons)
            without = dosing.today(session, person).without
            if without is None:
                return _home() if form.is_submitted() else _not_now()
            if not (form.is_submitted() and form.validate()):
                return _shown("dosing/why.html", form, without=without)
            telling.interrupted(session, person, word(), Reason(form.reason.data), without.first_on)
    except RecordRefusedError:
        return _not_now()
    return _home()


@pages.route("/step", methods=["GET", "POST"])
def step() -> Answer:
    """Show the next step, and begin it with one tap."""
    form = StepForm()
    try:
        with transaction("begin the next step of the dose") as session:
            person = oneself(session)
            found = stepping.next_step(session, person)
            if found is None or found.dose is None:
                return _not_now()
            mg = written(found.dose.mg)
            if request.method == "GET" or not form.validate() or form.mg.data != mg:
                return _shown(
                    "dosing/step.html", form, mg=mg, now=dosing.today(session, person).standing.mg
                )
            stepping.step_up(session, person, word("confirmed on the person's page"))
    except (RecordRefusedError, OrderRefusedError):
        return _not_now()
    return _home()
