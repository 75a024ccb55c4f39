"""A person's doses: planned and taken, and what somebody told the site of."""

from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from wtforms import BooleanField

from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.events import Reason, Source
from hometrial.services import enrolling
from hometrial.services.dosing import ordering, running_out, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.dosing.telling import Told
from hometrial.services.viewing.person import dose_course
from hometrial.staff import asking
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    amount,
    amount_of,
    choice,
    day,
    day_of,
    line,
    moment,
    moment_of,
    needed_day,
    reason,
    said,
    said_or_none,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

TIMES = [(each.value, each.value) for each in TimeOfDay if each is not TimeOfDay.UNTOLD]
REASONS = [(each.value, each.value.replace("_", " ")) for each in Reason]


class TakenForm(ActForm):
    """A dose that somebody told the site of."""

    has_moments = True
    on = day("The day that it counts for", hint="A dose after midnight is the evening's before.")
    time_of_day = choice(
        "Time of day", TIMES, needed=False, hint="Left open: the part that nobody told of yet."
    )
    mg = amount("Milligrams", needed=False, hint="Left empty: as it was ordered.")
    formulation = line("Made of", hint="Left empty: as it was ordered. Such as cap or liq.")
    taken_at = moment("When it was taken", hint="Left empty: nobody said.")


class CorrectedDoseForm(ActForm):
    """What a dose really was."""

    has_moments = True
    mg = amount("Milligrams", needed=False, hint="0: it was not taken. Left empty: as was told.")
    on = day("The day that it counts for", needed=False)
    time_of_day = choice("Time of day", TIMES, needed=False)
    taken_at = moment("When it was taken")
    reason = reason("Why is it corrected", hint="What was told first stays in the trail.")


class MissedForm(ActForm):
    """A dose that was not taken."""

    on = day("The day that it counts for")
    time_of_day = choice("Time of day", TIMES, needed=False)
    because = choice("Why it was not taken", REASONS)


class InterruptedForm(ActForm):
    """Days on which nothing was taken."""

    from_on = day("First day without it")
    last_on = day("Last day without it", needed=False, hint="Left empty: it goes on.")
    because = choice("Why", REASONS)


class ResumedForm(ActForm):
    """The drug is taken again."""

    from_on = day("First day with it again")
    formulation = line("Made of", hint="Only if it changes.")
    called = BooleanField("I have spoken with the person, as the plan asks after a long gap")


class RanOutForm(ActForm):
    """Nothing is left."""

    because = choice("Why", REASONS)
    since = day("First day without it", needed=False, hint="Left empty: none was missed yet.")


class VoidForm(ActForm):
    """Why an event never was."""

    reason = reason("Why it never was", hint="It stays in the trail.")


