"""One thing for many people at once: who is left out is named before it is done, and afterwards."""

from typing import cast
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import CONTACT_OUTCOMES, CONTACT_WAYS
from hometrial.services.messaging import channels
from hometrial.services.trial import bulk
from hometrial.services.trial.bulk import Action, BulkRefusedError, Doing
from hometrial.services.trial.contacting import Spoke
from hometrial.services.viewing import choosing, roster
from hometrial.staff.pages import people_list
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import engine

pages = Blueprint("bulk", __name__, url_prefix="/people/bulk")

Answer = str | Response | tuple[str, int]
WORDS = {
    "remind": ("Remind of what is open", "Send the reminders"),
    "relink": ("A note about the watch", "Send the notes"),
    "contact": ("Log a contact", "Log it"),
}
"""Each action: what it is called, and what its button says."""
SENTENCES = {
    "remind": "Each gets one message that something short waits on their page, and how long it takes. Quiet hours hold, and how many messages a day hears.",
    "relink": "Each gets one calm line: nothing comes from their watch, or it has to be connected once more, with what mostly helps. Their open work about it then sleeps for two days.",
    "contact": "The log keeps it as it happened just now.",
}
LONGEST = 1_000


def _choices(values: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(each, each.replace("_", " ")) for each in values]


class DoForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the wish to do it."""

    def refuse(self, text: str) -> None:
        """Show a refusal above the form."""
        self.form_errors.append(text)


class ContactForm(DoForm):
    """One contact: how, what came of it, and what is next."""

    way = SelectField("How", choices=_choices(CONTACT_WAYS))
    outcome = SelectField("What came of it", choices=_choices(CONTACT_OUTCOMES))
    note = TextAreaField("Note", validators=[Length(max=LONGEST)])
    next_step = StringField("What is next", validators=[Length(max=LONGEST)])
    next_on = DateField("On which day", validators=[Optional()])

    @property
    def spoke(self) -> Spoke:
        """The contact as it is logged. Raises ContactRefusedError."""
        return Spoke(
            clock.now(),
            self.way.data,
            me().actor,
            self.outcome.data,
            note=(self.note.data or "").strip() or None,
            next_on=self.next_on.data,
            next_step=(self.next_step.data or "").strip() or None,
        )


@pages.get("/remind", defaults={"action": "remind"})
@pages.get("/relink", defaults={"action": "relink"})
@permits("people.contact")
def confirm(action: Action) -> Answer:
    """Show for whom it would be done, and who is left out and why."""
    return _confirm(action, DoForm())


@pages.get("/contact")
@permits("people.contact")
def contact() -> Answer:
    """Show the form of a contact with one person or several."""
    return _confirm("contact", ContactForm())


def _confirm(action: Action, form: DoForm) -> Answer:
    codes = _codes()
    try:
        with reading() as session:
            found = bulk.sort_out(session, action, codes)
    except BulkRefusedError as error:
        return render_template("roster/refused.html", words=WORDS[action], text=str(error)), 409
    return render_template(
        "roster/confirm.html",
        action=action,
        words=WORDS[action],
        sentence=SENTENCES[action],
        found=found,
        pairs=[(each.code, each.why) for each in found.left_out],
        codes=codes,
        item=request.values.get("item", ""),
        form=form,
    )


def _codes() -> list[str]:
    """Return who is ticked; with `all`, everybody whom the address asks for."""
    if request.values.get("all") != "1":
        return sorted(set(request.values.getlist("who")))
    with reading() as session:
        return [
            each.code for each in choosing.chosen(roster.everybody(session), people_list.wanted())
        ]


@pages.post("/remind", defaults={"action": "remind"})
@pages.post("/relink", defaults={"action": "relink"})
@permits("people.contact")
def do(action: Action) -> Answer:
    """Do it for each who is not left out."""
    form = DoForm()
    return _do(action, form) if form.validate_on_submit() else _again(action, form)


@pages.post("/contact")
@permits("people.contact")
def log() -> Answer:
    """Log a contact with one person or several."""
    form = ContactForm()
    return _do("contact", form) if form.validate_on_submit() else _again("contact", form)


def _again(action: Action, form: DoForm) -> Answer:
    shown = _confirm(action, form)
    return (shown, 422) if isinstance(shown, str) else shown


def _do(action: Action, form: DoForm) -> Answer:
    doing = Doing(me().account_id, me().actor, channels.channels_of(study().database.settings))
    try:
        spoke = form.spoke if isinstance(form, ContactForm) else None
        with writing(f"{WORDS[action][0].lower()}, for several people") as session:
            row = bulk.do(session, action, _codes(), doing, spoke)
            if spoke is not None and (item := _item()):
                bulk.settle_item(session, item, spoke)
            engine.send_job(session)
    except TrialError as error:
        form.refuse(str(error))
        return _again(action, form)
    return redirect(url_for("bulk.done", act=row.id), 303)


def _item() -> UUID | None:
    text = request.values.get("item", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise BadRequest(f"{text!r} names no work.") from error


@pages.get("/done/<uuid:act>")
@permits("people.contact")
def done(act: UUID) -> str:
    """Show for whom something was done, and who was left out and why."""
    with reading() as session:
        try:
            row = bulk.find(session, me().account_id, act)
        except BulkRefusedError as error:
            raise NotFound(str(error)) from error
    return render_template("roster/done.html", row=row, words=WORDS[cast(Action, row.action)])
