"""Who a person is and how they are reached: shown on a press alone, and every look is logged."""

from flask import request
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import Length, Optional

from hometrial.models import Participant
from hometrial.services import enrolling, identifying
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, reason, said
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

LONGEST = 200
_MOST = Length(max=LONGEST, message=f"Write {LONGEST} characters at most.")
_NEVER = {"autocomplete": "off"}


class IdentityForm(ActForm):
    """How a person is reached; what is left empty stays as it is."""

    name = StringField("Name", [Optional(), _MOST], render_kw=_NEVER)
    email = StringField(
        "E-mail address",
        [Optional(), _MOST],
        description="Codes to sign in and reminders go there.",
        render_kw=_NEVER,
    )
    phone = StringField("Telephone", [Optional(), _MOST], render_kw=_NEVER)
    reason = reason("Why is it entered or changed", hint="Write no name and no address here.")


@pages.route("/<code>/identity", methods=["GET", "POST"])
@permits("identity.see", logs="identity")
def identity(code: str) -> str:
    """Offer to show how a person is reached; show it when that is pressed."""
    found = None
    with reading() as session:
        person = enrolling.find_participant(session, code)
        if request.method == "POST":
            found = identifying.reveal(session, _key(), person.id)
        fields = identifying.FIELDS
        return shown(session, person, "person/identity.html", found=found, fields=fields)


@pages.route("/<code>/identity/keep", methods=["GET", "POST"])
@permits("people.contact")
def keep_identity(code: str) -> Answer:
    """Keep how a person is reached, encrypted."""
    form = IdentityForm()
    lead = "What is left empty stays as it is. It is kept encrypted, apart from everything else."
    deed = Deed(code, "How they are reached", "Keep it", "people.person", lead)

    def act(session: Session, person: Participant) -> str:
        values = {name: said(form[name]) for name in identifying.FIELDS if said(form[name])}
        if not values:
            return "Nothing was typed; nothing is changed."
        identifying.keep(session, _key(), person.id, **values)
        return f"Kept: {', '.join(values)}."

    return perform(deed, form, act)


def _key() -> bytes:
    return study().database.settings.key("identity")