@pages.get("/<code>/doses")
@permits("dose.see")
def doses(code: str) -> str:
    """Show what stands, what comes next, each day planned and taken, every event and the stock."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        start = asking.start()
        return shown(
            session,
            person,
            "person/doses.html",
            found=dose_course.course(session, person, start),
            start=start,
            per_page=dose_course.DAYS_PER_PAGE,
        )


@pages.route("/<code>/doses/taken", methods=["GET", "POST"])
@permits("dose.record")
def dose_taken(code: str) -> Answer:
    """Record a dose that somebody told of by telephone."""
    form = TakenForm()
    deed = Deed(code, "A dose that they told of", "Record it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        told = Told(
            mg=amount_of(form.mg),
            on=day_of(form.on),
            time_of_day=_time(said(form.time_of_day)),
            taken_at=moment_of(form, "taken_at"),
            formulation=said_or_none(form.formulation),
            source=Source.SITE,
        )
        return _recorded(telling.taken(session, person, _word(), told))

    return perform(deed, form, act)


@pages.route("/<code>/doses/missed", methods=["GET", "POST"])
@permits("dose.record")
def dose_missed(code: str) -> Answer:
    """Record that a dose was not taken, and why."""
    form = MissedForm()
    deed = Deed(code, "A dose that was not taken", "Record it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        told = Told(
            on=day_of(form.on), time_of_day=_time(said(form.time_of_day)), source=Source.SITE
        )
        why = Reason(said(form.because))
        return _recorded(telling.missed(session, person, _word(), why, told))

    return perform(deed, form, act)


@pages.route("/<code>/doses/<int:number>/correct", methods=["GET", "POST"])
@permits("dose.record")
def correct_dose(code: str, number: int) -> Answer:
    """Record what a dose really was; the first word on it stays."""
    form = CorrectedDoseForm()
    deed = Deed(code, f"Correct dose event {number}", "Correct it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        told = Told(
            mg=amount_of(form.mg),
            on=day_of(form.on),
            time_of_day=_time(said(form.time_of_day)),
            taken_at=moment_of(form, "taken_at"),
        )
        return _recorded(telling.corrected(session, person, _word(form.why, number), told))

    return perform(deed, form, act, lambda session, person: _beside(session, person, number))


@pages.route("/<code>/doses/<int:number>/void", methods=["GET", "POST"])
@permits("dose.record")
def void_dose(code: str, number: int) -> Answer:
    """Record that a dose or an interruption never was."""
    form = VoidForm()
    deed = Deed(code, f"Dose event {number} never was", "Record it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        return _recorded(ordering.void(session, person, _word(form.why, number)))

    return perform(deed, form, act, lambda session, person: _beside(session, person, number))


def _beside(session: Session, person: Participant, number: int) -> dict[str, object]:
    """Orders are not corrected here: the investigator signs another one."""
    found = dose_course.event(session, person, number)
    if found is None or found.kind == "order":
        raise NotFound(f"There is no dose event {number} of {person.code} to be corrected.")
    return {"event": found}


@pages.route("/<code>/doses/interrupted", methods=["GET", "POST"])
@permits("dose.record")
def interrupted(code: str) -> Answer:
    """Record that nothing was taken from a day on."""
    form = InterruptedForm()
    deed = Deed(code, "Days without the drug", "Record them", "people.doses")

    def act(session: Session, person: Participant) -> str:
        first, last = needed_day(form.from_on), day_of(form.last_on)
        why = Reason(said(form.because))
        return _recorded(telling.interrupted(session, person, _word(), why, first, last))

    return perform(deed, form, act)


@pages.route("/<code>/doses/resumed", methods=["GET", "POST"])
@permits("dose.record")
def resumed(code: str) -> Answer:
    """Record that the drug is taken again; the plan says with which dose."""
    form = ResumedForm()
    deed = Deed(code, "The drug is there again", "Record it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        found = telling.resumed(
            session,
            person,
            _word(),
            needed_day(form.from_on),
            called=form.called.data,
            formulation=said_or_none(form.formulation),
        )
        if found.resumption is None:
            return "The plan asks for a call before the first dose: it is an open task now."
        if found.order is None:
            return "It is recorded; the dose that stands goes on."
        return f"It is recorded; the plan begins again with {found.proposal.dose}."

    return perform(deed, form, act)


@pages.route("/<code>/doses/ran-out", methods=["GET", "POST"])
@permits("dose.record")
def ran_out(code: str) -> Answer:
    """Record that nothing is left."""
    form = RanOutForm()
    deed = Deed(code, "Nothing is left of the drug", "Record it", "people.doses")

    def act(session: Session, person: Participant) -> str:
        why = Reason(said(form.because))
        running_out.ran_out(session, person, _word(), why, day_of(form.since))
        return "It is recorded, and to send more is an open task."

    return perform(deed, form, act)


def _word(why: str = "", corrects: int | None = None) -> Word:
    return Word(me().actor, Role.SITE, why, corrects)


def _time(told: str) -> TimeOfDay | None:
    return TimeOfDay(told) if told else None


def _recorded(row: DoseEvent) -> str:
    return f"Dose event {row.number} is recorded" + (f" for {row.day}." if row.day else ".")
