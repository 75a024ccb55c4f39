"""Source tables of the drug: what was ordered, taken and interrupted, day by day, and where the units went."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.db import among, once
from hometrial.exports.source.reading import Row
from hometrial.models import DoseEvent, Lot, Participant, Product, SupplyMovement, ToldHistory
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay, dose_days
from hometrial.protocol.dosing.events import Intake, Interruption, Order
from hometrial.protocol.dosing.history import History, OtherTreatment, Told
from hometrial.protocol.dosing.standing import State
from hometrial.protocol.formulations import Formulation, Solution
from hometrial.services.capturing.partial import partial
from hometrial.services.capturing.people import Person, moment, people, written
from hometrial.services.dosing import remembering, storing
from hometrial.services.trial import followers, publishing

_OVER = (State.ENDED, State.WITHDRAWN)


@dataclass(frozen=True)
class _Dosed:
    """A person's course; `ids` of its rows by number, and what the drug comes in by the protocol that they follow."""

    person: Person
    course: Course
    ids: Mapping[int, str]
    formulations: Mapping[str, Formulation]

    def head(self, number: str) -> Row:
        """Return the columns that every event has."""
        return {
            "id": self.ids[int(number)],
            "participant": self.person.code,
            "number": int(number),
        }


def _dosed(session: Session) -> list[_Dosed]:
    """Return everybody of whose dose something is recorded."""
    return once(session, "capturing.dosed", lambda: _read(session))


def _read(session: Session) -> list[_Dosed]:
    known = people(session)
    ids: dict[UUID, dict[int, str]] = {}
    rows = select(DoseEvent.participant_id, DoseEvent.number, DoseEvent.id)
    for person, number, row in session.execute(rows.where(among(DoseEvent.participant_id, known))):
        ids.setdefault(person, {})[number] = str(row)
    versions = followers.versions_of(session, ids)
    return [
        _Dosed(
            known[person],
            course,
            ids[person],
            {each.id: each for each in publishing.of(versions[person]).formulations},
        )
        for person, course in storing.courses_of(session, ids).items()
    ]


def orders(session: Session) -> Iterator[Row]:
    """Yield the orders that came into force or will; not one that another replaced or corrected."""
    for dosed in _dosed(session):
        for each in dosed.course.orders:
            yield dosed.head(each.entry.id) | _order(dosed, each)


def _order(dosed: _Dosed, order: Order) -> Row:
    dose = order.dose
    form = None if dose is None else dosed.formulations.get(dose.formulation or "")
    return {
        "kind": order.kind.value,
        "day": order.effective_on,
        "mg": None if dose is None else float(dose.mg),
        "step": order.step,
        "times_a_day": None if dose is None else len(dose.parts),
        "formulation": None if dose is None else dose.formulation,
        "route": None if form is None else form.route,
        "actor": _actor(dosed, order),
        "ordered": written(order.entry.at),
        "why": order.entry.why,
    }


def _actor(dosed: _Dosed, order: Order) -> str:
    """Say whose order it is: a rule's of the plan, the person's own, or the staff's."""
    if order.rule is not None:
        return "rule"
    return "participant" if order.entry.by == dosed.person.code else "staff"


def intakes(session: Session) -> Iterator[Row]:
    """Yield what was told of doses, as it stands."""
    for dosed in _dosed(session):
        for each in dosed.course.intakes:
            yield dosed.head(each.entry.id) | _intake(dosed, each)


def _intake(dosed: _Dosed, intake: Intake) -> Row:
    form = dosed.formulations.get(intake.formulation)
    millilitres = None
    if isinstance(form, Solution) and intake.mg is not None:
        millilitres = float(intake.mg / Decimal(str(form.mg_per_ml)))
    time_of_day = intake.time_of_day
    return {
        "day": intake.on,
        "at": None if intake.taken_at is None else written(intake.taken_at),
        "mg": None if intake.mg is None else float(intake.mg),
        "ml": millilitres,
        "formulation": intake.formulation,
        "time_of_day": None if time_of_day is TimeOfDay.UNTOLD else time_of_day.value,
        "taken": intake.was_taken,
        "reason": intake.missed and intake.missed.value,
        "source": intake.source.value,
    }


