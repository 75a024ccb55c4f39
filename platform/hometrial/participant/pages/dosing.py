"""Telling of doses: in one tap, at another time, another amount, not taken; changed later; and the last days."""

from datetime import date, timedelta
from decimal import Decimal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.models import Participant
from hometrial.participant import doses, wall_clock
from hometrial.participant.dose_forms import AmountForm, ChangeForm, MissedForm, TapForm, TimeForm
from hometrial.participant.oneself import oneself, word
from hometrial.participant.site import transaction, visit
from hometrial.participant.sources import zone
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.events import Intake, Reason, Source
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.services.dosing import footing, ordering, storing, telling
from hometrial.services.dosing import today as dosing
from hometrial.services.dosing.telling import Told
from hometrial.services.dosing.today import Due
from hometrial.services.trial import following

pages = Blueprint("dosing", __name__, url_prefix="/dose")
Answer = AnyResponse | str | tuple[str, int]
FORMS = {"time": TimeForm, "amount": AmountForm, "missed": MissedForm}
CHANGED = "changed by the person themselves"


pages.add_app_template_filter(doses.amount, "amount")


@pages.get("")
def page() -> str:
    """Show the last two weeks in plain words."""
    with transaction("look at one's own doses") as session:
        person = oneself(session)
        today = dosing.today(session, person).on
        return render_template(
            "dosing/days.html", days=doses.last_days(session, person, today), today=today
        )


def _home() -> AnyResponse:
    return redirect(url_for("home.page"), 303)


def _part(on: str, at: str) -> tuple[date, TimeOfDay]:
    """Return what an address names; there is no page for anything else."""
    try:
        return date.fromisoformat(on), TimeOfDay(at)
    except ValueError:
        abort(404)


def _open(session: Session, person: Participant, on: date, at: TimeOfDay) -> Due | None:
    """Return the part of a dose that may be told of now: of today, of last night, of yesterday."""
    found = dosing.today(session, person)
    yesterday = found.on - timedelta(days=1)
    of_day = {found.on: found.due, yesterday: (*found.last_night, *found.yesterday)}
    return next((each for each in of_day.get(on, ()) if each.part.time_of_day is at), None)


def _was_sent(session: Session, person: Participant, key: str) -> bool:
    return any(row.key == key for row in storing.rows_of(session, person.id))


@pages.post("/<on>/<at>/taken")
def taken(on: str, at: str) -> Answer:
    """Record in one tap that a part was taken: now, or some time yesterday."""
    day, part = _part(on, at)
    form = TapForm()
    if not form.validate():
        abort(400)
    try:
        with transaction("tell of a dose") as session:
            person = oneself(session)
            if _was_sent(session, person, form.key.data):
                return _home()
            due = _open(session, person, day, part)
            if due is None or due.part.mg != form.mg.data:
                return _stale(session, person, day)
            telling.taken(
                session, person, word(), _now(session, person, due, day), key=form.key.data
            )
    except RecordRefusedError as error:
        return _again(day, error)
    return _home()


def _now(session: Session, person: Participant, due: Due, day: date) -> Told:
    """Return what one tap tells: taken now; of a day that is over, remembered without its time."""
    found = dosing.today(session, person)
    is_now = day == found.on or due in found.last_night
    return Told(
        mg=due.part.mg,
        on=day,
        time_of_day=due.part.time_of_day,
        taken_at=clock.now() if is_now else None,
        source=Source.APP_TAP if is_now else Source.RECALL,
    )


def _stale(session: Session, person: Participant, day: date) -> Answer:
    """Say that what a page showed holds no longer, and what does: nothing was recorded."""
    recorded = storing.course_of(session, person).intakes_on(day)
    text = render_template("dosing/stale.html", on=day, told=list(doses.told(recorded)))
    return text, 409


def _again(day: date, _error: RecordRefusedError) -> Answer:
    """Show what stands, if another device was faster."""
    with transaction("look at one's own doses") as session:
        return _stale(session, oneself(session), day)


@pages.route("/<on>/<at>/<any(time, amount, missed):how>", methods=["GET", "POST"])
def tell(on: str, at: str, how: str) -> Answer:
    """Ask for what one tap does not tell, and record it."""
    day, part = _part(on, at)
    form = FORMS[how]()
    try:
        with transaction("tell of a dose") as session:
            person = oneself(session)
            if request.method == "POST" and _was_sent(session, person, form.key.data or ""):
                return _home()
            due = _open(session, person, day, part)
            if due is None:
                return _stale(session, person, day)
            if isinstance(form, MissedForm):
                form.offer(following.protocol_of(session, person).interruption.reasons)
            if form.is_submitted() and form.validate():
                found = _told(session, person, form, due, day)
                if found is not None:
                    return found
            line = doses.Line(day, due, "")
            status = 400 if form.is_submitted() else 200
            shown = {
                "form": form,
                "line": line,
                "how": how,
                "is_today": _is_today(session, person, day),
            }
            return render_template("dosing/tell.html", **shown), status
    except RecordRefusedError as error:
        return _again(day, error)


