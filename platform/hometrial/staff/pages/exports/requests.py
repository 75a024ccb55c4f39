"""One's own request: how far it is, what went wrong and the way out, its file."""

from pathlib import Path
from uuid import UUID

from flask import abort, flash, redirect, render_template, send_file, url_for
from werkzeug.wrappers import Response

from hometrial.errors import ExportRefusedError
from hometrial.models import DataLock, DataRequest
from hometrial.services import delivering
from hometrial.services.filling import wanted_of
from hometrial.services.staffing import acting
from hometrial.services.viewing import syncs
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study, writing
from hometrial.tasks import delivering as tasks

NOT_YET, GONE = 409, 410


@pages.get("/<uuid:request_id>")
@permits("export.take")
def one(request_id: UUID) -> str:
    """Show one request: how far it is, or its file."""
    with reading() as session:
        found = delivering.own(session, request_id, me().account_id) or abort(404)
        lock = session.get(DataLock, found.lock_id) if found.lock_id else None
        is_served = syncs.workers_alive(session) > 0
    return render_template(
        "exports/one.html",
        it=found,
        lock=lock,
        state=_standing(found),
        kept=delivering.KEPT,
        refused=_refusal(found),
        is_served=is_served,
    )


@pages.get("/<uuid:request_id>/now")
@permits("export.take", by_itself=True)
def now(request_id: UUID) -> str:
    """Say how far a request is, for the page that follows it."""
    with reading() as session:
        found = delivering.own(session, request_id, me().account_id) or abort(404)
        is_served = syncs.workers_alive(session) > 0
    return render_template(
        "exports/progress.html",
        it=found,
        state=_standing(found),
        kept=delivering.KEPT,
        refused=_refusal(found),
        is_served=is_served,
    )


@pages.post("/<uuid:request_id>/again")
@permits("export.request", logs="exported")
def again(request_id: UUID) -> Response:
    """Ask for the same once more; samples that are finished are not made again."""
    try:
        with writing("ask for data sets again") as session:
            before = delivering.own(session, request_id, me().account_id) or abort(404)
            if before.kind == "lock":
                acting.authorise(me(), "lock.make")
            made = delivering.ask_again(session, me(), sites(), before, _home())
            tasks.defer(session, made.id)
    except ExportRefusedError as error:
        flash(str(error))
        return redirect(url_for("exports.one", request_id=request_id), 303)
    return redirect(url_for("exports.one", request_id=made.id), 303)


@pages.get("/<uuid:request_id>/file.zip")
@permits("export.take", logs="exported")
def file(request_id: UUID) -> Response:
    """Hand the archive to whoever asked for it; parts of it if the browser goes on after a break."""
    with reading() as session:
        found = delivering.own(session, request_id, me().account_id) or abort(404)
    refused = _refusal(found)
    if refused:
        abort(GONE, refused)
    state = _standing(found)
    if state == "gone":
        abort(GONE, "These data sets are ready, but their file is gone; ask for them again.")
    if state in ("waiting", "running"):
        abort(NOT_YET, "These data sets are not ready yet; their page says how far they are.")
    if state != "ready":
        abort(GONE, f"These data sets are {state}; ask for them again.")
    return send_file(
        delivering.place(_home(), found.id),
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"hometrial-{found.finished_at:%Y-%m-%d-%H%M}.zip",
        conditional=True,
        etag=found.sha256 or True,
    )


def _home() -> Path:
    return study().database.settings.home


def _standing(found: DataRequest) -> str:
    return delivering.standing(_home(), found)


def _refusal(found: DataRequest) -> str:
    """Say why who asked may not take the file any more: sites that they no longer see, a role that they lost."""
    if not set(found.sites) <= sites():
        return "It holds people of sites that you no longer see, so it cannot be taken."
    try:
        delivering.require_profile(me(), wanted_of(found), frozenset(found.sites))
    except ExportRefusedError as error:
        return f"{error}, so it cannot be taken."
    return ""