def interruptions(session: Session) -> Iterator[Row]:
    """Yield the interruptions that were told; one that was ended later ends on the day before."""
    for dosed in _dosed(session):
        told = [each for each in dosed.course.standing_events if isinstance(each, Interruption)]
        told.sort(key=lambda each: each.from_on)  # none overlaps another, as the gaps in time
        for each, gap in zip(told, dosed.course.gaps, strict=True):
            yield dosed.head(each.entry.id) | {
                "first": gap.first_on,
                "last": gap.last_on,
                "reason": gap.reason.value,
            }


def days(session: Session) -> Iterator[Row]:
    """Yield each person's days from the first order, or a dose before it, to now or the end of the drug.

    The day that goes on counts once something is told of it, as in the timeline.
    """
    now = moment(session)
    for dosed in _dosed(session):
        span = _span(dosed.course, dosed.person.day(now))
        if span is not None:
            for day in dose_days(dosed.course, *span):
                yield _day(dosed.person.code, day)


def _span(course: Course, today: date) -> tuple[date, date] | None:
    """Return the first and the last day; where the drug is over, that before its end, or a later last dose."""
    begun = [each.first_on for each in course.spells[:1]] + [each.on for each in course.intakes]
    last = today if course.intakes_on(today) else today - timedelta(1)
    ends = [each.first_on for each in course.spells if each.standing.state in _OVER]
    if ends and ends[0] <= today:
        taken = [each.on for each in course.intakes if each.was_taken]
        last = min(last, max(ends[0] - timedelta(1), *taken, date.min))
    first = min(begun, default=date.max)
    return (first, last) if first <= last else None


def _day(code: str, day: DoseDay) -> Row:
    dose = day.standing.dose
    return {
        "id": f"{code}/{day.on}",
        "participant": code,
        "day": day.on,
        "mg_planned": float(day.planned),
        "mg_least": float(day.least),
        "mg_most": float(day.most),
        "step": day.standing.step,
        "formulation": None if dose is None else dose.formulation,
        "status": day.status.name.lower(),
        "reason": ";".join(each.value for each in day.reasons) or None,
    }


def supplies(session: Session) -> Iterator[Row]:
    """Yield the units that went to a person or came back from one."""
    rows = session.execute(
        select(SupplyMovement, Participant.code, Lot.code, Product)
        .join(Participant, Participant.id == SupplyMovement.participant_id)
        .join(Lot, Lot.id == SupplyMovement.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .where(among(Participant.id, people(session)))
    )
    for row, person, lot, product in rows:
        yield {
            "id": str(row.id),
            "participant": person,
            "number": row.number,
            "move": row.move,
            "day": row.day,
            "units": float(row.units),
            "lot": lot,
            "formulation": product.formulation,
            "strength_mg": float(product.strength),
        }


def treatments_told(session: Session) -> Iterator[Row]:
    """Yield the doses and other treatments before the trial, by each person's newest telling."""
    known = people(session)
    rows = session.scalars(
        select(ToldHistory)
        .where(among(ToldHistory.participant_id, known))
        .ext(distinct_on(ToldHistory.participant_id))
        .order_by(ToldHistory.participant_id, ToldHistory.number.desc())
    )
    for row in rows:
        person = known[row.participant_id]
        history = remembering.history_of(row)
        for each in history.told:
            yield {
                "id": f"{row.id}/{each.id}",
                "participant": person.code,
                **_told(history, each),
            }
        for number, other in enumerate(history.others, start=1):
            yield {
                "id": f"{row.id}/other/{number}",
                "participant": person.code,
                **_other(other),
            }


def _told(history: History, told: Told) -> Row:
    """Return a change of dose; what was felt then belongs to its outcome."""
    felt = [each.what for each in history.effects if each.during == told.id]
    return {
        "kind": told.kind.value,
        "name": None if told.dose is None else str(told.dose),
        "mg": None if told.dose is None else float(told.dose.mg),
        "first": partial(told.when),
        "outcome": "; ".join(filter(None, [told.why, *felt])) or None,
    }


def _other(other: OtherTreatment) -> Row:
    return {
        "kind": "other",
        "name": other.what,
        "first": partial(other.began),
        "last": partial(other.ended),
        "outcome": other.why_ended or None,
    }
