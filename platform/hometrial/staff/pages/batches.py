"""Batches, their verdicts, and GX's own report of a verdict."""

from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request

from hometrial.services.viewing import batches
from hometrial.staff import asking
from hometrial.staff.headers import REPORT_POLICY
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

pages = Blueprint("batches", __name__)


@pages.get("/batches")
@permits("data.see")
def listing() -> str:
    """Show the batches, newest first."""
    status = request.args.get("status") or None
    with reading() as session:
        found = batches.newest(session, asking.start(), status)
    return render_template("batches.html", page=found, per_page=batches.PER_PAGE, status=status)


@pages.get("/batches/<uuid:batch_id>")
@permits("data.see")
def detail(batch_id: UUID) -> str:
    """Show one batch: what became of its rows, and what the gate said."""
    with reading() as session:
        found = batches.detail(session, batch_id) or abort(404)
    return render_template("batch.html", found=found, columns_of=batches.columns_of)


@pages.get("/verdicts/<uuid:verdict_id>/report")
@permits("data.see")
def report(verdict_id: UUID) -> Response:
    """Show GX's report of a verdict as it was made, fenced in by a policy of its own."""
    with reading() as session:
        html = batches.report_html(session, verdict_id) or abort(404)
    answer = Response(html, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = REPORT_POLICY
    return answer
