"""Somebody's way in: the start of a screening, their page with four ticks, and the link that is handed over."""

from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from zoneinfo import available_timezones

import segno
from flask import flash, redirect, render_template, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from hometrial.errors import UnknownParticipantError
from hometrial.models import Participant, ProtocolVersion, Site
from hometrial.services import enrolling, identifying
from hometrial.services.entering.addresses import AddressRefusedError
from hometrial.services.syncing import invitations
from hometrial.services.trial import screening
from hometrial.services.viewing import enrolment
from hometrial.staff.pages.trial import entry_forms as forms
from hometrial.staff.pages.trial.door import Answer, drawing, name_of, pages, trials
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study, writing


@pages.get("/enrol")
@permits("people.enrol")
def enrol() -> str:
    """Show who is on the way in, and the form that begins with a new person."""
    return _start(forms.StartForm())


@pages.post("/enrol")
@permits("people.enrol")
def open_screening() -> Answer:
    """Open a screening of a new person."""
    form = forms.StartForm()
    with reading() as session:
        found = trials(session)
        _choices(session, form, found)
    if not form.validate_on_submit():
        return _start(form), 422
    # A new pseudonym is the next of all sites: what one site sees does not tell it.
    with study().database.transaction(me().actor, "open a screening") as session:
        version = next(each for each in found if name_of(each) == form.trial.data)
        opened = screening.open_screening(
            session,
            session.merge(version, load=False),
            by=me().actor,
            site=enrolling.find_site(session, str(form.site.data)),
        )
        person = session.get_one(Participant, opened.participant_id)
        enrolling.set_zone(session, person, str(form.zone.data), source="screening")
    flash(f"{person.code} is the new person's pseudonym.")
    return redirect(url_for("trial.entrant", code=person.code), 303)


def _choices(session: Session, form: forms.StartForm, found: Sequence[ProtocolVersion]) -> None:
    mine = session.scalars(select(Site).where(Site.id.in_(sites())).order_by(Site.code)).all()
    form.site.choices = [SelectChoice(each.code, f"{each.code} {each.name}") for each in mine]
    form.trial.choices = [
        SelectChoice(name_of(each), f"{name_of(each)}, version {each.version}") for each in found
    ]


def _start(form: forms.StartForm) -> str:
    with reading() as session:
        _choices(session, form, trials(session))
        people = enrolment.underway(session)
    return render_template(
        "trial/enrol.html", form=form, people=people, zones=sorted(available_timezones())
    )


@pages.get("/enrol/<code>")
@permits("people.enrol")
def entrant(code: str) -> str:
    """Show a person on the way in: four ticks, the screening, the arm and the dose plan."""
    return entrant_page(code)


def entrant_page(code: str, **sent: object) -> str:
    """Return the page of a person on the way in, with the forms that were sent and refused as they were typed."""
    with reading() as session:
        shown = enrolment.entrant(session, enrolling.find_participant(session, code))
    shapes = {
        "answers": forms.AnswersForm,
        "decide": forms.DecideForm,
        "decline": forms.DeclineForm,
        "contact": forms.ContactForm,
        "invite": forms.InviteForm,
        "allocate": forms.AllocateForm,
    }
    made = {name: sent.get(name) or shape(formdata=None) for name, shape in shapes.items()}
    return render_template(
        "trial/entrant.html",
        shown=shown,
        typed=sent.get("typed"),
        refused=sent.get("refused"),
        prefix=forms.PREFIX,
        **made,
    )


@pages.post("/enrol/<code>/invitation")
@permits("people.contact")
def invite(code: str) -> Answer:
    """Make the link of a person's page and show it once, with its code for phones, to be printed or sent."""
    form = forms.InviteForm()
    if not form.validate_on_submit():
        return entrant_page(code, invite=form), 422
    days = int(form.days.data)
    with writing("a link to the person's page, from the enrolment") as session:
        person = enrolling.find_participant(session, code)
        token = invitations.invite(session, person, "enrolment", timedelta(days=days))
    address = f"{study().database.settings.public_url}/join/{token}"
    return render_template(
        "trial/invitation.html", code=code, address=address, picture=_picture(address), days=days
    )


def _picture(address: str) -> Markup:
    """Return a link as a QR code, drawn without styles of its own."""
    out = BytesIO()
    segno.make_qr(address, error="m").save(
        out,
        kind="svg",
        scale=6,
        border=4,
        light="white",
        xmldecl=False,
        svgns=False,
        omitsize=False,
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made by segno of our own address


def _without_whose(error: AddressRefusedError) -> str:
    """Say what is wrong with an address, not whose it is: that may be a person of another site."""
    if "on record for" in str(error):
        return "This address is on record for somebody already; ask this person for an address of their own."
    return str(error).removeprefix("email: ")


@pages.post("/enrol/<code>/contact")
@permits("people.contact", logs="identity")
def keep_contact(code: str) -> Answer:
    """Keep how a person is reached, encrypted."""
    form = forms.ContactForm()
    if not form.validate_on_submit():
        return entrant_page(code, contact=form), 422
    given = form.given
    if not given:
        form.email.errors = ["Give a name, an address or a number."]
        return entrant_page(code, contact=form), 422
    key = study().database.settings.key("identity")
    try:
        with drawing(code, f"keep how a person is reached: {', '.join(given)}") as session:
            identifying.keep(session, key, enrolling.find_participant(session, code).id, **given)
    except UnknownParticipantError:
        raise
    except AddressRefusedError as error:
        form.email.errors = [_without_whose(error)]
        return entrant_page(code, contact=form), 422
    flash(f"Kept, encrypted: {', '.join(given)}.")
    return redirect(url_for("trial.entrant", code=code), 303)
