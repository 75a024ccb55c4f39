"""Where each unit is, what does not add up, who was given a lot, and how long a person's drug lasts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Lot, Participant, Product, SupplyCount, SupplyMovement
from hometrial.protocol.dosing import lasting, supply
from hometrial.protocol.dosing.amounts import DayDose, Form, Formulation, Part, written
from hometrial.protocol.dosing.composing import packed
from hometrial.protocol.dosing.events import Intake
from hometrial.protocol.dosing.lasting import OnHand
from hometrial.protocol.dosing.supply import Move, Movement, Recalled
from hometrial.services import working
from hometrial.services.dosing import footing, storing

WORK = "accountability"


def movement_of(row: SupplyMovement, lot: Lot) -> Movement:
    """Return a row as the pure model takes it."""
    return Movement(
        id=f"movement {row.number}",
        move=Move[row.move.upper()],
        lot=lot.code,
        units=row.units,
        on=row.day,
        place=row.place,
        by=row.by,
        participant=None if row.participant_id is None else str(row.participant_id),
    )


def movements(session: Session, lot: Lot | None = None) -> tuple[Movement, ...]:
    """Return all movements in order, or those of one lot."""
    query = select(SupplyMovement, Lot).join(Lot).order_by(SupplyMovement.number)
    if lot is not None:
        query = query.where(SupplyMovement.lot_id == lot.id)
    return tuple(movement_of(row, of) for row, of in session.execute(query))


def recall(session: Session, lot: Lot) -> tuple[Recalled, ...]:
    """Return everybody who was ever given a lot, by pseudonym, in one query; what may be left does not count doses."""
    given = SupplyMovement.move == "dispensed"
    back = SupplyMovement.move.in_(["returned", "lost"])
    units = func.coalesce(func.sum(SupplyMovement.units).filter(given), 0)
    gone = func.coalesce(func.sum(SupplyMovement.units).filter(back), 0)
    rows = session.execute(
        select(Participant.code, units, units - gone, func.max(SupplyMovement.day).filter(given))
        .join(Participant, Participant.id == SupplyMovement.participant_id)
        .where(SupplyMovement.lot_id == lot.id)
        .group_by(Participant.code)
        .order_by(Participant.code)
    )
    return tuple(Recalled(*row) for row in rows)


@dataclass(frozen=True)
class Stock:
    """What a person ought to have by lot, and the milligrams told as taken that no lot explains."""

    on_hand: tuple[OnHand, ...]
    unexplained: Decimal


def stock_of(session: Session, person: Participant) -> Stock:
    """Return what a person ought to have: what was dispensed without what came back, was lost or taken.

    A dose of which nobody said the lot was of what is used first, of the fewest capsules.
    """
    forms = {each.id: each for each in _forms(session, person)}
    held = list(_held(session, person))
    left = Decimal(0)
    for intake in sorted(storing.course_of(session, person).intakes, key=lambda each: each.on):
        if intake.oral:
            left += _use(held, intake, forms[intake.formulation])
    return Stock(tuple(held), left)


def _forms(session: Session, person: Participant) -> tuple[Formulation, ...]:
    return footing.footing_of(session, person).terms(sensitive=False).formulations


def _held(session: Session, person: Participant) -> Iterable[OnHand]:
    rows = session.execute(
        select(Lot, Product)
        .join(Product, Product.id == Lot.product_id)
        .where(
            Lot.id.in_(
                select(SupplyMovement.lot_id).where(SupplyMovement.participant_id == person.id)
            )
        )
        .order_by(Lot.use_by, Lot.code)
    ).all()
    for lot, product in rows:
        balance = supply.participant_balance(movements(session, lot), (), str(person.id), lot.code)
        kind = supply.Lot(lot.code, product.formulation, product.strength, lot.use_by)
        yield OnHand(kind, balance.on_hand)


def _use(held: list[OnHand], intake: Intake, form: Formulation) -> Decimal:
    """Take a dose from what is held; return the milligrams that it does not explain."""
    mg = intake.oral
    places = [
        place
        for place, each in enumerate(held)
        if each.lot.formulation == form.id and intake.lot in (None, each.lot.id)
    ]
    if form.form is Form.LIQUID:
        return _pour(held, places, mg)
    stock: dict[Decimal, int] = {}
    for place in places:
        strength = held[place].lot.strength
        stock[strength] = stock.get(strength, 0) + int(held[place].units)
    needed = packed(DayDose((Part(mg),)), stock, form.most_at_once)
    if needed is None:
        return mg
    for strength, count in needed[0].items():
        same = [place for place in places if held[place].lot.strength == strength]
        _take(held, same, Decimal(count))
    return Decimal(0)


def _pour(held: list[OnHand], places: Iterable[int], mg: Decimal) -> Decimal:
    for place in places:
        taken = min(mg, held[place].units * held[place].lot.strength)
        held[place] = replace(
            held[place], units=held[place].units - taken / held[place].lot.strength
        )
        mg -= taken
    return mg


def _take(held: list[OnHand], places: Iterable[int], units: Decimal) -> None:
    for place in places:
        taken = min(units, held[place].units)
        held[place] = replace(held[place], units=held[place].units - taken)
        units -= taken


def days_left(session: Session, person: Participant) -> int | None:
    """Return for how many days, from today on, a person's drug makes the dose that stands; None without one."""
    stands_on = footing.footing_of(session, person)
    today = stands_on.local(clock.now()).date()
    dose = storing.course_of(session, person).standing_on(today).dose
    if dose is None:
        return None
    form = stands_on.terms(sensitive=False).formulation(dose.formulation)
    return lasting.days_left(dose, form, stock_of(session, person).on_hand, today)


