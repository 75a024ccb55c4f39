"""An event is told, told anew, and held against what was there in the run-in."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.protocol.safety.details import NAMES, Details
from hometrial.services import enrolling
from hometrial.services.safety import events, reporting
from hometrial.services.safety.events import AdverseEventRefusedError
from hometrial.services.safety.reporting import Said
from hometrial.services.viewing.safety import one
from hometrial.staff.pages.safety.blueprint import asked_for, find, instant, pages, zone_of
from hometrial.staff.pages.safety.forms import AmendForm, BaselineForm, EventForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/events/new")
@permits("event.record")
def new_of() -> Response:
    """Lead to the form of whom is asked for."""
    return redirect(url_for("safety.new", code=asked_for()), 303)


@pages.get("/people/<code>/new")
@permits("event.record")
def new(code: str) -> str:
    """Show the form of a new event."""
    return _new_page(code, EventForm())


@pages.post("/people/<code>/new")
@permits("event.record")
def record(code: str) -> Answer:
    """Take an event in: nothing that is missing stands in its way."""
    form = EventForm()
    if form.validate_on_submit():
        try:
            with writing("adverse event told") as session:
                person = enrolling.find_participant(session, code)
                found = reporting.report(
                    session, person, Details(**form.said()), _said(form, zone_of(session, person))
                )
                number = found.number
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Event {number} of {code} is recorded.")
            return redirect(url_for("safety.event", code=code, number=number), 303)
    return _new_page(code, form), 422


@pages.get("/events/<code>/<int:number>/amend")
@permits("event.record")
def amend(code: str, number: int) -> str:
    """Show what is known of an event, to be changed."""
    return _amend_page(code, number, AmendForm())


@pages.post("/events/<code>/<int:number>/amend")
@permits("event.record")
def change(code: str, number: int) -> Answer:
    """Write a new version of an event; the ones before stay."""
    form = AmendForm()
    if form.validate_on_submit():
        why = str(form.because.data).strip()
        try:
            with writing(why) as session:
                person, found = find(session, code, number)
                said = form.said()
                _require_no_criterion_gone(events.details_of(events.newest(session, found)), said)
                reporting.amend(
                    session, found, said, _said(form, zone_of(session, person), form.seen.data),
                    because=why,
                )  # fmt: skip
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Event {number} of {code} has a new version.")
            return redirect(url_for("safety.event", code=code, number=number), 303)
    return _amend_page(code, number, form), 422


@pages.get("/people/<code>/baseline")
@permits("event.record")
def baseline(code: str) -> str:
    """Show how bad symptoms were in a person's run-in."""
    return _baseline_page(code, BaselineForm())


@pages.post("/people/<code>/baseline")
@permits("event.record")
def record_baseline(code: str) -> Answer:
    """Record how bad a symptom was in the run-in."""
    form = BaselineForm()
    if form.validate_on_submit():
        why = str(form.because.data).strip()
        try:
            with writing(why) as session:
                person = enrolling.find_participant(session, code)
                reporting.record_baseline(
                    session,
                    person,
                    form.term.data,
                    int(form.grade.data),
                    by=me().actor,
                    because=why,
                )
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash("It is recorded.")
            return redirect(url_for("safety.baseline", code=code), 303)
    return _baseline_page(code, form), 422


def _said(form: EventForm, zone: str, seen: int | None = None) -> Said:
    return Said(me().actor, form.source.data, "staff", instant(form.learned.data, zone), seen=seen)


def _require_no_criterion_gone(before: Details, said: dict[str, object]) -> None:
    now = said["serious"]
    gone = set(before.serious or ()) - set(now if isinstance(now, tuple) else ())
    if gone:
        raise AdverseEventRefusedError(
            f"serious: {', '.join(sorted(gone))} was there; that it is not so is for an investigator to judge"
        )
    if before.serious == ():
        said["serious"] = now or ()


def _new_page(code: str, form: EventForm) -> str:
    with reading() as session:
        person = enrolling.find_participant(session, code)
        zone = zone_of(session, person)
        dose = one.dose_now(session, person)
    return render_template("safety/new.html", code=code, form=form, zone=zone, dose=dose)


def _amend_page(code: str, number: int, form: AmendForm) -> str:
    with reading() as session:
        person, found = find(session, code, number)
        state = events.state_of(session, found)
        zone = zone_of(session, person)
    known = state.details
    form.fill({name: getattr(known, name) for name in NAMES})
    form.fill({"serious": known.serious or (), "seen": state.current.version})
    return render_template("safety/amend.html", code=code, state=state, form=form, zone=zone)


def _baseline_page(code: str, form: BaselineForm) -> str:
    with reading() as session:
        person = enrolling.find_participant(session, code)
        rows = one.baseline(session, person)
    if request.method == "GET" and request.args.get("term"):
        form.term.data = request.args["term"]
    return render_template("safety/baseline.html", code=code, rows=rows, form=form)
