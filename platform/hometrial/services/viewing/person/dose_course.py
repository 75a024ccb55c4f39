"""A person's drug as a page shows it: what stands, what comes next, each day planned and taken, every event, the stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import (
    DoseEvent,
    Lot,
    Participant,
    Product,
    SupplyCount,
    SupplyMovement,
)
from hometrial.protocol.dosing import plan
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.days import DoseDay
from hometrial.protocol.dosing.refusing import DoseRefusedError
from hometrial.protocol.dosing.standing import State
from hometrial.protocol.dosing.titrating import Against
from hometrial.services.dosing import accounting, recording, reporting, stepping, storing, today
from hometrial.services.dosing.accounting import Stock
from hometrial.services.dosing.recording import Chart
from hometrial.services.dosing.reporting import DoseReport
from hometrial.services.dosing.today import Today

DAYS_PER_PAGE = 42


@dataclass(frozen=True)
class Ahead:
    """A stretch of the plan: ordered, or at the earliest that the plan would come to it."""

    first_on: date
    last_on: date | None
    mg: Decimal | None
    state: str
    step: int | None
    is_ordered: bool


@dataclass(frozen=True)
class EventLine:
    """An event of the drug, and whether a newer one replaces it."""

    row: DoseEvent
    is_replaced: bool


@dataclass(frozen=True)
class DoseCourse:
    """All of a person's drug; `problem`: why nothing can be told of it (before consent, in no arm).

    `report` is None while no day is over. `against`: what speaks against the next step.
    """

    problem: str | None
    today: Today | None = None
    ahead: Sequence[Ahead] = ()
    against: Sequence[Against] = ()
    report: DoseReport | None = None
    days: Sequence[DoseDay] = ()
    events: Sequence[EventLine] = ()
    stock: Stock | None = None
    days_left: int | None = None
    movements: Sequence[tuple[SupplyMovement, Lot]] = ()
    counts: Sequence[tuple[SupplyCount, Lot]] = ()

    @property
    def may_be_ordered(self) -> bool:
        """Whether an order may follow on what stands; nothing follows on the end of the drug."""
        over = (State.ENDED, State.WITHDRAWN)
        return self.today is not None and self.today.standing.state not in over

    @property
    def runs_out_on(self) -> date | None:
        """The first day without enough to take."""
        if self.today is None or self.days_left is None:
            return None
        return self.today.on + timedelta(days=self.days_left)


def course(session: Session, person: Participant, start: int = 0) -> DoseCourse:
    """Return all of a person's drug, its days from the newest on, a page of them."""
    try:
        chart = recording.chart_of(session, person)
        now = today.today(session, person)
    except TrialError as error:
        return DoseCourse(str(error))
    report = _report(session, person)
    newest = tuple(reversed(report.days)) if report else ()
    return DoseCourse(
        None,
        now,
        ahead(chart),
        stepping.against(session, chart) if chart.standing.state is State.ON else (),
        report,
        newest[start : start + DAYS_PER_PAGE],
        _events(session, person),
        accounting.stock_of(session, person),
        accounting.days_left(session, person),
        _moved(session, person),
        _counted(session, person),
    )


def _report(session: Session, person: Participant) -> DoseReport | None:
    try:
        return reporting.report(session, person)
    except reporting.NothingOrderedError:
        return None


def ahead(chart: Chart) -> Sequence[Ahead]:
    """Return what stands from today on and what would follow: steps that nobody has ordered yet at their earliest."""
    spells = [each for each in chart.course.spells if (each.last_on or date.max) >= chart.today]
    ordered = [
        Ahead(
            each.first_on,
            each.last_on,
            each.standing.mg if each.standing.dose else None,
            str(each.standing.state),
            each.standing.step,
            is_ordered=True,
        )
        for each in spells
    ]
    if not chart.course.spells:
        return [_planned(each) for each in plan.planned(chart.terms.plan, chart.today)]
    return [*ordered, *_coming(chart)]


def _coming(chart: Chart) -> Sequence[Ahead]:
    last = chart.course.spells[-1]
    if last.standing.state is not State.ON or last.standing.step is None:
        return []
    try:
        steps = plan.planned_from(chart.terms.plan, last.standing.step, last.first_on)
    except DoseRefusedError:
        return []
    tomorrow = chart.today + timedelta(days=1)
    return [_planned(each, not_before=tomorrow) for each in steps[1:]]


def _planned(each: plan.PlannedStep, not_before: date = date.min) -> Ahead:
    return Ahead(
        max(each.first_on, not_before),
        each.last_on,
        each.step.mg,
        str(State.ON),
        each.step.number,
        is_ordered=False,
    )


def _events(session: Session, person: Participant) -> Sequence[EventLine]:
    rows = storing.rows_of(session, person.id)
    replaced = {row.corrects for row in rows}
    return [EventLine(row, row.number in replaced) for row in reversed(rows)]


def event(session: Session, person: Participant, number: int) -> DoseEvent | None:
    """Return a person's event by its number, unless another replaces it."""
    for line in _events(session, person):
        if line.row.number == number and not line.is_replaced:
            return line.row
    return None


def _moved(session: Session, person: Participant) -> Sequence[tuple[SupplyMovement, Lot]]:
    rows = session.execute(
        select(SupplyMovement, Lot)
        .join(Lot, Lot.id == SupplyMovement.lot_id)
        .where(SupplyMovement.participant_id == person.id)
        .order_by(SupplyMovement.number.desc())
    )
    return [(row, lot) for row, lot in rows]


def _counted(session: Session, person: Participant) -> Sequence[tuple[SupplyCount, Lot]]:
    rows = session.execute(
        select(SupplyCount, Lot)
        .join(Lot, Lot.id == SupplyCount.lot_id)
        .where(SupplyCount.participant_id == person.id)
        .order_by(SupplyCount.number.desc())
    )
    return [(row, lot) for row, lot in rows]


def lots(session: Session) -> list[tuple[str, str]]:
    """Return every lot there is by its code, with what it holds and its last day."""
    rows = session.execute(
        select(Lot, Product)
        .join(Product, Product.id == Lot.product_id)
        .order_by(Lot.use_by.desc(), Lot.code)
    )
    return [
        (lot.code, f"{lot.code}: {product.name}, {written(product.strength)} mg, to {lot.use_by}")
        for lot, product in rows
    ]