def _is_today(session: Session, person: Participant, day: date) -> bool:
    return dosing.today(session, person).on == day


def _told(
    session: Session,
    person: Participant,
    form: TimeForm | AmountForm | MissedForm,
    due: Due,
    day: date,
) -> AnyResponse | None:
    """Record what a valid form tells; None if it cannot be so, with the reason at its field."""
    part = due.part.time_of_day
    source = Source.APP_TAP if _is_today(session, person, day) else Source.RECALL
    if isinstance(form, MissedForm):
        return _missed(session, person, form, Told(on=day, time_of_day=part, source=source))
    told = Told(mg=due.part.mg, on=day, time_of_day=part, source=source)
    if isinstance(form, AmountForm):
        most = footing.footing_of(session, person).titration.absolute_max_mg_day
        if not form.is_within(
            Decimal(str(most)) - storing.course_of(session, person).recorded_mg(day)
        ):
            return None
        told = Told(mg=form.mg_told, on=day, time_of_day=part, source=source)
    if form.at.data is not None:
        at = wall_clock.taken_at(
            zone(session, person.id), day, form.at.data, is_late=_is_late(part)
        )
        if isinstance(at, str):
            form.at.errors = [at]
            return None
        told = Told(mg=told.mg, on=day, time_of_day=part, taken_at=at, source=source)
    telling.taken(session, person, word(), told, key=form.key.data)
    return _home()


def _is_late(part: TimeOfDay) -> bool:
    """Whether a time in the small hours is of the night after the day."""
    return part in (TimeOfDay.EVENING, TimeOfDay.UNTOLD)


def _missed(session: Session, person: Participant, form: MissedForm, told: Told) -> AnyResponse:
    reason, why = form.said
    telling.missed(session, person, word(why), reason, told, key=form.key.data)
    ways = {Reason.SIDE_EFFECT: "reporting.choose", Reason.RAN_OUT: "supply.run_out"}
    ways[Reason.SURGERY_OR_OPIOID] = "medicating.new"
    return redirect(url_for(ways.get(reason, "home.page")), 303)


@pages.route("/change/<int:number>", methods=["GET", "POST"])
def change(number: int) -> Answer:
    """Change a dose that one told of, or take it back; what was told stays known, with the reason."""
    form = ChangeForm()
    try:
        with transaction("correct a dose") as session:
            person = oneself(session)
            intake = _own(session, person, number)
            if intake is None:
                return render_template("dosing/changed.html"), 409
            if form.is_submitted() and form.validate():
                found = _changed(session, person, form, intake)
                if found is not None:
                    return found
            elif not form.is_submitted():
                form.show(intake)
            said = doses.words_of(intake)
            return render_template(
                "dosing/change.html", form=form, intake=intake, said=said, number=number
            ), (400 if form.is_submitted() else 200)
    except RecordRefusedError:
        return render_template("dosing/changed.html"), 409


def _own(session: Session, person: Participant, number: int) -> Intake | None:
    """Return a dose that the person told of themselves in the last days, if it stands."""
    course = storing.course_of(session, person)
    first = dosing.today(session, person).on - timedelta(days=doses.LOOKED_BACK)
    for each in course.intakes:
        if each.entry.id == str(number) and each.entry.by == visit().code and each.on > first:
            return each
    known = [row for row in storing.rows_of(session, person.id) if row.number == number]
    if not known or known[0].kind != "intake" or known[0].by != visit().code:
        abort(404)
    return None


def _changed(
    session: Session, person: Participant, form: ChangeForm, intake: Intake
) -> AnyResponse | None:
    because = word(form.why.data or CHANGED, int(intake.entry.id))
    if form.what.data == "never":
        ordering.void(session, person, because)
        return _back(intake)
    told = Told(mg=Decimal(0))
    if form.what.data == "taken":
        most = footing.footing_of(session, person).titration.absolute_max_mg_day
        others = storing.course_of(session, person).recorded_mg(intake.on) - intake.oral
        if not form.is_within(Decimal(str(most)) - others):
            return None
        told = Told(mg=form.mg_told)
        if form.at.data is not None:
            at = wall_clock.taken_at(
                zone(session, person.id),
                intake.on,
                form.at.data,
                is_late=_is_late(intake.time_of_day),
            )
            if isinstance(at, str):
                form.at.errors = [at]
                return None
            told = Told(mg=form.mg_told, taken_at=at)
    telling.corrected(session, person, because, told)
    return _back(intake)


def _back(intake: Intake) -> AnyResponse:
    if intake.on == clock.now().astimezone(intake.entry.at.tzinfo).date():
        return _home()
    return redirect(url_for("dosing.page"), 303)
