"""One lock: everything its manifest says, who signed it, its signing, its files."""

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import PROFILES
from hometrial.models import DataLock
from hometrial.services import delivering
from hometrial.services.locking import deciding, keeping, signing
from hometrial.services.locking.keeping import UnknownLockError
from hometrial.services.locking.signing import LockRefusedError, Standing
from hometrial.staff.pages.exports.blueprint import Answer, pages
from hometrial.staff.pages.exports.forms import FIRST_OF_ROOT, SignForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, writing
from hometrial.tasks import delivering as tasks


def found(session: Session, number: int) -> DataLock:
    """Return a lock by the number in an address; an unknown one ends in 404."""
    try:
        return keeping.find(session, str(number))
    except UnknownLockError as error:
        abort(404, str(error))


@pages.get("/locks/<int:number>")
@permits("lock.see", logs="viewed")
def lock(number: int) -> str:
    """Show what a lock is made of, who signed it, and who has to."""
    with reading() as session:
        standing = signing.standing(session, found(session, number))
        decisions = deciding.decisions(session, standing.lock)
    return render_template(
        "exports/lock.html",
        standing=standing,
        lock=standing.lock,
        decisions=decisions,
        sign_as=signing.may_sign_as(standing, me()),
        profile=PROFILES.get(standing.lock.profile),
        sees_all=len(sites()) == len(me().all_sites),
    )


@pages.post("/locks/<int:number>/files")
@permits("export.request", logs="exported")
def files(number: int) -> Response:
    """Ask for the files of a lock: they are made again of what it keeps, byte for byte."""
    try:
        with writing(f"ask for the files of lock {number}") as session:
            made = delivering.ask_files(session, me(), sites(), found(session, number))
            tasks.defer(session, made.id)
    except ExportRefusedError as error:
        flash(str(error))
        return redirect(url_for("exports.lock", number=number), 303)
    return redirect(url_for("exports.one", request_id=made.id), 303)


@pages.get("/locks/<int:number>/sign")
@permits("lock.sign", fresh=True)
def sign_page(number: int) -> str:
    """Show what is signed for."""
    return _page(_standing(number), SignForm())


@pages.post("/locks/<int:number>/sign")
@permits("lock.sign", fresh=True, logs="signed")
def sign(number: int) -> Answer:
    """Sign for a lock's root, in a role that one holds."""
    standing, form = _standing(number), SignForm()
    form.offer(me().roles)
    if not form.validate_on_submit():
        return _page(standing, form), 422
    try:
        with writing(f"sign lock {standing.lock.name} as {form.role.data}") as session:
            signing.sign(session, found(session, number), form.role.data, me(), str(form.root.data))
    except LockRefusedError as error:
        form.refuse(error)
        return _page(standing, form), 422
    flash(f"You signed {standing.lock.name} as {form.role.data.replace('_', ' ')}.")
    return redirect(url_for("exports.lock", number=number), 303)


def _standing(number: int) -> Standing:
    with reading() as session:
        return signing.standing(session, found(session, number))


def _page(standing: Standing, form: SignForm) -> str:
    roles = signing.may_sign_as(standing, me())
    form.offer(roles)
    if not form.is_submitted():
        form.root.data = standing.lock.root
    return render_template(
        "exports/sign.html",
        standing=standing,
        lock=standing.lock,
        form=form,
        roles=roles,
        meanings=signing.MEANINGS,
        first=FIRST_OF_ROOT,
        name=me().full_name,
    )
