"""Visit reports: a draft from the record, edited, signed with a fresh proof, taken as the bytes that were signed."""

from datetime import timedelta

from flask import Response, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.errors import UnknownSiteError
from hometrial.models import Site, VisitReport
from hometrial.services import enrolling
from hometrial.services.monitoring import facts, visiting
from hometrial.services.monitoring.reviewing import Signer
from hometrial.services.monitoring.visiting import VisitRefusedError, Words
from hometrial.services.viewing.monitoring import progress
from hometrial.staff.pages.monitoring.blueprint import pages
from hometrial.staff.pages.monitoring.forms import SignForm, VisitForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, writing

Answer = str | AnyResponse | tuple[str, int]
_FIRST = timedelta(days=90)


@pages.get("/visits")
@permits("monitoring.see", logs="viewed")
def visits() -> str:
    """Show the reports on visits, and the sites that can be visited."""
    with reading() as session:
        found = visiting.newest(session)
        open_to = [each for each in session.query(Site).order_by(Site.code) if each.id in sites()]
    return render_template("monitoring/visits.html", found=found, sites=open_to)


@pages.get("/visits/<site>/new")
@permits("visit_report.write")
def new_visit(site: str) -> str:
    """Show the form of a new report, with what the record says now."""
    return _new_page(site, VisitForm())


@pages.post("/visits/<site>/new")
@permits("visit_report.write")
def draft_visit(site: str) -> Answer:
    """Write the draft of a report."""
    form = VisitForm()
    if form.validate_on_submit():
        try:
            with writing("visit report drafted") as session:
                row = visiting.draft(session, _site(session, site), _words(form), by=me().actor)
                number = row.number
        except VisitRefusedError as error:
            form.refuse(error)
        else:
            flash(f"The draft of visit {number} is written. Read it, edit it, sign it.")
            return redirect(url_for("monitoring.visit", site=site, number=number), 303)
    return _new_page(site, form), 422


@pages.get("/visits/<site>/<int:number>")
@permits("monitoring.see", logs="viewed")
def visit(site: str, number: int) -> str:
    """Show a report with its versions; whoever may edits it."""
    return _page(site, number, VisitForm())


@pages.post("/visits/<site>/<int:number>")
@permits("visit_report.write")
def edit_visit(site: str, number: int) -> Answer:
    """Write a newer version."""
    form = VisitForm()
    if form.validate_on_submit():
        try:
            with writing("visit report edited") as session:
                visiting.write(session, _report(session, site, number), _words(form), by=me().actor)
        except VisitRefusedError as error:
            form.refuse(error)
        else:
            flash("A newer version is written.")
            return redirect(url_for("monitoring.visit", site=site, number=number), 303)
    return _page(site, number, form), 422


@pages.get("/visits/<site>/<int:number>/sign")
@permits("visit_report.write", fresh=True)
def read_before_signing(site: str, number: int) -> str:
    """Show the report as it will be signed."""
    return _sign_page(site, number, SignForm())


@pages.post("/visits/<site>/<int:number>/sign")
@permits("visit_report.write", fresh=True, logs="signed")
def sign_visit(site: str, number: int) -> Answer:
    """Sign a report."""
    form = SignForm()
    if form.validate_on_submit():
        try:
            with writing(visiting.MEANING) as session:
                visiting.sign(
                    session, _report(session, site, number), Signer(me().actor, me().full_name)
                )
        except VisitRefusedError as error:
            form.form_errors.append(str(error))
        else:
            flash("The report is signed and stays as it is.")
            return redirect(url_for("monitoring.visit", site=site, number=number), 303)
    return _sign_page(site, number, form), 422


@pages.get("/visits/<site>/<int:number>/report.pdf")
@permits("monitoring.see", logs="exported")
def visit_pdf(site: str, number: int) -> Response:
    """Give the signed report: the bytes that were signed."""
    with reading() as session:
        row = _report(session, site, number)
    if row.pdf is None or row.sha256 is None:
        raise NotFound("This report is not signed yet.")
    return Response(
        row.pdf,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f"attachment; filename=visit-{site}-{number}.pdf",
            "X-Content-SHA256": row.sha256,
        },
    )


def _words(form: VisitForm) -> Words:
    said = [
        str(each.data or "").replace("\r\n", "\n").strip()
        for each in (form.summary, form.follow_ups)
    ]
    return Words(form.since.data, form.visited_on.data, *said)


def _site(session: Session, code: str) -> Site:
    """Return a site of those that are seen; another is not found."""
    try:
        found = enrolling.find_site(session, code)
    except UnknownSiteError as error:
        raise NotFound(f"There is no site {code}.") from error
    if found.id not in sites():
        raise NotFound(f"There is no site {code}.")
    return found


def _report(session: Session, site: str, number: int) -> VisitReport:
    found = visiting.versions(session, _site(session, site), number)
    if not found:
        raise NotFound(f"There is no visit {number} at {site}.")
    return found[-1]


def _new_page(site: str, form: VisitForm) -> str:
    today = clock.now().date()
    with reading() as session:
        place = _site(session, site)
        last = progress.visited(session).get(place.code, today - _FIRST)
        known = facts.of_site(session, place, last)
    form.fill({"visited_on": today, "since": last})
    return render_template("monitoring/visit_new.html", site=site, facts=known, form=form)


def _page(site: str, number: int, form: VisitForm) -> str:
    with reading() as session:
        versions = visiting.versions(session, _site(session, site), number)
    if not versions:
        raise NotFound(f"There is no visit {number} at {site}.")
    now = versions[-1]
    form.fill(
        {name: getattr(now, name) for name in ("visited_on", "since", "summary", "follow_ups")}
    )
    return render_template(
        "monitoring/visit.html", site=site, now=now, versions=versions, form=form
    )


def _sign_page(site: str, number: int, form: SignForm) -> str:
    with reading() as session:
        now = _report(session, site, number)
    form.fill({"meaning": visiting.MEANING})
    return render_template(
        "monitoring/visit_sign.html", site=site, now=now, form=form, meaning=visiting.MEANING,
        name=me().full_name,
    )  # fmt: skip
