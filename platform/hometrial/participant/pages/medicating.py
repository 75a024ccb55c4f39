"""Other medicines: added, stopped, corrected; one that must not meet the study's is answered at once."""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.models import Medication, Participant
from hometrial.participant.medicine_forms import CorrectionForm, MedicineForm, StopForm
from hometrial.participant.oneself import oneself, word
from hometrial.participant.site import transaction
from hometrial.participant.whom_to_call import whom_to_call
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.dosing import medicating, opioids
from hometrial.services.dosing.medicating import MedicationRefusedError
from hometrial.services.trial import following

pages = Blueprint("medicating", __name__, url_prefix="/medicines")
Answer = AnyResponse | str | tuple[str, int]
STOPPED = "stopped"
_CHANGED = "changed by the person themselves"


@pages.get("")
def page() -> str:
    """Show the medicines that were told of."""
    with transaction("look at one's own medicines") as session:
        person = oneself(session)
        found = medicating.medications(session, person)
        return render_template(
            "medicating/medicines.html",
            taken=[each for each in found if each.ended is None],
            over=[each for each in found if each.ended is not None],
        )


@pages.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    """Ask for a medicine and record it; an opioid alerts in the same act."""
    form = MedicineForm()
    with transaction("tell of a medicine") as session:
        person = oneself(session)
        today = _today(session, person)
        form.offer(today)
        if form.is_submitted() and form.validate() and (told := form.told(today)):
            added = medicating.add(session, person, word(), told, key=form.key.data)
            return _to(added.medication)
        return render_template("medicating/new.html", form=form), _status(form)


@pages.get("/<int:number>")
def one(number: int) -> Answer:
    """Show one medicine; of an opioid, what to do at once."""
    with transaction("look at one's own medicine") as session:
        person = oneself(session)
        kept = _kept(session, person, number)
        if kept is None:
            return redirect(url_for("medicating.page"), 303)
        protocol = following.protocol_of(session, person)
        conflicts = opioids.conflicts([kept], protocol, _today(session, person))
        return render_template(
            "medicating/medicine.html",
            kept=kept,
            is_against=bool(conflicts),
            crisis=whom_to_call(session, person),
        )


@pages.route("/<int:number>/stop", methods=["GET", "POST"])
def stop(number: int) -> Answer:
    """Ask when a medicine was taken last."""
    return _correct(number, StopForm(), "medicating/stop.html", STOPPED)


@pages.route("/<int:number>/correct", methods=["GET", "POST"])
def correct(number: int) -> Answer:
    """Correct what was told of a medicine."""
    return _correct(number, CorrectionForm(), "medicating/correct.html", _CHANGED)


def _correct(number: int, form: StopForm | CorrectionForm, template: str, why: str) -> Answer:
    try:
        with transaction(f"a medicine is {why}") as session:
            person = oneself(session)
            today = _today(session, person)
            kept = _kept(session, person, number)
            if kept is None:
                return redirect(url_for("medicating.page"), 303)
            _offer(form, today, kept)
            if form.is_submitted() and form.validate() and (told := form.told(today, kept)):
                said = word(_why(form, why), number)
                return _to(
                    medicating.add(session, person, said, told, key=form.key.data).medication
                )
            return render_template(template, form=form, kept=kept), _status(form)
    except MedicationRefusedError:
        return render_template("dosing/not_now.html"), 409


def _offer(form: StopForm | CorrectionForm, today: date, kept: Medication) -> None:
    if isinstance(form, StopForm):
        form.offer(today)
        return
    form.offer(today, kept)
    if not form.is_submitted():
        form.show(kept)


def _why(form: StopForm | CorrectionForm, otherwise: str) -> str:
    said = form.why.data if isinstance(form, CorrectionForm) else None
    return (said or "").strip() or otherwise


@pages.post("/<int:number>/never")
def never(number: int) -> Answer:
    """Take back a medicine that was never taken."""
    try:
        with transaction("a medicine was never taken") as session:
            person = oneself(session)
            if _kept(session, person, number) is not None:
                medicating.void(session, person, word("never taken", number))
    except MedicationRefusedError:
        return render_template("dosing/not_now.html"), 409
    return redirect(url_for("medicating.page"), 303)


def _kept(session: Session, person: Participant, number: int) -> Medication | None:
    """Return a medicine that stands; None if it was told anew since. There is no page of any other number."""
    found = medicating.medications(session, person)
    highest = medicating.highest_number(session, person)
    if not 1 <= number <= highest:
        abort(404)
    return next((each for each in found if each.number == number), None)


def _to(kept: Medication) -> AnyResponse:
    if kept.is_opioid:
        return redirect(url_for("medicating.one", number=kept.number), 303)
    return redirect(url_for("medicating.page"), 303)


def _today(session: Session, person: Participant) -> date:
    return local_date(clock.now(), enrolling.zones_of(session, person))


def _status(form: MedicineForm | StopForm) -> int:
    return 400 if form.is_submitted() else 200
