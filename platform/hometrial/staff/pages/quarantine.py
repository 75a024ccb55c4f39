"""What was set aside: the queries, the evidence of a row, and decisions with a reason."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.errors import ReviewRefusedError
from hometrial.services import reviewing
from hometrial.services.reviewing import Decision
from hometrial.services.viewing import quarantine
from hometrial.services.viewing.quarantine import Wanted
from hometrial.staff import asking
from hometrial.staff.forms import ConfirmForm, ReleaseForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

pages = Blueprint("quarantine", __name__, url_prefix="/quarantine")

Answer = str | Response | tuple[str, int]


@pages.get("")
@permits("data.see")
def listing() -> str:
    """Show the queries that are asked for."""
    wanted = Wanted(
        request.args.get("status", "open") == "open",
        request.args.get("rule") or None,
        request.args.get("participant") or None,
    )
    with reading() as session:
        found = quarantine.queries(session, wanted, asking.start())
        rules = quarantine.rules(session)
    return render_template(
        "quarantine.html", page=found, wanted=wanted, rules=rules, per_page=quarantine.PER_PAGE
    )


@pages.get("/<uuid:row_id>")
@permits("data.see")
def row(row_id: UUID) -> str:
    """Show all that bears on one row, and the two forms that decide it."""
    return _row_page(row_id, ReleaseForm(), ConfirmForm())


@pages.post("/<uuid:row_id>/release")
@permits("quarantine.decide")
def release_row(row_id: UUID) -> Answer:
    """Let a row into a new version of its day."""
    form = ReleaseForm()
    with reading() as session:
        found = quarantine.evidence(session, row_id) or abort(404)
    form.needs_instant = not found.has_instant
    if form.validate_on_submit() and _release(form, [row_id], form.instant):
        flash(f"The row stands in a new version of {found.code}'s day.")
        return redirect(url_for("quarantine.row", row_id=row_id), 303)
    return _row_page(row_id, form, ConfirmForm(formdata=None)), 422


@pages.post("/<uuid:row_id>/confirm")
@permits("quarantine.decide")
def confirm_row(row_id: UUID) -> Answer:
    """Confirm that a row is an error: it stays out."""
    form = ConfirmForm()
    if form.validate_on_submit() and _confirm(form, [row_id]):
        flash("The row is confirmed as an error and stays out.")
        return redirect(url_for("quarantine.row", row_id=row_id), 303)
    return _row_page(row_id, ReleaseForm(formdata=None), form), 422


@pages.get("/queries/<uuid:query_id>")
@permits("data.see")
def query(query_id: UUID) -> str:
    """Show one query with its rows, and the forms that decide all of them."""
    return _query_page(query_id, ReleaseForm(), ConfirmForm())


@pages.post("/queries/<uuid:query_id>/release")
@permits("quarantine.decide")
def release_query(query_id: UUID) -> Answer:
    """Let all open rows of a query into new versions of their days."""
    form = ReleaseForm()
    ids = _open_rows(query_id)
    if form.validate_on_submit() and _release(form, ids, None):
        flash(f"Released rows: {len(ids)}.")
        return redirect(url_for("quarantine.query", query_id=query_id), 303)
    return _query_page(query_id, form, ConfirmForm(formdata=None)), 422


@pages.post("/queries/<uuid:query_id>/confirm")
@permits("quarantine.decide")
def confirm_query(query_id: UUID) -> Answer:
    """Confirm all open rows of a query as errors."""
    form = ConfirmForm()
    ids = _open_rows(query_id)
    if form.validate_on_submit() and _confirm(form, ids):
        flash(f"Rows confirmed as errors: {len(ids)}.")
        return redirect(url_for("quarantine.query", query_id=query_id), 303)
    return _query_page(query_id, ReleaseForm(formdata=None), form), 422


def _open_rows(query_id: UUID) -> list[UUID]:
    with reading() as session:
        return quarantine.open_row_ids(session, query_id)


def _release(form: ReleaseForm, ids: Sequence[UUID], at: datetime | None) -> bool:
    """Release rows; False with the refusal beside the reason if they cannot be."""
    decision = Decision(me().actor, form.why)
    try:
        with writing(decision.reason) as session:
            reviewing.release(session, ids, decision, at)
    except ReviewRefusedError as error:
        form.refuse(str(error))
        return False
    return True


def _confirm(form: ConfirmForm, ids: Sequence[UUID]) -> bool:
    decision = Decision(me().actor, form.why)
    try:
        with writing(decision.reason) as session:
            reviewing.confirm(session, ids, decision)
    except ReviewRefusedError as error:
        form.refuse(str(error))
        return False
    return True


def _row_page(row_id: UUID, release: ReleaseForm, confirm: ConfirmForm) -> str:
    with reading() as session:
        found = quarantine.evidence(session, row_id) or abort(404)
    return render_template("row.html", found=found, release=release, confirm=confirm)


def _query_page(query_id: UUID, release: ReleaseForm, confirm: ConfirmForm) -> str:
    with reading() as session:
        found = quarantine.query(session, query_id) or abort(404)
    return render_template("query.html", found=found, release=release, confirm=confirm)
