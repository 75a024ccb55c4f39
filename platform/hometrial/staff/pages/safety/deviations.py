"""The log of deviations: category, impact, what was done; newer versions, never changed ones."""

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial.models import DEVIATION_CATEGORIES, DEVIATION_IMPACTS
from hometrial.services import enrolling
from hometrial.services.safety import deviating
from hometrial.services.safety.deviating import Departure, DeviationRefusedError
from hometrial.services.viewing import written
from hometrial.services.viewing.safety import deviations as log
from hometrial.services.viewing.safety.deviations import Wanted
from hometrial.staff import asking
from hometrial.staff.pages.safety.blueprint import asked_for, pages
from hometrial.staff.pages.safety.deviation_forms import AmendDeviationForm, DeviationForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | AnyResponse | tuple[str, int]


@pages.get("/deviations")
@permits("deviation.see")
def deviations() -> str:
    """Show the log."""
    wanted = _wanted()
    with reading() as session:
        found = log.page(session, wanted, asking.start())
        counts = log.counts(session)
    return render_template(
        "safety/deviations.html", page=found, wanted=wanted, counts=counts,
        categories=DEVIATION_CATEGORIES, impacts=DEVIATION_IMPACTS, per_page=log.PER_PAGE,
    )  # fmt: skip


@pages.get("/deviations.csv")
@permits("deviation.see", logs="exported")
def deviations_csv() -> Response:
    """Give the log as a CSV that no spreadsheet runs."""
    with reading() as session:
        found = log.page(session, _wanted(), 0, None)
    rows = [
        {"site": each.site, "participant": each.code, "deviation": each.row.number}
        | {"version": each.row.version}
        | {name: getattr(each.row, name) for name in deviating.NAMES}
        | {"recorded_by": each.row.recorded_by, "recorded_at": each.row.recorded_at.isoformat()}
        for each in found.lines
    ]
    return Response(
        written.csv_of(rows),
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=deviations.csv"},
    )


@pages.get("/deviations/new")
@permits("deviation.record")
def new_deviation_of() -> AnyResponse:
    """Lead to the form of whom is asked for."""
    return redirect(url_for("safety.new_deviation", code=asked_for()), 303)


@pages.get("/people/<code>/deviations/new")
@permits("deviation.record")
def new_deviation(code: str) -> str:
    """Show the form of a deviation."""
    return _new_page(code, DeviationForm())


@pages.post("/people/<code>/deviations/new")
@permits("deviation.record")
def record_deviation(code: str) -> Answer:
    """Record a deviation."""
    form = DeviationForm()
    if form.validate_on_submit():
        try:
            with writing("deviation recorded") as session:
                person = enrolling.find_participant(session, code)
                row = deviating.record(session, person, Departure(**form.said()), by=me().actor)
                number = row.number
        except DeviationRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Deviation {number} of {code} is recorded.")
            return redirect(url_for("safety.deviation", code=code, number=number), 303)
    return _new_page(code, form), 422


@pages.get("/deviations/<code>/<int:number>")
@permits("deviation.see")
def deviation(code: str, number: int) -> str:
    """Show a deviation with every version."""
    return _page(code, number, AmendDeviationForm())


@pages.post("/deviations/<code>/<int:number>")
@permits("deviation.record")
def amend_deviation(code: str, number: int) -> Answer:
    """Write a newer version."""
    form = AmendDeviationForm()
    if form.validate_on_submit():
        why = str(form.because.data).strip()
        try:
            with writing(why) as session:
                person = enrolling.find_participant(session, code)
                deviating.amend(session, person, number, form.said(), by=me().actor, because=why)
        except DeviationRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Deviation {number} of {code} has a new version.")
            return redirect(url_for("safety.deviation", code=code, number=number), 303)
    return _page(code, number, form), 422


def _wanted() -> Wanted:
    category, impact = request.args.get("category") or None, request.args.get("impact") or None
    state = request.args.get("state", "all")
    for name, said, options in (
        ("category", category, DEVIATION_CATEGORIES),
        ("impact", impact, DEVIATION_IMPACTS),
        ("state", state, ("all", "open", "closed")),
    ):
        if said is not None and said not in options:
            raise BadRequest(f"{name}={said!r} is none of {', '.join(options)}.")
    return Wanted(category, impact, state, request.args.get("participant") or None)


def _new_page(code: str, form: DeviationForm) -> str:
    with reading() as session:
        enrolling.find_participant(session, code)
    return render_template("safety/deviation_new.html", code=code, form=form)


def _page(code: str, number: int, form: AmendDeviationForm) -> str:
    with reading() as session:
        person = enrolling.find_participant(session, code)
        try:
            versions = deviating.versions(session, person, number)
        except DeviationRefusedError as error:
            raise NotFound(f"{code} has no deviation {number}.") from error
    now = versions[-1]
    form.fill({name: getattr(now, name) for name in deviating.NAMES})
    return render_template(
        "safety/deviation.html", code=code, versions=versions, now=now, form=form
    )
