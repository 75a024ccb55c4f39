"""A lock is asked for: its name, kind and reason, and the list of what is still open in the data."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from hometrial.errors import ExportRefusedError
from hometrial.services import delivering
from hometrial.services.locking import keeping
from hometrial.services.locking.wanted import new_lock
from hometrial.services.viewing import foreseen, readiness
from hometrial.staff.pages.exports.blueprint import Answer, pages
from hometrial.staff.pages.exports.forms import LockForm, chosen
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, writing
from hometrial.tasks import delivering as tasks


@pages.get("/locks/new")
@permits("lock.make")
def new_lock_page() -> str:
    """Show what a lock would hold, and what is still open."""
    return _page(LockForm())


@pages.post("/locks/new")
@permits("lock.make", logs="exported")
def make_lock() -> Answer:
    """Ask for a lock; a worker makes it, and two people sign it then."""
    form = LockForm()
    form.offer_profiles(me().roles)
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        return _asked(form)
    except ExportRefusedError as error:
        form.refuse(error)
    return _page(form), 422


def _asked(form: LockForm) -> Response:
    new = new_lock(str(form.name.data).strip(), form.kind.data, str(form.reason.data), form.wanted)
    with writing(f"ask for lock {new.name}: {new.reason}") as session:
        made = delivering.ask_lock(session, me(), sites(), new)
        tasks.defer(session, made.id)
    return redirect(url_for("exports.one", request_id=made.id), 303)


def _page(form: LockForm) -> str:
    profiles = form.offer_profiles(me().roles)
    with reading() as session:
        found, checks = foreseen.foresee(session), readiness.checks(session)
        newest = next(iter(keeping.locks(session)), None)
    return render_template(
        "exports/new_lock.html",
        form=form,
        foreseen=found,
        checks=checks,
        newest=newest,
        profiles=profiles,
        chosen=chosen(form, found.samples),
        missing=len(me().all_sites) - len(sites()),
    )
