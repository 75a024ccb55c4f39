"""Data sets: what they would hold, asked for, followed while they are made, taken away, and by whom."""

from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, send_file, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from hometrial.errors import ExportRefusedError
from hometrial.exports.formats.writing import FORMATS
from hometrial.models import DataRequest
from hometrial.services import delivering
from hometrial.services.delivering import Line
from hometrial.services.locking.wanted import DEFAULT_FORMATS, wanted
from hometrial.services.staffing import access
from hometrial.staff import asking
from hometrial.staff.forms import ManyField
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study, writing
from hometrial.tasks import delivering as tasks

pages = Blueprint("exports", __name__, url_prefix="/exports")

PER_PAGE = 50
GONE = 410


class AskForm(FlaskForm):  # type: ignore[misc]
    """The formats in which data sets are wanted."""

    formats = ManyField(
        "Formats",
        choices=[SelectChoice(name, name) for name in FORMATS],
        default=list(DEFAULT_FORMATS),
        validators=[InputRequired("Choose at least one format.")],
    )


@pages.get("")
@permits("export.take")
def page() -> str:
    """Show what was asked for, by oneself, and how far it is."""
    with reading() as session:
        mine = delivering.history(session, me().account_id)
    return render_template("exports/page.html", lines=mine, kept=delivering.KEPT.days)


@pages.get("/new")
@permits("export.request")
def new() -> str:
    """Show what an export would hold before it is asked for."""
    return _new(AskForm())


def _new(form: AskForm) -> str:
    with reading() as session:
        foreseen = delivering.foresee(session)
    return render_template("exports/new.html", foreseen=foreseen, form=form)


@pages.post("/new")
@permits("export.request", logs="exported")
def ask() -> Response | tuple[str, int]:
    """Ask for data sets; a worker makes them while the page may be closed."""
    form = AskForm()
    if not form.validate_on_submit():
        return _new(form), 422
    try:
        with writing("ask for data sets") as session:
            asked = wanted(tuple(form.formats.data))
            made = delivering.ask_draft(session, me(), sites(), asked)
            tasks.defer(session, made.id)
    except ExportRefusedError as error:
        form.formats.errors = [str(error)]
        return _new(form), 422
    return redirect(url_for("exports.one", request_id=made.id), 303)


@pages.get("/<uuid:request_id>")
@permits("export.take")
def one(request_id: UUID) -> str:
    """Show one request: how far it is, or its file."""
    return render_template("exports/one.html", line=Line(_own(request_id), me().name))


@pages.get("/<uuid:request_id>/file.zip")
@permits("export.take", logs="exported")
def file(request_id: UUID) -> Response:
    """Hand the archive to whoever asked for it; parts of it if the browser goes on after a break."""
    found = _own(request_id)
    if found.state != "ready":
        abort(GONE, f"These data sets are {found.state}; ask for them again.")
    return send_file(
        delivering.place(study().database.settings.home, found.id),
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"hometrial-{found.finished_at:%Y-%m-%d-%H%M}.zip",
        conditional=True,
        etag=found.sha256 or True,
    )


def _own(request_id: UUID) -> DataRequest:
    with reading() as session:
        return delivering.own(session, request_id, me().account_id) or abort(404)


@pages.get("/history")
@permits("access.see")
def history() -> str:
    """Show every request and every file that was taken: who, what, when."""
    start = asking.start()
    with reading() as session:
        asked = delivering.history(session)
        taken = access.of_kind(session, "exported", start, PER_PAGE)
    return render_template(
        "exports/history.html", asked=asked, taken=taken, per_page=PER_PAGE, args=request.args
    )
