"""Endorsements: an investigator signs for what is recorded of a person; a signature that broke is shown as broken."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from hometrial.services import enrolling
from hometrial.services.monitoring import endorsing
from hometrial.services.monitoring.endorsing import EndorsementRefusedError
from hometrial.services.monitoring.reviewing import Signer
from hometrial.staff.pages.monitoring.blueprint import pages
from hometrial.staff.pages.monitoring.forms import EndorseForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/people/<code>/signatures")
@permits("monitoring.see", logs="viewed")
def endorsements(code: str) -> str:
    """Show every signature over a person's record, and what can be signed for."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = endorsing.endorsed(session, person)
        subjects = endorsing.subjects(session, person)
    return render_template("monitoring/signatures.html", code=code, found=found, subjects=subjects)


@pages.get("/people/<code>/sign")
@permits("endorse.sign", fresh=True)
def endorse(code: str) -> str:
    """Show what is signed for."""
    return _page(code, _subject(request.args.get("subject", "")), EndorseForm())


@pages.post("/people/<code>/sign")
@permits("endorse.sign", fresh=True, logs="signed")
def sign_endorsement(code: str) -> Answer:
    """Sign for a person's record, or for a visit."""
    form, subject = EndorseForm(), _subject(request.args.get("subject", ""))
    if form.validate_on_submit():
        meaning = str(form.meaning.data).strip()
        try:
            with writing(meaning) as session:
                endorsing.sign(
                    session,
                    enrolling.find_participant(session, code),
                    subject,
                    Signer(me().actor, me().full_name),
                    meaning=meaning,
                )
        except EndorsementRefusedError as error:
            form.refuse(error)
        else:
            flash(f"You signed for {subject} of {code}.")
            return redirect(url_for("monitoring.endorsements", code=code), 303)
    return _page(code, subject, form), 422


def _subject(text: str) -> str:
    if not text:
        raise BadRequest("Say what is signed for: subject=casebook, or a visit as W4#1.")
    return text


def _page(code: str, subject: str, form: EndorseForm) -> str:
    with reading() as session:
        person = enrolling.find_participant(session, code)
        if subject not in endorsing.subjects(session, person):
            raise BadRequest(f"{code} has no {subject!r} to sign for.")
    form.fill({"meaning": "I reviewed these data; to my knowledge they are complete and right"})
    return render_template(
        "monitoring/endorse.html", code=code, subject=subject, form=form, name=me().full_name
    )
