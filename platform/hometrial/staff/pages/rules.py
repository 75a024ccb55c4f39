"""Rules of the gate, their limits and versions; a limit drafted, rehearsed over history, and published by a second person."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import FloatField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from hometrial.models import RuleRehearsal
from hometrial.services.rehearsing_rules import drafting
from hometrial.services.rehearsing_rules.drafting import Proposal
from hometrial.services.rehearsing_rules.limits import LimitRefusedError
from hometrial.services.viewing import rules
from hometrial.services.viewing.rules import ChangeDetail
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing
from hometrial.tasks import engine

pages = Blueprint("rules", __name__, url_prefix="/rules")

Answer = str | Response | tuple[str, int]
_WHY = [
    InputRequired("Say why; it is kept with the version."),
    Length(max=2_000, message="Say it in 2000 characters at most."),
]


class DraftForm(FlaskForm):  # type: ignore[misc]
    """A limit, what it is to be, and why."""

    limit = SelectField("Limit", choices=[])
    value = FloatField("New value", validators=[InputRequired("Write a number.")])
    reason = TextAreaField("Why", validators=_WHY)


class PublishForm(FlaskForm):  # type: ignore[misc]
    """Why it is published."""

    reason = TextAreaField(validators=_WHY)


@pages.get("")
@permits("rule.see")
def listing() -> str:
    """Show every rule, its limits, and how many rows failed it."""
    with reading() as session:
        return render_template("quality/rules.html", book=rules.book(session))


@pages.get("/draft")
@permits("rule.rehearse")
def draft() -> str:
    """Show the form of a change."""
    form = DraftForm(formdata=None, limit=request.args.get("limit", ""))
    return _draft(form)


@pages.post("/draft")
@permits("rule.rehearse")
def propose() -> Answer:
    """Keep a proposal and rehearse it over all that is stored."""
    form = DraftForm()
    form.limit.choices = list(rules.choices().items())
    if form.validate_on_submit():
        proposal = Proposal(str(form.limit.data), float(form.value.data), str(form.reason.data))
        try:
            with writing(proposal.reason) as session:
                change = drafting.draft(session, proposal, me().actor)
                asked = drafting.rehearse(session, change, me().actor)
                engine.rule_job(session, asked.id)
            return redirect(url_for("rules.change", change_id=change.id), 303)
        except LimitRefusedError as error:
            form.value.errors = [*form.value.errors, str(error)]
    return _draft(form), 422


def _draft(form: DraftForm) -> str:
    form.limit.choices = list(rules.choices().items())
    return render_template("quality/draft.html", form=form)


@pages.get("/changes/<uuid:change_id>")
@permits("rule.see")
def change(change_id: UUID) -> str:
    """Show a change: its rehearsal as it goes on, and every row that it would move or moved."""
    with reading() as session:
        found = rules.change(session, change_id) or abort(404)
        shown = found.rehearsed if found.version is None else _publication(found)
        moves = shown and rules.moves(session, shown.id, asking.start())
    return render_template(
        "quality/change.html",
        found=found,
        shown=shown,
        moves=moves,
        per_page=rules.MOVES_SHOWN,
        form=FlaskForm(),
    )


def _publication(found: ChangeDetail) -> RuleRehearsal:
    wanted = found.version.publication_id if found.version else None
    return next(run for run in found.runs if run.id == wanted)


@pages.post("/changes/<uuid:change_id>/rehearse")
@permits("rule.rehearse")
def rehearse(change_id: UUID) -> Response:
    """Rehearse a change again."""
    if FlaskForm().validate_on_submit():
        try:
            with writing("rehearse a change of a rule") as session:
                found = drafting.find(session, change_id) or abort(404)
                engine.rule_job(session, drafting.rehearse(session, found, me().actor).id)
        except LimitRefusedError as error:
            flash(str(error))
    return redirect(url_for("rules.change", change_id=change_id), 303)


@pages.get("/changes/<uuid:change_id>/publish")
@permits("rule.publish", fresh=True)
def confirm(change_id: UUID) -> str:
    """Show what the publication will move, and ask why."""
    return _confirm(change_id, PublishForm(formdata=None))


@pages.post("/changes/<uuid:change_id>/publish")
@permits("rule.publish", fresh=True, logs="signed")
def publish(change_id: UUID) -> Answer:
    """Publish a change that somebody else drafted."""
    form = PublishForm()
    if form.validate_on_submit():
        try:
            with writing(str(form.reason.data).strip()) as session:
                found = drafting.find(session, change_id) or abort(404)
                asked = drafting.publish(session, found, me().actor, str(form.reason.data))
                engine.rule_job(session, asked.id)
            return redirect(url_for("rules.change", change_id=change_id), 303)
        except LimitRefusedError as error:
            form.reason.errors = [*form.reason.errors, str(error)]
    return _confirm(change_id, form), 422


def _confirm(change_id: UUID, form: PublishForm) -> str:
    with reading() as session:
        found = rules.change(session, change_id) or abort(404)
    return render_template("quality/publish.html", found=found, form=form)
