"""Consent on paper, entered by the staff: who signed, when, the scan, the answers, each switch that was ticked."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_wtf.file import FileField, FileRequired
from sqlalchemy.orm import Session
from wtforms import RadioField, SelectMultipleField
from wtforms.validators import InputRequired

from hometrial import clock
from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.agreeing import papering, scanning
from hometrial.services.agreeing.acts import Act, Helper, Role
from hometrial.services.agreeing.papering import Sheets
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer
from hometrial.services.viewing.person import consents as viewing
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    choice,
    line,
    moment,
    moment_of,
    options,
    said,
)
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study
from hometrial_ingest.data_types import DataType

_FORM_AND_SCAN = scanning.LARGEST + 256 * 1024


class PaperForm(ActForm):
    """What came back on paper; the questions of the document are added to it."""

    has_moments = has_file = True
    name = line("Printed name beside the signature", needed="Give the name as it is printed.")
    signed_at = moment("When it was signed", needed=True)
    meaning = line("What the signature means", needed="Say what it means.", longest=500)
    identity_check = line(
        "How it was made sure who signs", needed="Say how.", hint="Such as: passport shown."
    )
    led_by = line("Who led the discussion", needed="Name who led it.")
    role = choice(
        "Who signed",
        [
            ("self", "the person"),
            ("scribe", "somebody wrote for the person"),
            ("proxy", "somebody signed for the person"),
        ],
    )
    helper = line("Name of who helped", hint="Only if somebody wrote or signed for them.")
    relation = line("How they stand to the person", hint="Only then.")
    granted = SelectMultipleField("What they ticked to share")
    answered = choice(
        "How the questions were answered", [("paper", "on the paper"), ("call", "by telephone")]
    )
    scan = FileField(
        "Scan of the paper",
        [FileRequired("Give the scan.")],
        description="PDF, JPEG or PNG of at most 20 MB. It is kept encrypted.",
        render_kw={"accept": ".pdf,.jpg,.jpeg,.png"},
    )


@pages.url_value_preprocessor
def _take_scans(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A scan may be larger than any other form."""
    if endpoint == "people.paper_consent":
        request.max_content_length = _FORM_AND_SCAN


@pages.route("/<code>/consent/paper/<document>/<language>", methods=["GET", "POST"])
@permits("consent.record")
def paper_consent(code: str, document: str, language: str) -> Answer:
    """Record a consent that was signed on paper."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        offer = viewing.offer(session, person, document, language)
    form = _form_of(offer)
    if not form.is_submitted():
        form.meaning.data, form.led_by.data, form.role.data = "I agree", me().actor, "self"
    deed = Deed(
        code, f"Consent on paper: {offer.named}", "Record it", "people.consent",
        "It stands as it was given: who signed, when, and the scan beside it.",
    )  # fmt: skip

    def act(session: Session, person: Participant) -> str:
        asked = viewing.offer(session, person, document, language)
        body = form.scan.data.stream.read(scanning.LARGEST + 1)
        answers = {each.id: said(form[f"answer_{each.id}"]) for each in asked.quiz.questions}
        at = moment_of(form, "signed_at") or clock.now()
        sheets = Sheets(at, body, answers, "call" if said(form.answered) == "call" else "paper")
        keys = Keys.of(study().database.settings)
        signed = papering.record(session, keys, person, asked, _act(form), sheets)
        return f"{person.code} signed {asked.named} on paper, sha256 {signed.sha256}."

    return perform(deed, form, act)


def _form_of(offer: Offer) -> PaperForm:
    questions = {
        f"answer_{each.id}": RadioField(
            each.text,
            [InputRequired("Enter what was answered.")],
            choices=options((option.id, option.label) for option in each.options),
        )
        for each in offer.quiz.questions
    }
    form: PaperForm = type("PaperFormOfDocument", (PaperForm,), questions)()
    form.granted.choices = options(
        (each, each.replace("_", " ")) for each in offer.protocol.consent.data_types
    )
    return form


def _act(form: PaperForm) -> Act:
    roles: Mapping[str, Role] = {"self": "self", "scribe": "scribe", "proxy": "proxy"}
    role = roles[said(form.role)]
    name = said(form.helper)
    return Act(
        name=said(form.name),
        zone=form.zone.key,
        meaning=said(form.meaning),
        reauthentication=papering.BY_HAND,
        identity_check=said(form.identity_check),
        discussed_with=said(form.led_by),
        role=role,
        helper=Helper(name, said(form.relation)) if name or role != "self" else None,
        granted=tuple(DataType(each) for each in form.granted.data or ()),
    )
