"""A screening on its page: answers judged as they are typed, kept, decided; and the arm, drawn once."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.models import Participant, Screening
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import AnswerRefusedError
from hometrial.services import enrolling
from hometrial.services.trial import allocating, answering, screening, sealed
from hometrial.services.trial.answering import Told
from hometrial.services.viewing import enrolment
from hometrial.staff.pages.trial import entry_forms as forms
from hometrial.staff.pages.trial.door import Answer, drawing, pages
from hometrial.staff.pages.trial.entering import entrant_page
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing


@pages.post("/enrol/<code>/answers")
@permits("people.enrol")
def keep_answers(code: str) -> Answer:
    """Keep the answers of a screening, all or none."""
    form = forms.AnswersForm()
    protocol, known = _stored(code)
    said = forms.typed(protocol, request.form, known)
    fits = form.validate_on_submit()
    if said.faults or not fits:
        return entrant_page(code, answers=form, typed=said), 422
    told = (me().actor, str(form.source.data), str(form.because.data or "").strip() or None)
    try:
        with writing(told[2] or "answers of a screening") as session:
            opened = screening.of_person(session, enrolling.find_participant(session, code))
            kept = answering.answer(session, opened, said.answers, Told(*told))
    except UnknownParticipantError:
        raise
    except TrialError as error:
        form.because.errors = [str(error).replace(": --because", ", below")]
        return entrant_page(code, answers=form, typed=said), 422
    flash(f"Kept answers: {len(kept)}." if kept else "Nothing was new.")
    return redirect(url_for("trial.entrant", code=code), 303)


def _stored(code: str) -> tuple[Protocol, dict[str, Any]]:
    with reading() as session:
        opened = screening.of_person(session, enrolling.find_participant(session, code))
        return answering.protocol_of(session, opened), answering.known(session, opened)


@pages.post("/enrol/<code>/verdict")
@permits("people.enrol", by_itself=True)
def verdict(code: str) -> Response | dict[str, Any] | tuple[dict[str, Any], int]:
    """Say what the answers on the screen would come to; nothing is kept."""
    with reading() as session:
        opened = screening.of_person(session, enrolling.find_participant(session, code))
        judged = answering.judge(session, opened)
        protocol = answering.protocol_of(session, opened)
        rows = answering.rows(session, opened)
    said = forms.typed(protocol, request.form, judged.answers)
    if said.faults:
        return {"faults": said.faults}, 422
    try:
        sheet = enrolment.sheet(
            protocol, {**judged.answers, **said.answers, **judged.taken}, rows, judged.taken
        )
    except AnswerRefusedError as error:
        return {"faults": {str(error).split(":", 1)[0]: str(error)}}, 422
    return {
        "verdict": render_template("trial/_verdict.html", sheet=sheet, kept=False),
        "states": {each.criterion.id: each.state for each in sheet.criteria},
    }


@pages.post("/enrol/<code>/decision")
@permits("people.enrol")
def decide(code: str) -> Answer:
    """Decide by the protocol's rules and lock the answers."""
    if not (form := forms.DecideForm()).validate_on_submit():
        return entrant_page(code, decide=form), 422
    return _closed(
        code,
        lambda session, opened: screening.decide(session, opened, by=me().actor),
        "decide a screening",
    )


@pages.post("/enrol/<code>/declined")
@permits("people.enrol")
def decline(code: str) -> Answer:
    """Record that the person does not want to take part."""
    form = forms.DeclineForm()
    if not form.validate_on_submit():
        return entrant_page(code, decline=form), 422
    why = str(form.reason.data).strip()
    return _closed(
        code,
        lambda session, opened: screening.decline(session, opened, by=me().actor, because=why),
        why,
    )


def _closed(code: str, close: Any, reason: str) -> Answer:
    try:
        with writing(reason) as session:
            opened = screening.of_person(session, enrolling.find_participant(session, code))
            done: Screening = close(session, opened)
    except UnknownParticipantError:
        raise
    except TrialError as error:
        return entrant_page(code, refused=str(error)), 422
    flash(f"{code} is decided: {str(done.outcome).replace('_', ' ')}. The answers are locked.")
    return redirect(url_for("trial.entrant", code=code), 303)


@pages.post("/enrol/<code>/arm")
@permits("allocation.act")
def allocate(code: str) -> Answer:
    """Draw the person's arm, once ever."""
    form = forms.AllocateForm()
    if not form.validate_on_submit():
        return entrant_page(code, allocate=form), 422
    key = study().database.settings.key(sealed.KEY)
    try:
        with drawing(code, "allocate") as session:
            person: Participant = enrolling.find_participant(session, code)
            made = allocating.allocate(session, key, person, by=me().actor)
    except UnknownParticipantError:
        raise
    except TrialError as error:
        form.sure.errors = [str(error)]
        return entrant_page(code, allocate=form), 422
    flash(f"{code} is in arm {made.arm}.")
    return redirect(url_for("trial.entrant", code=code), 303)
