"""Drafts of a protocol: begun, edited section by section, compared, submitted, set aside; and the burden as it is edited."""

from typing import Any
from uuid import UUID

from flask import Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import ProtocolDraft, ProtocolVersion
from hometrial.protocol import difference, loading
from hometrial.services.trial import drafting, publishing, submitting
from hometrial.services.trial.drafting import Content
from hometrial.services.viewing import protocols
from hometrial.staff.pages.trial import draft_forms as forms
from hometrial.staff.pages.trial.door import Answer, pages
from hometrial.staff.pages.trial.draft_opened import opened, save
from hometrial.staff.pages.trial.protocols import as_file
from hometrial.staff.pages.trial.sections import SECTIONS
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, study, writing

LARGEST = 2 * 1024 * 1024
"""A whole protocol is sent at once."""


@pages.url_value_preprocessor
def _take_protocols(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if (endpoint or "").startswith("trial.draft"):
        request.max_content_length = LARGEST


@pages.route("/trial/drafts", methods=["GET", "POST"])
@permits("trial.edit")
def drafts() -> Answer:
    """Show the drafts, and begin another."""
    form = forms.BeginForm()
    with study().database.reading() as session:
        found = [(each, drafting.newest(session, each)) for each in drafting.drafts(session)]
        versions = [v for v in publishing.versions(session) if v.state != "discarded"]
    form.begin_as.choices = forms.beginnings(versions, loading.shipped())
    if request.method == "GET":
        form.begin_as.data = request.args.get("begin_as")
    if form.validate_on_submit():
        try:
            with writing("begin a draft of the protocol") as session:
                made = _begin(session, form)
        except TrialError as error:
            form.name.errors = [str(error)]
        else:
            return redirect(url_for("trial.draft", draft_id=made.id), 303)
    page = render_template("trial/drafts.html", found=found, form=form)
    return (page, 422) if form.is_submitted() else page


def _begin(session: Session, form: forms.BeginForm) -> ProtocolDraft:
    kind, _, which = str(form.begin_as.data).partition(":")
    name, by, is_test = str(form.name.data), me().actor, bool(form.is_test.data)
    if kind == "version":
        version = session.get_one(ProtocolVersion, UUID(which))
        return drafting.from_version(session, version, name, by=by)
    if kind == "shipped":
        return drafting.from_shipped(session, which, name, by=by, is_test=is_test)
    body = forms.uploaded(form.file.data) if kind == "file" else drafting.EMPTY
    return drafting.from_file(session, body, name, by=by, is_test=is_test)


@pages.get("/trial/drafts/<uuid:draft_id>")
@permits("trial.edit")
def draft(draft_id: UUID) -> str:
    """Show a draft: its sections with what is wrong in each, what was saved, and the next step."""
    return draft_page(draft_id)


def draft_page(draft_id: UUID, **sent: object) -> str:
    """Return the page of a draft, with the forms that were refused as they were typed."""
    shown = opened(draft_id)
    with study().database.reading() as session:
        revisions = drafting.revisions(session, shown.draft)
        submitted = [
            (each, session.get_one(ProtocolVersion, each.version_id))
            for each in drafting.submissions(session, shown.draft)
        ]
    faults = shown.examined.faults
    by_section = {
        each.id: [f for f in faults if f.place and f.place[0] in each.top] for each in SECTIONS
    }
    placed = {id(f) for found in by_section.values() for f in found}
    return render_template(
        "trial/draft.html",
        shown=shown,
        sections_=SECTIONS,
        by_section=by_section,
        elsewhere=[f for f in faults if id(f) not in placed],
        revisions=revisions,
        submitted=submitted,
        submit=sent.get("submit") or forms.SubmitForm(formdata=None, seen=shown.last.number),
        end=sent.get("end") or forms.EndForm(formdata=None),
    )


@pages.get("/trial/drafts/<uuid:draft_id>/changes")
@permits("trial.edit")
def draft_changes(draft_id: UUID) -> str:
    """Show what a draft changes against the version that it would follow."""
    shown = opened(draft_id)
    changed = None
    if shown.base is not None and shown.examined.protocol is not None:
        before = publishing.of(shown.base)
        changed = protocols.told(difference.differences(before, shown.examined.protocol))
    return render_template("trial/draft_changes.html", shown=shown, changed=changed)


@pages.get("/trial/drafts/<uuid:draft_id>/file")
@permits("trial.edit")
def draft_file(draft_id: UUID) -> Response:
    """Return the file of a draft as it was saved last."""
    shown = opened(draft_id)
    return as_file(shown.last.body, f"draft-{shown.last.number}.yaml")


@pages.route("/trial/drafts/<uuid:draft_id>/text", methods=["GET", "POST"])
@permits("trial.edit")
def draft_text(draft_id: UUID) -> Answer:
    """Edit a draft as the file that it is, or replace it by one."""
    shown = opened(draft_id)
    form = forms.TextForm()
    if not form.is_submitted():
        form.seen.data, form.body.data = shown.last.number, shown.last.body
        return render_template("trial/draft_text.html", shown=shown, form=form)
    if form.validate_on_submit():
        try:
            body = forms.uploaded(form.file.data) if form.file.data else form.text
            content = Content(body, drafting.words_of(shown.last))
            saved = save(shown, int(form.seen.data), content, form, "the file")
        except TrialError as error:
            form.body.errors = [str(error)]
        else:
            flash(f"Saved as revision {saved.number}.")
            return redirect(url_for("trial.draft", draft_id=draft_id), 303)
    return render_template("trial/draft_text.html", shown=shown, form=form), 422


@pages.post("/trial/drafts/<uuid:draft_id>/submission")
@permits("trial.edit")
def draft_submit(draft_id: UUID) -> Answer:
    """Hand a draft in: it waits for somebody else's approval."""
    form = forms.SubmitForm()
    if not form.validate_on_submit():
        return draft_page(draft_id, submit=form), 422
    why = str(form.reason.data).strip()
    try:
        # That nobody is in an arm that goes is asked of every site.
        with study().database.transaction(me().actor, why) as session:
            found = drafting.find(session, draft_id) or abort(404)
            version = submitting.submit(
                session, found, int(form.seen.data), by=me().actor, because=why
            )
    except TrialError as error:
        form.reason.errors = [str(error)]
        return draft_page(draft_id, submit=form), 422
    flash(
        f"{version.protocol} {version.version} waits for somebody who wrote none of it to approve it."
    )
    return redirect(url_for("trial.version", version_id=version.id), 303)


@pages.post("/trial/drafts/<uuid:draft_id>/end")
@permits("trial.edit")
def draft_end(draft_id: UUID) -> Answer:
    """Set a draft aside."""
    form = forms.EndForm()
    if not form.validate_on_submit():
        return draft_page(draft_id, end=form), 422
    why = str(form.reason.data).strip()
    with writing(why) as session:
        found = drafting.find(session, draft_id) or abort(404)
        drafting.set_aside(session, found, by=me().actor, because=why)
    flash(f"The draft {found.name} is set aside; what was saved of it is kept.")
    return redirect(url_for("trial.drafts"), 303)
