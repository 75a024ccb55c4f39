"""A draft is asked for: whose data, which samples, which formats, which profile; and what it would hold, counted first."""

from collections.abc import Sequence
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.db import STAFF_ROLE
from hometrial.errors import ExportRefusedError
from hometrial.services import delivering
from hometrial.services.viewing import foreseen
from hometrial.services.viewing.foreseen import Place
from hometrial.staff.pages.exports.blueprint import Answer, pages
from hometrial.staff.pages.exports.forms import DraftForm, chosen
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study, writing
from hometrial.tasks import delivering as tasks


@pages.get("/new")
@permits("export.request")
def new() -> str:
    """Show what a draft would hold before it is asked for."""
    form, places = _form()
    return _page(form, places)


@pages.post("/new")
@permits("export.request", logs="exported")
def ask() -> Answer:
    """Count again what the draft would hold, or ask for it: a worker makes it while the page may be closed."""
    form, places = _form()
    if not form.validate_on_submit():
        return _page(form, places), 422
    if "count" in request.form:
        return _page(form, places)
    try:
        return _asked(form, _of(form, places))
    except ExportRefusedError as error:
        form.refuse(error)
    return _page(form, places), 422


def _form() -> tuple[DraftForm, Sequence[Place]]:
    with reading() as session:
        places = foreseen.places(session, sites())
    form = DraftForm()
    form.offer_sites(places)
    form.offer_profiles(me().roles)
    return form, places


def _of(form: DraftForm, places: Sequence[Place]) -> frozenset[UUID]:
    """Return the sites that are chosen: never one that is not one's own."""
    return frozenset(each.id for each in places if each.code in (form.sites.data or ()))


def _asked(form: DraftForm, at: frozenset[UUID]) -> Response:
    with writing("ask for data sets") as session:
        made = delivering.ask_draft(session, me(), at, form.wanted)
        tasks.defer(session, made.id)
    return redirect(url_for("exports.one", request_id=made.id), 303)


def _page(form: DraftForm, places: Sequence[Place]) -> str:
    profiles = form.offer_profiles(me().roles)
    with study().database.reading(STAFF_ROLE, _of(form, places)) as session:
        found = foreseen.foresee(session)
    return render_template(
        "exports/new.html",
        foreseen=found,
        form=form,
        places=places,
        profiles=profiles,
        chosen=chosen(form, found.samples),
    )
