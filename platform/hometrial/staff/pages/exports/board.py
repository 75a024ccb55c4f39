"""What the safety board made of a lock: recorded and signed by one of it."""

from flask import flash, redirect, render_template, url_for

from hometrial.services.locking import deciding, signing
from hometrial.services.locking.deciding import Decision, DecisionRefusedError
from hometrial.staff.pages.exports import locks
from hometrial.staff.pages.exports.blueprint import Answer, pages
from hometrial.staff.pages.exports.forms import DecisionForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing


@pages.get("/locks/<int:number>/decision")
@permits("decision.record", fresh=True)
def decision_page(number: int) -> str:
    """Show what can be decided on a lock."""
    return _page(number, DecisionForm())


@pages.post("/locks/<int:number>/decision")
@permits("decision.record", fresh=True, logs="signed")
def decide(number: int) -> Answer:
    """Record and sign the board's decision on a lock."""
    form = DecisionForm()
    if form.validate_on_submit():
        told = Decision(form.decision.data, form.met_on.data, str(form.because.data))
        try:
            with writing(f"the safety board decides on lock {number}: {told.decision}") as session:
                lock = locks.found(session, number)
                deciding.record(session, lock, told, me(), str(form.root.data))
                name = lock.name
        except DecisionRefusedError as error:
            form.refuse(error)
        else:
            flash(f"You signed what the board decided on {name}: {told.decision}.")
            return redirect(url_for("exports.lock", number=number), 303)
    return _page(number, form), 422


def _page(number: int, form: DecisionForm) -> str:
    with reading() as session:
        standing = signing.standing(session, locks.found(session, number))
    if not form.is_submitted():
        form.root.data = standing.lock.root
    return render_template(
        "exports/decision.html",
        standing=standing,
        lock=standing.lock,
        form=form,
        name=me().full_name,
    )
