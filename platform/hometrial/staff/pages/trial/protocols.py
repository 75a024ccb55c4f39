"""The protocol: its versions, what each changes, the file, and the two steps that bring a draft into force."""

from uuid import UUID

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from hometrial.errors import TrialError
from hometrial.models import ProtocolVersion
from hometrial.protocol.model import missing_before_consent
from hometrial.services.agreeing import texts
from hometrial.services.trial import publishing, submitting
from hometrial.services.viewing import protocols
from hometrial.staff.pages.trial.door import Answer, pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why a version may come into force."""

    reason = TextAreaField(
        "Why it may come into force",
        validators=[
            InputRequired("Say why: it is kept beside the version and in the audit trail."),
            Length(max=2000),
        ],
    )


@pages.get("/trial")
@permits("trial.see")
def page() -> str:
    """Show every protocol with its versions."""
    with reading() as session:
        found = protocols.trials(session)
    return render_template("trial/protocol.html", found=found)


@pages.get("/trial/versions/<uuid:version_id>")
@permits("trial.see")
def version(version_id: UUID) -> str:
    """Show one version: what it declares in short, what it changes, what is missing, and the next step."""
    return _version_page(version_id)


def _version_page(version_id: UUID, form: ReasonForm | None = None, refused: str = "") -> str:
    with reading() as session:
        found = _find(session, version_id)
        changed = protocols.told(publishing.changes(session, found))
        present = publishing.in_force(session, found.protocol, is_test=found.is_test)
        words = texts.kept_of(session, found)
        involved = publishing.authors(session, found)
    protocol = publishing.of(found)
    return render_template(
        "trial/version.html",
        version=found,
        protocol=protocol,
        changed=changed,
        present=present,
        missing=missing_before_consent(protocol),
        words=words,
        form=form,
        refused=refused,
        is_author=me().actor in involved,
        authors=involved,
    )


def _find(session: Session, version_id: UUID) -> ProtocolVersion:
    return session.get(ProtocolVersion, version_id) or abort(404)


@pages.get("/trial/versions/<uuid:version_id>/file")
@permits("trial.see")
def version_file(version_id: UUID) -> Response:
    """Return the file of a version, byte by byte as it was loaded."""
    with reading() as session:
        found = _find(session, version_id)
    return as_file(found.body, f"{found.protocol}-{found.version}.yaml")


def as_file(body: str, name: str) -> Response:
    """Return a text as a file to keep."""
    answer = Response(body, mimetype="application/yaml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@pages.get("/trial/compare")
@permits("trial.see")
def compare() -> str:
    """Show what is different between two versions."""
    old, new = (request.args.get(name, type=UUID) for name in ("old", "new"))
    if old is None or new is None:
        abort(400, "Choose two versions.")
    with reading() as session:
        before, after = _find(session, old), _find(session, new)
        changed = protocols.compared(before, after)
    return render_template("trial/compare.html", before=before, after=after, changed=changed)


@pages.get("/trial/versions/<uuid:version_id>/approval")
@permits("trial.approve", fresh=True)
def approval(version_id: UUID) -> str:
    """Show the changes with the form that approves them."""
    return _version_page(version_id, ReasonForm(formdata=None))


@pages.post("/trial/versions/<uuid:version_id>/approval")
@permits("trial.approve", fresh=True, logs="signed")
def approve(version_id: UUID) -> Answer:
    """Approve a draft that others wrote."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _version_page(version_id, form), 422
    why = str(form.reason.data).strip()
    try:
        with writing(why) as session:
            found = _find(session, version_id)
            publishing.approve(session, found, by=me().actor, because=why)
    except TrialError as error:
        form.reason.errors = [str(error)]
        return _version_page(version_id, form), 422
    flash(
        f"{found.protocol} {found.version} is approved; it comes into force when it is published."
    )
    return redirect(url_for("trial.version", version_id=version_id), 303)


@pages.post("/trial/versions/<uuid:version_id>/publication")
@permits("trial.publish")
def publish(version_id: UUID) -> Answer:
    """Put an approved version into force, with the consent texts that go with it."""
    if not FlaskForm().validate_on_submit():
        abort(400)
    try:
        with writing("publish a protocol") as session:
            found = _find(session, version_id)
            publishing.publish(session, found)
            kept, missing = submitting.keep_words(session, found, by=me().actor)
    except TrialError as error:
        return _version_page(version_id, refused=str(error)), 422
    flash(f"{found.protocol} {found.version} is in force. Consent texts kept: {kept}.")
    for each in missing:
        flash(f"Nobody can sign yet: {each}")
    return redirect(url_for("trial.version", version_id=version_id), 303)
