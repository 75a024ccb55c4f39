"""What people tell of their doses: taken in one tap, taken late, missed, interrupted, taken up again, corrected."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial.models import DoseEvent, Participant
from hometrial.protocol import applying
from hometrial.protocol.dosing import days, titrating
from hometrial.protocol.dosing.amounts import Milligrams, Part, TimeOfDay
from hometrial.protocol.dosing.composing import require_makeable
from hometrial.protocol.dosing.events import Intake, Interruption, Reason, Resumption, Source
from hometrial.protocol.dosing.recorded import Gap
from hometrial.protocol.dosing.refusing import DoseRefusedError, RecordRefusedError
from hometrial.protocol.dosing.standing import Standing, State
from hometrial.protocol.dosing.titrating import Proposal
from hometrial.services import working
from hometrial.services.dosing import ordering, recording
from hometrial.services.dosing.recording import Chart, Role, Word

NIGHT_ENDS = 4
"""The hour up to which a dose that somebody tells of is the evening's before, if that is not told yet."""


@dataclass(frozen=True)
class Told:
    """What somebody tells of a dose that was taken; what is None is as it was ordered, today.

    `mg`: 0 if it was not taken, without a reason. `taken_at`: aware. `additional`: besides another of the same time.
    """

    mg: Milligrams | None = None
    on: date | None = None
    time_of_day: TimeOfDay | None = None
    taken_at: datetime | None = None
    formulation: str | None = None
    source: Source = Source.APP_TAP
    lot: str | None = None
    additional: bool = False


AS_ORDERED = Told()
OUT_OF_DRUG = "out_of_drug"
"""Work: a person has nothing left to take."""


def taken(
    session: Session,
    person: Participant,
    word: Word,
    told: Told = AS_ORDERED,
    *,
    key: str | None = None,
) -> DoseEvent:
    """Record a dose that was taken, in one tap as it was ordered; sent twice under a `key`, it is one dose.

    Raises RecordRefusedError of a dose that is recorded already, that nobody ordered and that has no amount, or
    that is sent under the key of another.
    """
    chart = recording.open_chart(session, person)
    before = recording.sent_before(session, chart, key)
    if before is not None:
        return _same(before, told)
    return recording.write(session, chart, _intake(chart, word, told), key)


def _same(before: DoseEvent, told: Told) -> DoseEvent:
    """Return what was sent before. Raises RecordRefusedError if something else is sent under its key now."""
    mg = before.body.get("mg")
    differs = told.mg is not None and (mg is None or Decimal(mg) != told.mg)
    differs = differs or (told.on is not None and told.on != before.day)
    if before.kind != "intake" or differs:
        raise RecordRefusedError(
            f"dose event {before.number} was sent under this key, and was another; send it under its own"
        )
    return before


def _intake(chart: Chart, word: Word, told: Told) -> Intake:
    day = _day(chart, told)
    part = _part(chart, day, told)
    mg = part.mg if told.mg is None and part is not None else told.mg
    dose = chart.course.standing_on(day).dose
    formulation = told.formulation or (None if dose is None else dose.formulation)
    if formulation is None:
        raise RecordRefusedError(
            f"dose of {day}: nothing was ordered for that day; say what was taken, its formulation and milligrams"
        )
    is_oral = chart.terms.formulation(formulation).form.is_oral
    if mg is None and is_oral:
        raise RecordRefusedError(
            f"dose of {day}: nothing more was ordered for that day; give the milligrams taken"
        )
    return Intake(
        chart.entry(word),
        day,
        mg if is_oral else told.mg,
        formulation,
        told.source,
        told.time_of_day or (part.time_of_day if part else TimeOfDay.UNTOLD),
        taken_at=_taken_at(chart, told, day, mg),
        lot=told.lot,
        additional=told.additional,
    )


def _day(chart: Chart, told: Told) -> date:
    """Return the day that a dose counts for: after midnight that of the evening before, if that is not told yet."""
    if told.on is not None:
        return told.on
    at = chart.now if told.taken_at is None else chart.footing.local(told.taken_at)
    day, before = at.date(), at.date() - timedelta(days=1)
    is_night = at.hour < NIGHT_ENDS and told.time_of_day is not TimeOfDay.MORNING
    if is_night and chart.course.gap_on(before) is None:
        evening = (TimeOfDay.EVENING, TimeOfDay.UNTOLD)
        if any(part.time_of_day in evening for part in days.untold(chart.course, before)):
            return before
    return day


def _part(chart: Chart, day: date, told: Told) -> Part | None:
    """Return the part of the day's order that somebody tells of: that of the time, or the first not told yet."""
    left = days.untold(chart.course, day)
    if told.time_of_day is not None:
        left = tuple(part for part in left if part.time_of_day is told.time_of_day) or left[:1]
    return left[0] if left else None


def _taken_at(chart: Chart, told: Told, day: date, mg: Milligrams | None) -> datetime | None:
    """Return when it was taken: now, for a tap that says nothing else of today's or tonight's dose."""
    if told.taken_at is not None:
        return chart.footing.local(told.taken_at)
    is_now = told.source is Source.APP_TAP and told.on is None and mg != 0
    return chart.now if is_now and 0 <= (chart.today - day).days <= 1 else None


