"""Reporting a problem at any time, with whom to call at once; what was reported, and how it goes on."""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.participant import dates_told
from hometrial.participant.looks import current
from hometrial.participant.oneself import oneself, word
from hometrial.participant.problem_forms import AT_ONCE, OTHER, NewsForm, ProblemForm, checklist
from hometrial.participant.site import transaction, visit
from hometrial.participant.sources import zone
from hometrial.participant.whom_to_call import STOPS_DRUG, URGENT, whom_to_call
from hometrial.protocol.model import Protocol
from hometrial.protocol.safety import judging, vocabulary
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.dosing import medicating
from hometrial.services.safety import events, reporting
from hometrial.services.safety.events import AdverseEventRefusedError, EventState
from hometrial.services.safety.reporting import Said
from hometrial.services.trial import contacting, following
from hometrial.services.trial.following import NotInTrialError

pages = Blueprint("reporting", __name__, url_prefix="/problem")
Answer = AnyResponse | str | tuple[str, int]


@pages.get("")
def page() -> str:
    """Show what was reported, with its state, and the way to report."""
    with transaction("look at one's own reports") as session:
        person = oneself(session)
        found = [each for each in events.states(session, person=person) if _is_own(each)]
        return render_template(
            "reporting/reports.html",
            reports=found[::-1],
            crisis=whom_to_call(session, person),
            now=clock.now(),
            zone=zone(session, person.id),
            named=_named,
        )


@pages.get("/new")
def choose() -> str:
    """Ask what the problem is: what must be known at once first, then the protocol's checklist."""
    with transaction("report a problem") as session:
        person = oneself(session)
        return render_template(
            "reporting/what.html",
            at_once=AT_ONCE.items(),
            checklist=checklist(_protocol(session, person)),
            other=OTHER,
            crisis=whom_to_call(session, person),
        )


@pages.route("/new/<what>", methods=["GET", "POST"])
def new(what: str) -> Answer:
    """Ask how the problem is, and take it in; an alert is raised as it is saved."""
    form = ProblemForm()
    with transaction("report a problem") as session:
        person = oneself(session)
        today = _today(session, person)
        known = dict(
            [
                *AT_ONCE.items(),
                *checklist(_protocol(session, person)),
                (OTHER, gettext("Something else, in my own words")),
            ]
        )
        if what not in known:
            abort(404)
        named = str(known[what])
        form.about(what, today)
        if form.is_submitted() and form.validate() and (told := form.details(today, named)):
            said = Said(visit().code, "participant", "participant", key=form.key.data)
            event = reporting.report(session, person, told, said)
            _also(session, person, form, event.number)
            return redirect(url_for("reporting.one", number=event.number), 303)
        text = render_template(
            "reporting/new.html",
            form=form,
            named=named,
            is_at_once=what in AT_ONCE,
            is_crisis=what == "suicidal_thoughts",
            crisis=whom_to_call(session, person),
        )
        return text, 400 if form.is_submitted() else 200


def _also(session: Session, person: Participant, form: ProblemForm, number: int) -> None:
    """Record what a report tells besides: a wish to be called, and a medicine that was taken for it."""
    if form.call.data:
        contacting.call_wanted(session, person, f"problem {number}")
    took = (form.took.data or "").strip()
    is_in = standing.withdrawn_at(session, person) is None
    if took and is_in and standing.consented_at(session, person) is not None:
        told = medicating.Told(took, indication=(form.words.data or "").strip() or form.what)
        medicating.add(session, person, word(), told, key=form.key.data)


@pages.route("/<int:number>", methods=["GET", "POST"])
def one(number: int) -> Answer:
    """Show one report, whom to call if it is urgent, and take in how it goes on."""
    form = NewsForm()
    with transaction("say how a problem goes on") as session:
        person = oneself(session)
        today = _today(session, person)
        state = _own(session, person, number)
        dates_told.offer(form, "since", today, long_ago=False)
        status, is_stale = (400 if form.is_submitted() else 200), False
        if form.is_submitted() and form.validate():
            is_stale = form.seen.data != str(state.current.version)
            changes = None if is_stale else form.changes(state.details, today)
            if changes is not None:
                _amended(session, person, state, form, changes)
                return redirect(url_for("reporting.one", number=number), 303)
        if is_stale:
            status = 409
        return _shown(session, person, state, form, is_stale=is_stale), status


def _amended(
    session: Session,
    person: Participant,
    state: EventState,
    form: NewsForm,
    changes: dict[str, object],
) -> None:
    known = {name: getattr(state.details, name) for name in changes}
    if form.call.data:
        contacting.call_wanted(session, person, f"problem {state.event.number}")
    if known == changes:
        return
    said = Said(
        visit().code,
        "participant",
        "participant",
        learned_at=clock.now(),
        seen=state.current.version,
    )
    reporting.amend(session, state.event, changes, said, because="told by the person themselves")


def _shown(
    session: Session, person: Participant, state: EventState, form: NewsForm, *, is_stale: bool
) -> str:
    alerts = judging.alerts_of(state.details)
    form.seen.data = str(state.current.version)
    is_opioid = any(
        each.is_opioid and each.key and each.key == state.event.key
        for each in medicating.medications(session, person)
    )
    return render_template(
        "reporting/report.html",
        form=form,
        report=state,
        is_stale=is_stale,
        is_urgent=not alerts.isdisjoint(URGENT) and state.details.ongoing is not False,
        stops_drug=not alerts.isdisjoint(STOPS_DRUG),
        is_crisis="SI1" in alerts,
        is_opioid=is_opioid,
        crisis=whom_to_call(session, person),
        now=clock.now(),
        zone=zone(session, person.id),
        named=_named,
    )


def _own(session: Session, person: Participant, number: int) -> EventState:
    try:
        found = events.state_of(session, events.find(session, person, number))
    except AdverseEventRefusedError:
        abort(404)
    if not _is_own(found):
        abort(404)
    return found


def _is_own(state: EventState) -> bool:
    """Whether the person told of it; what staff saw they talk over with them."""
    return state.versions[0].reporter in ("participant", "proxy")


def _named(state: EventState) -> str:
    """Return what a report is called: the person's own words."""
    term = state.details.term
    if state.details.verbatim or term is None:
        return state.details.verbatim
    label = vocabulary.shipped().of(term).label
    return label.get(current().language, label["en"])


def _today(session: Session, person: Participant) -> date:
    try:
        return local_date(clock.now(), enrolling.zones_of(session, person))
    except ZoneNeededError:
        return clock.now().date()


def _protocol(session: Session, person: Participant) -> Protocol | None:
    try:
        return following.protocol_of(session, person)
    except NotInTrialError:
        return None