@dataclass(frozen=True)
class Fault:
    """Something that does not add up: of which person (pseudonym) or place, and how.

    `subject` tells it from the other faults of the same; `person`: whose it is, None: of the study.
    """

    of: str
    says: str
    subject: str
    person: UUID | None = None


def check(session: Session) -> tuple[Fault, ...]:
    """Return what does not add up.

    Units that were never there, lots past their day, counts that were not what ought to be there, doses that
    nobody dispensed.
    """
    book = movements(session)
    return (*_of_places(session, book), *_of_counts(session), *_of_people(session))


def _of_places(session: Session, book: tuple[Movement, ...]) -> Iterable[Fault]:
    last_days: dict[str, date] = {lot.code: lot.use_by for lot in session.scalars(select(Lot))}
    today = clock.now().date()
    for place, lot in sorted({(each.place, each.lot) for each in book}):
        balance = supply.place_balance(book, place, lot)
        short = min(balance.on_hand, balance.quarantined, balance.returned)
        if short < 0:
            says = f"lot {lot}: {written(-short)} units more went than there were"
            yield Fault(place, says, f"{place}/{lot}/gone")
        if last_days[lot] < today and balance.on_hand > 0:
            says = f"lot {lot}: {written(balance.on_hand)} units are past {last_days[lot]}"
            yield Fault(place, says, f"{place}/{lot}/past")


def _of_counts(session: Session) -> Iterable[Fault]:
    """Yield of each lot and place the newest count if it was not what ought to be there."""
    newest = (
        select(Lot.code, SupplyCount)
        .join(Lot, Lot.id == SupplyCount.lot_id)
        .where(SupplyCount.place.is_not(None))
        .ext(distinct_on(SupplyCount.lot_id, SupplyCount.place))
        .order_by(SupplyCount.lot_id, SupplyCount.place, SupplyCount.number.desc())
    )
    for lot, row in sorted(session.execute(newest), key=lambda each: (each[1].place, each[0])):
        if row.counted != row.expected:
            says = (
                f"lot {lot}: {written(row.counted)} units were counted on {row.day},"
                f" {written(row.expected)} ought to be there; count again once it is put right"
            )
            yield Fault(str(row.place), says, f"{row.place}/{lot}/counted")


def _of_people(session: Session) -> Iterable[Fault]:
    given = select(SupplyMovement.participant_id).where(SupplyMovement.participant_id.is_not(None))
    people = session.scalars(
        select(Participant).where(Participant.id.in_(given)).order_by(Participant.code)
    )
    for person in people.all():
        stock = stock_of(session, person)
        if stock.unexplained > 0:
            says = f"{written(stock.unexplained)} mg were told as taken that were not dispensed"
            yield Fault(person.code, says, "unexplained", person.id)
        for each in stock.on_hand:
            if each.units < 0:
                says = f"lot {each.lot.id}: {written(-each.units)} units too many gone"
                yield Fault(person.code, says, f"{each.lot.id}/gone", person.id)


def watch(session: Session) -> int:
    """Keep one open item for each thing that does not add up, and close those that do; return how many are open."""
    faults = {(each.person, each.subject): each for each in check(session)}
    for (person, subject), each in faults.items():
        working.open_item(session, person, WORK, subject, f"{each.of}: {each.says}")
    for line in working.open_items(session):
        item = line.item
        if item.kind == WORK and (item.participant_id, item.subject) not in faults:
            working.close_items(
                session, item.participant_id, WORK, item.subject, because="it adds up now"
            )
    return len(faults)
