"""Orders of a person's dose: by the plan, by a rule that holds, or by the investigator with a reason."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing import titrating
from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay
from hometrial.protocol.dosing.events import Order, Void
from hometrial.protocol.dosing.plan import Plan
from hometrial.protocol.dosing.refusing import OrderRefusedError
from hometrial.protocol.dosing.standing import Kind, State, gives
from hometrial.protocol.dosing.titrating import Action, Proposal
from hometrial.services import working
from hometrial.services.dosing import opioids, recording
from hometrial.services.dosing.recording import Chart, Role, Word

CALL = "dose_call"
"""Work: somebody speaks with a person whose drug was stopped by a rule, or who may begin again only then."""


def start(
    session: Session,
    person: Participant,
    word: Word,
    *,
    formulation: str,
    on: date | None = None,
    sensitive: bool = False,
) -> DoseEvent:
    """Order the first step of the plan from a day on (default: today), at the plan's time of day.

    `sensitive`: with the smaller doses of the plan first. Raises OrderRefusedError, also while an opioid may
    still be there, and RecordRefusedError before consent or allocation.
    """
    chart = recording.open_chart(session, person)
    terms = chart.footing.terms(sensitive=sensitive)
    if sensitive and terms.plan == chart.footing.terms(sensitive=False).plan:
        raise OrderRefusedError(f"start: {chart.footing.titration.id} has no smaller doses first")
    step = terms.plan.steps[0]
    time_of_day = TimeOfDay(chart.footing.titration.time_of_day)
    dose = DayDose((Part(step.mg, time_of_day),), formulation)
    return _place(session, chart, word, Proposal(Kind.START, dose, step.number), on)


def by_rule(
    session: Session, person: Participant, word: Word, rule: str, *, on: date | None = None
) -> DoseEvent:
    """Order what a rule of the plan that holds asks for: a hold, a step down, the morning, a stop.

    Who must be spoken with becomes work for the staff. Raises OrderRefusedError, DoseRefusedError.
    """
    chart = recording.open_chart(session, person)
    titration = chart.footing.titration
    known = {each.id: each.action for each in titration.triggers}
    if rule not in known:
        raise OrderRefusedError(
            f"rule {rule!r}: plan {titration.id} has {', '.join(known)}; order it yourself with a reason"
        )
    proposal = titrating.respond(chart.terms.plan, chart.standing, Action(known[rule]), rule)
    row = _place(session, chart, word, proposal, on)
    if proposal.needs_call:
        reason = f"rule {rule} stopped the drug: call the person"
        working.open_item(session, person.id, CALL, rule, reason)
    return row


def spoken_with(session: Session, person: Participant, about: str, *, because: str) -> int:
    """Close the call about a rule, or about a restart, with what came of it; return how many calls there were."""
    return working.close_items(session, person.id, CALL, about, because=because)


def step_down(
    session: Session, person: Participant, word: Word, *, on: date | None = None
) -> DoseEvent:
    """Order the step below; out of a hold it is resumed there. Raises OrderRefusedError, DoseRefusedError."""
    chart = recording.open_chart(session, person)
    plan, told = chart.terms.plan, "step down"
    proposal = titrating.respond(plan, chart.standing, Action.DOWN_ONE_STEP, told)
    return _place(session, chart, word, replace(proposal, rule=None), on)


def resume(
    session: Session, person: Participant, word: Word, *, on: date | None = None
) -> DoseEvent:
    """Order the dose that was held from a day on. Raises OrderRefusedError."""
    chart = recording.open_chart(session, person)
    dose = chart.standing.last
    if dose is None:
        raise OrderRefusedError("resume: no dose was held; start the drug, or order a dose")
    return _place(session, chart, word, _named(chart.terms.plan, Kind.RESUME, dose), on)


def take_away(
    session: Session, person: Participant, word: Word, kind: Kind, *, on: date | None = None
) -> DoseEvent:
    """Order a hold, a stop, a stop for good or a withdrawal. Raises OrderRefusedError."""
    if gives(kind):
        raise OrderRefusedError(f"{kind}: it gives a dose; name it")
    chart = recording.open_chart(session, person)
    return _place(session, chart, word, Proposal(kind), on)


def follow_withdrawal(session: Session, person: Participant, word: Word) -> DoseEvent | None:
    """Order what a person's choice to stop the drug, or to withdraw, asks for; None where nothing is left to stop.

    Raises RecordRefusedError of a person without consent or arm, whose drug was never ordered.
    """
    chart = recording.open_chart(session, person)
    state = chart.standing.state
    if chart.footing.withdrawn_at is not None:
        kind, open_ = Kind.WITHDRAW, state is not State.WITHDRAWN
    else:
        kind, open_ = Kind.STOP, state in (State.ON, State.HELD)
    if not open_ or not chart.footing.takes_no_drug:
        return None
    return _place(session, chart, word, Proposal(kind), None)


def change(
    session: Session,
    person: Participant,
    word: Word,
    *,
    time_of_day: TimeOfDay | None = None,
    split: bool = False,
    formulation: str | None = None,
) -> DoseEvent:
    """Order the same milligrams a day at another time, in the plan's portions, or in another form.

    From today on. Raises OrderRefusedError, also of a change that changes nothing.
    """
    chart = recording.open_chart(session, person)
    dose = chart.standing.dose
    if dose is None:
        raise OrderRefusedError(f"change: {chart.footing.code} is {chart.standing.state}")
    if split and time_of_day is not None:
        raise OrderRefusedError("change: a dose is split, or taken at one time of day, not both")
    if split:
        dose = replace(dose, parts=_portions(chart, dose))
    if time_of_day is not None:
        dose = replace(dose, parts=(Part(dose.mg, time_of_day),))
    if formulation is not None:
        dose = replace(dose, formulation=formulation)
    return _place(session, chart, word, Proposal(Kind.CHANGE, dose, chart.standing.step), None)


_TIMES = {
    2: (TimeOfDay.MORNING, TimeOfDay.EVENING),
    3: (TimeOfDay.MORNING, TimeOfDay.MIDDAY, TimeOfDay.EVENING),
}


def _portions(chart: Chart, dose: DayDose) -> tuple[Part, ...]:
    declared = chart.footing.titration.split
    if declared is None or len(declared.shares) not in _TIMES:
        raise OrderRefusedError(
            "split: the plan has no portions; order the parts with their times instead"
        )
    shares = [Decimal(str(share)) for share in declared.shares]  # as the file says them
    times = _TIMES[len(shares)]
    return tuple(Part(dose.mg * share, at) for share, at in zip(shares, times, strict=True))


def order(
    session: Session, person: Participant, word: Word, dose: DayDose, *, on: date | None = None
) -> DoseEvent:
    """Order a dose outside the plan's next step, by the investigator with a reason, from a day on.

    What kind of order it is follows from what stands that day. Raises OrderRefusedError.
    """
    if word.role is not Role.INVESTIGATOR:
        raise OrderRefusedError(
            f"dose {dose}: {word.by} speaks as {word.role}; only the investigator orders beside the plan"
        )
    chart = recording.open_chart(session, person)
    day = chart.today if on is None else on
    if word.corrects is not None:
        kind = _ordered(chart, word.corrects).kind
    else:
        kind = _kind_to(chart, dose, day)
    return _place(session, chart, word, _named(chart.terms.plan, kind, dose), day)


def _ordered(chart: Chart, number: int) -> Order:
    found = chart.event(number)
    if not isinstance(found, Order):
        raise OrderRefusedError(f"event {number} is no order; correct the dose or the interruption")
    return found


def _kind_to(chart: Chart, dose: DayDose, day: date) -> Kind:
    standing = chart.course.standing_on(day)
    given = {State.NOT_STARTED: Kind.START, State.HELD: Kind.RESUME}
    if standing.state is not State.ON:
        return given.get(standing.state, Kind.RESTART)
    if dose.mg == standing.mg:
        return Kind.CHANGE
    return Kind.STEP_UP if dose.mg > standing.mg else Kind.STEP_DOWN


def void(session: Session, person: Participant, word: Word) -> DoseEvent:
    """Record that the event which the word corrects never was. Raises RecordRefusedError."""
    chart = recording.open_chart(session, person)
    return recording.write(session, chart, Void(chart.entry(word)))


def _named(plan: Plan, kind: Kind, dose: DayDose) -> Proposal:
    """Return the order of a dose with the step that it is, if it is one."""
    step = next((each.number for each in plan.steps if each.mg == dose.mg), None)
    return Proposal(kind, dose, step)


def place(session: Session, chart: Chart, word: Word, proposal: Proposal) -> DoseEvent:
    """Order what was proposed, from today on. Raises OrderRefusedError."""
    return _place(session, chart, word, proposal, None)


def _place(
    session: Session, chart: Chart, word: Word, proposal: Proposal, on: date | None
) -> DoseEvent:
    day = chart.today if on is None else on
    _require_may_order(word, proposal.kind)
    if gives(proposal.kind):
        opioids.require_free(session, chart, proposal.kind, day)
    entry = chart.entry(word)
    made = Order(entry, proposal.kind, day, proposal.dose, proposal.step, proposal.rule)
    return recording.write(session, chart, made)


def _require_may_order(word: Word, kind: Kind) -> None:
    """Whoever takes the drug may always take it away; a dose is given by others, or by the plan's next step."""
    own = (Kind.STEP_UP, Kind.RESTART, Kind.HOLD, Kind.STOP, Kind.WITHDRAW)
    if word.role is Role.PARTICIPANT and kind not in own:
        raise OrderRefusedError(f"{kind}: the study team orders it; call them")
