"""Orders of the drug: what would follow is shown before it is signed."""

from collections.abc import Callable
from datetime import date

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField
from wtforms.validators import InputRequired

from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay
from hometrial.protocol.dosing.refusing import OrderRefusedError
from hometrial.protocol.dosing.standing import Kind, State
from hometrial.protocol.titration import Hold, StepDown, Stop
from hometrial.services import enrolling
from hometrial.services.dosing import ordering, recording, stepping
from hometrial.services.dosing.recording import Chart, Role, Word
from hometrial.services.viewing.person import dose_course
from hometrial.services.viewing.person.dose_course import Ahead
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed
from hometrial.staff.pages.person.doses import TIMES
from hometrial.staff.pages.person.fields import (
    ActForm,
    amount,
    amount_of,
    choice,
    day,
    day_of,
    options,
    reason,
    said,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

_TAKES_AWAY = {"hold": Kind.HOLD, "stop": Kind.STOP, "end": Kind.END}
_WORDS = {
    "start": "Begin, with the first step of the plan",
    "up": "The next step up",
    "down": "One step down",
    "resume": "Resume the dose that was held",
    "mg": "Another dose than the plan's, in milligrams",
    "hold": "Hold",
    "stop": "Stop",
    "end": "Stop for good",
}
_AFTER = {
    State.NOT_STARTED: ("start", "mg"),
    State.ON: ("up", "down", "mg", "hold", "stop", "end"),
    State.HELD: ("resume", "down", "mg", "stop", "end"),
    State.STOPPED: ("mg", "end"),
}
"""What may be ordered after what stands; the services refuse what a protocol does not allow."""


class OrderForm(ActForm):
    """An order as the investigator signs it."""

    what = RadioField("Order", [InputRequired("Choose what is ordered.")])
    mg = amount("Milligrams a day", needed=False, hint="Only for another dose than the plan's.")
    formulation = choice("Made of", (), needed=False, hint="To begin, and for another dose.")
    time_of_day = choice("Time of day", TIMES, needed=False, hint="Only for another dose.")
    on = day("From which day on", needed=False, hint="Left empty: from today on.")
    reason = reason("Why", hint="It stands beside the order, with your name.")
    seen = HiddenField()


@pages.route("/<code>/doses/order", methods=["GET", "POST"])
@permits("dose.order", fresh=True, logs="signed")
def order_dose(code: str) -> Answer:
    """Order the drug: first what would follow, then, signed, the order itself."""
    form = OrderForm()
    deed = Deed(
        code, "Order the drug", "Show what would follow", "people.doses",
        template="person/order.html",
    )  # fmt: skip
    with reading() as session:
        person = enrolling.find_participant(session, code)
        chart = recording.chart_of(session, person)
        before = list(dose_course.ahead(chart))
        _offer(form, chart)
    after: list[Ahead] = []
    if form.validate_on_submit():
        events = str(len(chart.course.events))
        try:
            if request.form.get("sign") and said(form.seen) == events:
                return _signed(form, code)
            if request.form.get("sign"):
                raise OrderRefusedError(
                    f"something was recorded of {code} since you saw what would follow; look again"
                )
            after = _look(form, code)
            form.seen.data = events
        except UnknownParticipantError:
            raise
        except TrialError as error:
            form.refuse(str(error))
    with reading() as session:
        person = enrolling.find_participant(session, code)
        page = shown(
            session, person, deed.template, deed=deed, form=form, before=before, after=after
        )
    return page if after or not form.is_submitted() else (page, 422)


def _offer(form: OrderForm, chart: Chart) -> None:
    known = [(each, _WORDS[each]) for each in _AFTER.get(chart.standing.state, ())]
    rules = [
        (f"rule:{each.id}", _rule_in_words(each))
        for each in chart.footing.titration.triggers
        if chart.standing.state in (State.ON, State.HELD)
    ]
    form.what.choices = options([*known, *rules])
    forms = [(each.id, f"{each.id}, {each.form}") for each in chart.terms.formulations]
    form.formulation.choices = options([("", "as before"), *forms])


def _rule_in_words(rule: Hold | StepDown | Stop) -> str:
    days = "" if rule.days is None else f" on {rule.days} of {rule.of_days} days"
    return f"Rule {rule.id}: {str(rule.action).replace('_', ' ')}, when {rule.when}{days}"


def _look(form: OrderForm, code: str) -> list[Ahead]:
    """Make the order, see what follows, and undo all of it."""
    with writing("an order that is only looked at") as session:
        person = enrolling.find_participant(session, code)
        tried = session.begin_nested()
        _order(session, person, form)
        ahead = list(dose_course.ahead(recording.chart_of(session, person)))
        tried.rollback()
    return ahead


def _signed(form: OrderForm, code: str) -> Answer:
    with writing(form.why) as session:
        row = _order(session, enrolling.find_participant(session, code), form)
    flash(f"Dose event {row.number}: {row.body['order']} from {row.day} on, signed by you.")
    return redirect(url_for("people.doses", code=code), 303)


def _order(session: Session, person: Participant, form: OrderForm) -> DoseEvent:
    word, on = Word(me().actor, Role.INVESTIGATOR, form.why), day_of(form.on)
    what = said(form.what)
    if what.startswith("rule:"):
        return ordering.by_rule(session, person, word, what.removeprefix("rule:"), on=on)
    if what in _TAKES_AWAY:
        return ordering.take_away(session, person, word, _TAKES_AWAY[what], on=on)
    return _GIVES[what](session, person, word, form, on)


def _start(
    session: Session, person: Participant, word: Word, form: OrderForm, on: date | None
) -> DoseEvent:
    return ordering.start(session, person, word, formulation=_made_of(form), on=on)


def _up(
    session: Session, person: Participant, word: Word, _form: OrderForm, on: date | None
) -> DoseEvent:
    if on is not None:
        raise OrderRefusedError("on: the next step is ordered from today on; leave the day empty")
    return stepping.step_up(session, person, word)


def _down(
    session: Session, person: Participant, word: Word, _form: OrderForm, on: date | None
) -> DoseEvent:
    return ordering.step_down(session, person, word, on=on)


def _resume(
    session: Session, person: Participant, word: Word, _form: OrderForm, on: date | None
) -> DoseEvent:
    return ordering.resume(session, person, word, on=on)


def _another(
    session: Session, person: Participant, word: Word, form: OrderForm, on: date | None
) -> DoseEvent:
    mg = amount_of(form.mg)
    if mg is None:
        raise OrderRefusedError("mg: give the milligrams a day of the other dose")
    time = TimeOfDay(said(form.time_of_day) or TimeOfDay.EVENING)
    dose = DayDose((Part(mg, time),), _made_of(form))
    return ordering.order(session, person, word, dose, on=on)


def _made_of(form: OrderForm) -> str:
    if not said(form.formulation):
        raise OrderRefusedError("formulation: say what the dose is made of")
    return said(form.formulation)


_Gives = Callable[[Session, Participant, Word, OrderForm, date | None], DoseEvent]
_GIVES: dict[str, _Gives] = {
    "start": _start,
    "up": _up,
    "down": _down,
    "resume": _resume,
    "mg": _another,
}