def missed(
    session: Session,
    person: Participant,
    word: Word,
    reason: Reason,
    told: Told = AS_ORDERED,
    *,
    key: str | None = None,
) -> DoseEvent:
    """Record that the dose of a day, or its part of a time of day, was not taken, and why.

    Raises RecordRefusedError of a dose that is recorded already, or that nobody ordered.
    """
    chart = recording.open_chart(session, person)
    before = recording.sent_before(session, chart, key)
    if before is not None:
        return _same(before, replace(told, mg=Decimal(0)))
    _require_reason(chart, reason)
    nothing = replace(told, mg=Decimal(0), taken_at=None)
    intake = replace(_intake(chart, word, nothing), missed=reason)
    return recording.write(session, chart, intake, key)


def corrected(session: Session, person: Participant, word: Word, told: Told) -> DoseEvent:
    """Record what a dose that was told wrongly really was; what is None stays as it was told.

    The word names it. Raises RecordRefusedError.
    """
    chart = recording.open_chart(session, person)
    wrong = None if word.corrects is None else chart.event(word.corrects)
    if not isinstance(wrong, Intake):
        raise RecordRefusedError("correction: name the dose by its number; orders have their own")
    mg = wrong.mg if told.mg is None else told.mg
    at = wrong.taken_at if told.taken_at is None else chart.footing.local(told.taken_at)
    right = replace(
        wrong,
        entry=chart.entry(word),
        mg=mg,
        on=told.on or wrong.on,
        time_of_day=told.time_of_day or wrong.time_of_day,
        taken_at=at if mg != 0 else None,
        formulation=told.formulation or wrong.formulation,
        source=Source.SITE if word.role is not Role.PARTICIPANT else wrong.source,
        lot=told.lot or wrong.lot,
        additional=wrong.additional or told.additional,
        missed=wrong.missed if mg == 0 else None,
    )
    return recording.write(session, chart, right)


def interrupted(
    session: Session,
    person: Participant,
    word: Word,
    reason: Reason,
    from_on: date,
    last_on: date | None = None,
) -> DoseEvent:
    """Record that nothing was taken from a day on, up to a day if it is over. Raises RecordRefusedError."""
    chart = recording.open_chart(session, person)
    _require_reason(chart, reason)
    return recording.write(
        session, chart, Interruption(chart.entry(word), from_on, reason, last_on)
    )


def _require_reason(chart: Chart, reason: Reason) -> None:
    known = chart.footing.protocol.interruption.reasons
    if reason.value not in known:
        raise RecordRefusedError(
            f"reason {reason}: {chart.footing.protocol.id} knows {', '.join(known)}"
        )


@dataclass(frozen=True)
class Resumed:
    """The drug is there again: what the protocol asks for, and what was recorded of it.

    Nothing is recorded while somebody has to call first (`proposal.needs_call`); that is work for the staff.
    `order` is None where the dose that stands goes on.
    """

    proposal: Proposal
    resumption: DoseEvent | None = None
    order: DoseEvent | None = None


def resumed(
    session: Session,
    person: Participant,
    word: Word,
    from_on: date,
    *,
    called: bool = False,
    formulation: str | None = None,
) -> Resumed:
    """Record that the open interruption is over, and order the dose that the protocol's rule restarts with.

    `called`: somebody has spoken with the person. `formulation`: of the new dose, if it cannot be made of the one
    before; without it somebody calls. Raises RecordRefusedError, OrderRefusedError, DoseRefusedError.
    """
    chart = recording.open_chart(session, person)
    interruption, gap = _open_gap(chart)
    stands = chart.course.standing_on(gap.first_on)
    without = f"{gap.days_before(from_on)} days without the drug"
    proposal = _restart(chart, stands, gap.days_before(from_on), formulation)
    working.close_items(session, person.id, OUT_OF_DRUG, because="it is there again")
    if proposal.needs_call and not called:
        reason = f"it is there again after {without}: call before the first dose, and name what it is made of"
        working.open_item(session, person.id, ordering.CALL, "restart", reason)
        return Resumed(proposal)
    row = recording.write(
        session, chart, Resumption(chart.entry(word), interruption.entry.id, from_on)
    )
    working.close_items(session, person.id, ordering.CALL, "restart", because="the drug restarts")
    if stands.dose == proposal.dose or stands.state is not State.ON:
        return Resumed(proposal, row)
    because = replace(word, why=", ".join(each for each in (without, word.why) if each))
    order = ordering.place(session, recording.open_chart(session, person), because, proposal)
    return Resumed(proposal, row, order)


def _restart(chart: Chart, stands: Standing, gap_days: int, formulation: str | None) -> Proposal:
    """Return the order that the protocol restarts with; one that cannot be made needs a call."""
    rules = applying.restart_rules_of(chart.footing.protocol)
    proposal = titrating.restart(chart.terms.plan, stands, gap_days, rules)
    if proposal.dose is None:
        return proposal
    dose = replace(proposal.dose, formulation=formulation or proposal.dose.formulation)
    try:
        require_makeable(dose, chart.terms.formulation(dose.formulation))
    except DoseRefusedError:
        return replace(proposal, dose=dose, needs_call=True)
    return replace(proposal, dose=dose)


def _open_gap(chart: Chart) -> tuple[Interruption, Gap]:
    gap = next((each for each in chart.course.gaps if each.last_on is None), None)
    for event in chart.course.standing_events:
        if gap is not None and isinstance(event, Interruption) and event.from_on == gap.first_on:
            return event, gap
    raise RecordRefusedError(
        f"{chart.footing.code} has no open interruption; tell of one from its first to its last day"
    )
